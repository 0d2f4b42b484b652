// What the two ends of a file transfer say beside the bytes: JSON, one object a message, and the ways in which a
// conversation ends too early.
import { EXIT, Failure } from './failure.ts';

/** What is needed of an RTCDataChannel. */
export interface FileChannel {
  readonly ready: Promise<unknown>;
  send(message: string): void;
  send(message: Uint8Array<ArrayBuffer>): void;
}

export type Control = Readonly<Record<string, unknown>>;

export async function nextControl(incoming: AsyncIterator<unknown>): Promise<Control> {
  const message = await nextMessage(incoming);
  if (typeof message !== 'string') throw unexpected();
  return parseControl(message);
}

export async function nextMessage(incoming: AsyncIterator<unknown>): Promise<string | Uint8Array> {
  let next: IteratorResult<unknown>;
  try {
    next = await incoming.next();
  } catch (cause) {
    throw new ConnectionLost(cause);
  }
  if (next.done) throw new ConnectionLost();
  if (typeof next.value === 'string') return next.value;
  if (next.value instanceof ArrayBuffer) return new Uint8Array(next.value);
  if (next.value instanceof Uint8Array) return next.value;
  throw unexpected();
}

export function parseControl(message: string): Control {
  try {
    const control: unknown = JSON.parse(message);
    if (typeof control === 'object' && control !== null) return control as Control;
  } catch {
    // falls through: not JSON
  }
  throw unexpected();
}

export function expect(control: Control, type: string): Control {
  if (control.type === type) return control;
  const reason = printable(control.reason);
  if (control.type === 'refuse') throw new Failure(`the receiver refuses: ${reason}`, EXIT.refused);
  if (control.type === 'failed') throw new Failure(`the receiver has failed: ${reason}`, failedCode(control));
  if (control.type === 'cancel') throw new Failure(`the sender has given up: ${reason}`);
  if (control.type === 'file') throw new Failure('the other side wants to send, too');
  throw unexpected();
}

const failedCode = ({ isCorrupt }: Control): 4 | 1 => (isCorrupt === true ? EXIT.corrupt : EXIT.failed);

export function giveUp(channel: FileChannel, reason: string): Failure {
  channel.send(JSON.stringify({ type: 'cancel', reason }));
  return new Failure(reason);
}

export async function tell(channel: FileChannel, control: Control): Promise<void> {
  await ready(channel);
  channel.send(JSON.stringify(control));
}

export async function ready(channel: FileChannel): Promise<void> {
  try {
    await channel.ready;
  } catch (cause) {
    throw new ConnectionLost(cause);
  }
}

/** The other side learns why only where that is ours to tell: an error of the file system would name our paths. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Failure)) return 'the file cannot be written';
  return error.exitCode === EXIT.refused ? 'the file exists' : error.message;
}

/** What the other side says ends up on a terminal. */
function printable(reason: unknown): string {
  return String(reason).replace(/\p{C}/gu, '').slice(0, 200);
}

export const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** Nobody has failed: the connection may be made again. */
export class ConnectionLost extends Failure {
  constructor(cause?: unknown) {
    super('the connection was lost before everything had arrived', EXIT.failed, { cause });
  }
}

export const unexpected = (): Failure => new Failure('the other side does not speak this file transfer');
