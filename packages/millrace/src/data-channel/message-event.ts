// Hot: the MessageEvents of data channels. Node's own cost more than the message's way through all protocols: the
// constructor of MessageEvent converts each field by the rules of WebIDL, that of Event asks for the time, and dispatching
// walks through what options a listener may have. So there are two kinds, both instances of MessageEvent by their prototype:
// an Event that Node dispatches, and a bare one for listeners without options, which are most.
import { inspect } from 'node:util';
import { isPlainListener, type PlainListener, plainListeners } from '../events.ts';
import type { ChannelMessage } from './messages.ts';
import type { RTCDataChannel } from './rtc-data-channel.ts';

/** Fires `message` at `channel`. What listeners throw becomes an uncaught exception each, as of any event. */
export function fireMessage(channel: RTCDataChannel, data: ChannelMessage): void {
  const listeners = plainListeners(channel, 'message');
  if (listeners === undefined) channel.dispatchEvent(new DispatchedMessageEvent(data));
  else if (listeners.length > 0) fireBare(channel, listeners, data);
}

let fireBare: (channel: RTCDataChannel, listeners: readonly PlainListener[], data: ChannelMessage) => void;

/** As Node has it for listeners that are async functions. */
function reportRejection(result: unknown): void {
  const { then } = result as { then?: unknown };
  if (typeof then === 'function') then.call(result, undefined, throwLater);
}

function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

// DOM §2.2.
const PHASE_NONE = 0;
const PHASE_AT_TARGET = 2;
const NO_PORTS: readonly never[] = Object.freeze([]);
/** How far `stopPropagation` and `stopImmediatePropagation` have gone. */
const STOPPED = 1;
const STOPPED_AT_ONCE = 2;

class DispatchedMessageEvent extends Event {
  readonly #data: ChannelMessage;

  constructor(data: ChannelMessage) {
    super('message');
    this.#data = data;
  }

  get data(): ChannelMessage {
    return this.#data;
  }

  get origin(): string {
    return '';
  }

  get lastEventId(): string {
    return '';
  }

  get source(): null {
    return null;
  }

  get ports(): readonly never[] {
    return NO_PORTS;
  }
}

/** Never seen by Event's constructor, so it answers for itself whatever an Event is asked. */
class BareMessageEvent {
  #stopped = 0;
  #isOver = false;
  readonly #target: RTCDataChannel;
  readonly #data: ChannelMessage;
  #timeStamp = -1;

  constructor(target: RTCDataChannel, data: ChannelMessage) {
    this.#target = target;
    this.#data = data;
  }

  get data(): ChannelMessage {
    return this.#data;
  }

  get target(): RTCDataChannel {
    return this.#target;
  }

  get srcElement(): RTCDataChannel {
    return this.#target;
  }

  get currentTarget(): RTCDataChannel | null {
    return this.#isOver ? null : this.#target;
  }

  composedPath(): RTCDataChannel[] {
    return this.#isOver ? [] : [this.#target];
  }

  get eventPhase(): number {
    return this.#isOver ? PHASE_NONE : PHASE_AT_TARGET;
  }

  /** Of the first look at it, which is soon. */
  get timeStamp(): number {
    if (this.#timeStamp < 0) this.#timeStamp = performance.now();
    return this.#timeStamp;
  }

  get type(): string {
    return 'message';
  }

  stopImmediatePropagation(): void {
    this.#stopped = STOPPED_AT_ONCE;
  }

  [inspect.custom](depth: number, options: object, show: typeof inspect): string {
    return depth < 0
      ? 'MessageEvent'
      : `MessageEvent ${show({ type: this.type, data: this.#data }, options)}`;
  }

  // It does not bubble, can't be cancelled, and has nobody to tell its target's ancestors about.

  get bubbles(): boolean {
    return false;
  }

  get cancelable(): boolean {
    return false;
  }

  get composed(): boolean {
    return false;
  }

  get defaultPrevented(): boolean {
    return false;
  }

  get isTrusted(): boolean {
    return false;
  }

  get returnValue(): boolean {
    return true;
  }

  set returnValue(_value: boolean) {}

  get cancelBubble(): boolean {
    return this.#stopped > 0;
  }

  set cancelBubble(isToStop: boolean) {
    if (isToStop) this.stopPropagation();
  }

  stopPropagation(): void {
    this.#stopped ||= STOPPED;
  }

  preventDefault(): void {}

  initEvent(): void {}

  // Not a method: what others see of an event is what DOM lists.
  static {
    fireBare = (channel, listeners, data) => {
      const event = new BareMessageEvent(channel, data);
      for (let i = 0; i < listeners.length && event.#stopped < STOPPED_AT_ONCE; i++) {
        const listener = listeners[i]!;
        // DOM §2.9: one that has been removed by one before it is not called.
        if (i > 0 && !isPlainListener(channel, 'message', listener)) continue;
        try {
          const result = listener.call(channel, event);
          if (result !== undefined && result !== null) reportRejection(result);
        } catch (error) {
          throwLater(error);
        }
      }
      event.#isOver = true;
    };
  }
}

// The fields that every channel's message has alike.
const { origin, lastEventId, source, ports } = Object.getOwnPropertyDescriptors(
  DispatchedMessageEvent.prototype,
);
Object.defineProperties(BareMessageEvent.prototype, { origin, lastEventId, source, ports });
for (const { prototype } of [DispatchedMessageEvent, BareMessageEvent]) {
  Reflect.deleteProperty(prototype, 'constructor');
  Object.setPrototypeOf(prototype, MessageEvent.prototype);
}
