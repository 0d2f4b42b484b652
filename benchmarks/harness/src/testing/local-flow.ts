// Two ends of a connection in one process, for flows: messages arrive in a later turn of the event loop.
import type { Channel, Connection, Flow, FlowContext, Measurement, Settings } from '../index.ts';

class LocalChannel implements Channel {
  readonly label: string;
  readonly reportsLow = true;
  bufferedAmount = 0;
  other!: LocalChannel;
  /** How many messages are lost out of a hundred. */
  loss = 0;
  sent = 0;
  #handler: (message: Uint8Array) => void = () => {};
  #low: { readonly threshold: number; readonly handler: () => void } | undefined;

  constructor(label: string) {
    this.label = label;
  }

  send(bytes: Uint8Array): void {
    this.bufferedAmount += bytes.length;
    const isLost = this.sent++ % 100 < this.loss;
    setImmediate(() => {
      this.bufferedAmount -= bytes.length;
      if (!isLost) this.other.#handler(bytes);
      if (this.#low !== undefined && this.bufferedAmount <= this.#low.threshold) this.#low.handler();
    });
  }

  onMessage(handler: (message: Uint8Array | ArrayBuffer) => void): void {
    this.#handler = handler;
  }

  onLow(threshold: number, handler: () => void): void {
    this.#low = { threshold, handler };
  }
}

/** Runs both sides of a flow here and joins what they measure. */
export async function runLocally(flow: Flow, settings: Settings, loss = 0): Promise<Measurement> {
  const told = { offerer: new Mailbox(), answerer: new Mailbox() };
  const waiting: Array<readonly LocalChannel[]> = [];
  const accepting: Array<() => void> = [];
  const context = (own: Mailbox, other: Mailbox): FlowContext => ({
    settings,
    tell: (value) => other.put(value),
    heard: () => own.take(),
    startCosts() {},
    connect: async (options = [{}]) => {
      const near = options.map((_, i) => new LocalChannel(String(i)));
      const far = options.map((_, i) => new LocalChannel(String(i)));
      for (const [i, channel] of near.entries()) {
        channel.other = far[i]!;
        far[i]!.other = channel;
        channel.loss = loss;
      }
      waiting.push(far);
      accepting.shift()?.();
      return connectionOf(near);
    },
    accept: async () => {
      if (waiting.length === 0) await new Promise<void>((resolve) => void accepting.push(resolve));
      return connectionOf(waiting.shift()!);
    },
  });
  const [offered, answered] = await Promise.all([
    flow.offerer(context(told.offerer, told.answerer)),
    flow.answerer(context(told.answerer, told.offerer)),
  ]);
  return { ...offered, ...answered };
}

function connectionOf(channels: readonly Channel[]): Connection {
  return { channel: channels[0]!, channels, openedAfter: 1, phases: { offer: 0.25, channel: 1 }, close() {} };
}

class Mailbox {
  readonly #values: number[] = [];
  readonly #waiting: Array<(value: number) => void> = [];

  put(value: number): void {
    const waiter = this.#waiting.shift();
    if (waiter) waiter(value);
    else this.#values.push(value);
  }

  take(): Promise<number> {
    const value = this.#values.shift();
    return value === undefined
      ? new Promise((resolve) => void this.#waiting.push(resolve))
      : Promise.resolve(value);
  }
}
