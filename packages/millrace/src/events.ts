// Events and their targets as the W3C surface has them: EventTarget with typed listeners and `on...` attributes.

/** `on...` attributes take and give a function or null. */
export type Handler<E> = ((event: E) => unknown) | null;

type Listener<Target, E> = ((this: Target, event: E) => unknown) | { handleEvent(event: E): unknown } | null;

/** The second argument of an event's constructor. */
export interface EventOptions {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly composed?: boolean;
}

interface ListenOptions {
  readonly capture?: boolean;
  readonly once?: boolean;
  readonly passive?: boolean;
  readonly signal?: AbortSignal;
}

/** A listener that is a function and was added without options. */
export type PlainListener = (this: unknown, event: unknown) => unknown;

/** What is known of a type that anybody has ever listened to. */
interface Heard {
  readonly type: string;
  /** Its listeners, in order, never changed in place; undefined once one was added that is not plain. */
  plain: readonly PlainListener[] | undefined;
  /** What the `on...` attribute holds, and the listener that calls it. */
  handler: ((event: never) => unknown) | undefined;
  listener: EventListener | undefined;
}

const NONE: readonly PlainListener[] = [];

let heardOf: (target: TypedEventTarget<object>) => readonly Heard[];
let addHeard: (target: TypedEventTarget<object>, type: string) => Heard;

/** @typeParam Events the event of each type, such as `{ open: Event }` */
export class TypedEventTarget<Events extends object> extends EventTarget {
  #heard: readonly Heard[] = [];

  override addEventListener<K extends keyof Events & string>(
    type: K,
    listener: Listener<this, Events[K]>,
    options?: boolean | ListenOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: Listener<this, Event>,
    options?: boolean | ListenOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: Listener<this, never>,
    options?: boolean | ListenOptions,
  ): void {
    super.addEventListener(type, listener as EventListener, options as AddEventListenerOptions);
    noteAdded(this, type, listener, options);
  }

  override removeEventListener<K extends keyof Events & string>(
    type: K,
    listener: Listener<this, Events[K]>,
    options?: boolean | { readonly capture?: boolean },
  ): void;
  override removeEventListener(
    type: string,
    listener: Listener<this, Event>,
    options?: boolean | { readonly capture?: boolean },
  ): void;
  override removeEventListener(
    type: string,
    listener: Listener<this, never>,
    options?: boolean | { readonly capture?: boolean },
  ): void {
    super.removeEventListener(type, listener as EventListener, options as EventListenerOptions);
    const isCapture = typeof options === 'object' && options !== null ? options.capture : options;
    if (!isCapture) noteRemoved(this, type, listener);
  }

  // Not a method: what others see of an object is what W3C lists.
  static {
    heardOf = (target) => target.#heard;
    addHeard = (target, type) => {
      const heard = { type, plain: NONE, handler: undefined, listener: undefined };
      target.#heard = target.#heard.concat(heard); // which, unlike push, takes room for no more
      return heard;
    };
  }
}

/** False if nobody can hear an event of `type`: it need not be made. */
export function isHeard(target: TypedEventTarget<object>, type: string): boolean {
  return find(target, type) !== undefined;
}

/** Fires a plain event at `target`; it is made only if somebody can hear it. */
export function fire(target: TypedEventTarget<object>, type: string): void {
  if (isHeard(target, type)) target.dispatchEvent(new Event(type));
}

/**
 * All listeners of `type`, if none of them has options or is an object: then they can be called one after the other,
 * without Node's dispatching. Undefined if not.
 */
export function plainListeners(
  target: TypedEventTarget<object>,
  type: string,
): readonly PlainListener[] | undefined {
  const heard = find(target, type);
  return heard === undefined ? NONE : heard.plain;
}

/** Whether `listener` is among them still. */
export function isPlainListener(
  target: TypedEventTarget<object>,
  type: string,
  listener: PlainListener,
): boolean {
  const heard = find(target, type);
  return heard?.plain === undefined || heard.plain.includes(listener);
}

function find(target: TypedEventTarget<object>, type: string): Heard | undefined {
  const heard = heardOf(target);
  for (let i = 0; i < heard.length; i++) if (heard[i]!.type === type) return heard[i];
  return undefined;
}

function noteAdded(
  target: TypedEventTarget<object>,
  type: string,
  listener: unknown,
  options: unknown,
): void {
  if (listener === null || listener === undefined) return;
  const heard = find(target, type) ?? addHeard(target, type);
  const isPlain = typeof listener === 'function' && (options === undefined || options === false);
  if (!isPlain) heard.plain = undefined;
  else if (heard.plain !== undefined && !heard.plain.includes(listener as PlainListener))
    heard.plain = heard.plain.concat(listener as PlainListener);
}

function noteRemoved(target: TypedEventTarget<object>, type: string, listener: unknown): void {
  const heard = find(target, type);
  if (heard?.plain !== undefined) heard.plain = heard.plain.filter((other) => other !== listener);
}

/** The function in the `on...` attribute for `type`. */
export function handlerOf<E>(target: TypedEventTarget<object>, type: string): Handler<E> {
  return (find(target, type)?.handler as Handler<E> | undefined) ?? null;
}

/**
 * Sets the `on...` attribute for `type`; what is no function counts as null. HTML, event handlers: a handler stands
 * in line where the first was set, until it is set to null.
 */
export function setHandler(target: TypedEventTarget<object>, type: string, value: unknown): void {
  const heard = find(target, type);
  if (typeof value !== 'function') {
    if (heard?.listener === undefined) return;
    EventTarget.prototype.removeEventListener.call(target, type, heard.listener);
    noteRemoved(target, type, heard.listener);
    heard.handler = undefined;
    heard.listener = undefined;
  } else if (heard?.listener !== undefined) {
    heard.handler = value as Heard['handler'];
  } else {
    const fresh = heard ?? addHeard(target, type);
    const listener: EventListener = (event) => void fresh.handler?.call(target, event as never);
    fresh.handler = value as Heard['handler'];
    fresh.listener = listener;
    EventTarget.prototype.addEventListener.call(target, type, listener);
    noteAdded(target, type, listener, undefined);
  }
}
