// What client and server tell each other, on a channel of its own, as JSON:
//
//   client                                     server
//   hello { protocol, role }              ->
//                                         <-   hello { protocol, role }, and wait {} while another is served
//   plan { seconds, size, ... }           ->
//                                         <-   accept {} or refuse { reason }
//   (opens the channels)
//                                         <-   begin {}, when all of them are there
//
// and then, each way as far as there is load: `interval` (what has arrived in a second), `sent` (the load is over),
// `received` (all of it is here), and at last `facts`, first the client's.
import { EXIT, Failure } from '@millrace/example-send-file/failure';
import type { RTCDataChannel } from 'millrace';

export const PROTOCOL = 1;

export type Role = 'client' | 'server';
export type Message = Readonly<Record<string, unknown>>;

export class Control {
  readonly #channel: RTCDataChannel;
  readonly #messages: AsyncIterator<unknown>;

  /** Make it as soon as the channel exists: nothing that is said is missed. */
  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
    this.#messages = channel[Symbol.asyncIterator]();
  }

  /** Throws if the connection is gone. */
  async say(type: string, members: Message = {}): Promise<void> {
    try {
      await this.#channel.ready;
      this.#channel.send(JSON.stringify({ ...members, type }));
    } catch (cause) {
      throw lost(cause);
    }
  }

  async next(): Promise<Message> {
    let next: IteratorResult<unknown>;
    try {
      next = await this.#messages.next();
    } catch (cause) {
      throw lost(cause);
    }
    if (next.done) throw lost();
    return parse(next.value);
  }

  /** The next message, which must be of one of these types. */
  async expect(types: readonly string[]): Promise<Message> {
    const message = await this.next();
    if (types.includes(String(message.type))) return message;
    if (message.type === 'refuse')
      throw new Failure(`the server refuses: ${printable(message.reason)}`, EXIT.refused);
    throw unexpected();
  }

  /** Once everything said has arrived, or the other side is gone. */
  async close(): Promise<void> {
    this.#channel.close();
    await this.#channel.closed.catch(() => {});
  }
}

/** A member that must be a number, 0 or more. */
export function numberIn(message: Message, member: string): number {
  const value = message[member];
  if (typeof value !== 'number' || !(value >= 0 && Number.isFinite(value))) throw unexpected();
  return value;
}

export function objectIn(message: Message, member: string): Message {
  const value = message[member];
  if (typeof value !== 'object' || value === null) throw unexpected();
  return value as Message;
}

export const unexpected = (): Failure => new Failure('the other side does not speak this protocol');

function parse(text: unknown): Message {
  try {
    const message: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    if (typeof message === 'object' && message !== null) return message as Message;
  } catch {
    // falls through: not JSON
  }
  throw unexpected();
}

/** What the other side says ends up on a terminal. */
function printable(reason: unknown): string {
  return String(reason).replace(/\p{C}/gu, '').slice(0, 200);
}

export const lost = (cause?: unknown): Failure =>
  new Failure('the other side has gone before the end', EXIT.failed, { cause });
