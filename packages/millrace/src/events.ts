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

let slotsOf: (target: TypedEventTarget<object>) => Map<string, HandlerSlot>;
let heardOf: (target: TypedEventTarget<object>) => string[];

/** @typeParam Events the event of each type, such as `{ open: Event }` */
export class TypedEventTarget<Events extends object> extends EventTarget {
  #handlers: Map<string, HandlerSlot> | undefined;
  /** Types that anybody has ever listened to. */
  readonly #heard: string[] = [];

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
    noteHeard(this, type);
    super.addEventListener(type, listener as EventListener, options as AddEventListenerOptions);
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
  }

  // Not a method: what others see of an object is what W3C lists.
  static {
    slotsOf = (target) => (target.#handlers ??= new Map());
    heardOf = (target) => target.#heard;
  }
}

/** False if nobody can hear an event of `type`: it need not be made. */
export function isHeard(target: TypedEventTarget<object>, type: string): boolean {
  return heardOf(target).includes(type);
}

function noteHeard(target: TypedEventTarget<object>, type: string): void {
  const heard = heardOf(target);
  if (!heard.includes(type)) heard.push(type);
}

interface HandlerSlot {
  handler: (event: never) => unknown;
  readonly listener: EventListener;
}

/** The function in the `on...` attribute for `type`. */
export function handlerOf<E>(target: TypedEventTarget<object>, type: string): Handler<E> {
  return (slotsOf(target).get(type)?.handler as Handler<E> | undefined) ?? null;
}

/**
 * Sets the `on...` attribute for `type`; what is no function counts as null. HTML, event handlers: a handler stands
 * in line where the first was set, until it is set to null.
 */
export function setHandler(target: TypedEventTarget<object>, type: string, value: unknown): void {
  const slots = slotsOf(target);
  const slot = slots.get(type);
  if (typeof value !== 'function') {
    if (slot) EventTarget.prototype.removeEventListener.call(target, type, slot.listener);
    slots.delete(type);
  } else if (slot) {
    slot.handler = value as HandlerSlot['handler'];
  } else {
    const fresh: HandlerSlot = {
      handler: value as HandlerSlot['handler'],
      listener: (event) => void fresh.handler.call(target, event as never),
    };
    slots.set(type, fresh);
    noteHeard(target, type);
    EventTarget.prototype.addEventListener.call(target, type, fresh.listener);
  }
}
