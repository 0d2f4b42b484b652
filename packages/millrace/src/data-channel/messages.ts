// What a message is to the application: a string, or bytes as `binaryType` has them, in a MessageEvent.

export type BinaryType = 'blob' | 'arraybuffer';
/**
 * What `binaryType` may be set to. `uint8array` is ours: an ArrayBuffer of its own for each message costs more than
 * all the protocols do for a short one (docs/performance.md).
 */
export type BinaryForm = BinaryType | 'uint8array';
export type ChannelMessage = string | ArrayBuffer | Uint8Array<ArrayBuffer> | Blob;

/** `message` is handed over. */
export function present(message: Uint8Array | string, form: BinaryForm): ChannelMessage {
  if (typeof message === 'string') return message;
  if (form === 'uint8array') return message as Uint8Array<ArrayBuffer>;
  if (form === 'blob') return new Blob([message as Uint8Array<ArrayBuffer>]);
  const { buffer, byteOffset, byteLength } = message;
  if (byteLength === buffer.byteLength) return buffer as ArrayBuffer;
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

const NO_PORTS: readonly never[] = Object.freeze([]);

/**
 * A MessageEvent that costs a tenth of Node's own, whose constructor converts each field by the rules of WebIDL.
 * It is an instance of MessageEvent by its prototype.
 */
class ChannelMessageEvent extends Event {
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
Object.setPrototypeOf(ChannelMessageEvent.prototype, MessageEvent.prototype);

export function messageEvent(data: ChannelMessage): MessageEvent {
  return new ChannelMessageEvent(data) as unknown as MessageEvent;
}
