// A measurement, once both sides have agreed on it and all channels are open. The same on both sides but for who sends.
import { Failure } from '@millrace/example-send-file/failure';
import type { RTCDataChannel, RTCPeerConnection } from 'millrace';
import { type Control, lost, type Message, numberIn, type Role, unexpected } from './control.ts';
import { connectionFacts, engine, readSideFacts, type SideFacts, startCpuMeter } from './facts.ts';
import { type Arrivals, sendLoad } from './load.ts';
import type { Parameters } from './parameters.ts';
import { type Interval, type Rate, type Result, rateOf, SCHEMA } from './result.ts';
import type { Pinger, RoundTrips } from './round-trips.ts';

export interface Measured {
  readonly role: Role;
  readonly connection: RTCPeerConnection;
  readonly control: Control;
  readonly channels: readonly RTCDataChannel[];
  readonly arrivals: Arrivals;
  /** Only on the client. */
  readonly pinger: Pinger | undefined;
}

const INTERVAL = 1000;
/** Seconds of a last interval that is worth a line. */
const MIN_LAST = 0.05;
/** Milliseconds for what is on its way when the load ends, on a slow connection. */
const GRACE = 60_000;

export async function measure(
  measured: Measured,
  parameters: Parameters,
  onInterval: (interval: Interval) => void,
): Promise<Result> {
  const measurement = new Measurement(measured, parameters, onInterval);
  const late = Promise.withResolvers<never>();
  const reason = 'the measurement did not end in time';
  const timer = setTimeout(() => late.reject(new Failure(reason)), parameters.seconds * 1000 + GRACE);
  try {
    return await Promise.race([measurement.run(), late.promise]);
  } finally {
    clearTimeout(timer);
    measurement.stop();
  }
}

class Measurement {
  readonly #measured: Measured;
  readonly #parameters: Parameters;
  readonly #onInterval: (interval: Interval) => void;
  readonly #startedAt = new Date().toISOString();
  readonly #start = performance.now();
  readonly #outgoing: 'up' | 'down';
  readonly #incoming: 'up' | 'down';
  readonly #intervals: Interval[] = [];
  /** What the other side has said. */
  readonly #announced = Promise.withResolvers<number>();
  readonly #delivered = Promise.withResolvers<Rate>();
  readonly #facts = Promise.withResolvers<SideFacts>();
  #ticker: NodeJS.Timeout | undefined;
  #last = { bytes: 0, messages: 0, at: 0 };

  constructor(measured: Measured, parameters: Parameters, onInterval: (interval: Interval) => void) {
    this.#measured = measured;
    this.#parameters = parameters;
    this.#onInterval = onInterval;
    const isClient = measured.role === 'client';
    this.#outgoing = isClient ? 'up' : 'down';
    this.#incoming = isClient ? 'down' : 'up';
  }

  stop(): void {
    clearInterval(this.#ticker);
  }

  async run(): Promise<Result> {
    const { role, pinger } = this.#measured;
    const cpu = startCpuMeter();
    const end = this.#start + this.#parameters.seconds * 1000;
    const listening = this.#listen();
    const work = Promise.all([this.#send(end), this.#receive(), pinger?.run(end) ?? null]);
    const both = Promise.all([work, listening]); // whichever fails first is the reason
    const facts = async (): Promise<
      [SideFacts, SideFacts, [Rate | null, Rate | null, RoundTrips | null]]
    > => {
      const done = await work;
      if (role === 'server') await this.#facts.promise;
      const { transport } = await connectionFacts(this.#measured.connection);
      const own: SideFacts = { cpu: cpu(), transport };
      await this.#measured.control.say('facts', { ...own });
      return [own, await this.#facts.promise, done];
    };
    const [[local, remote, [sent, received, roundTrips]]] = await Promise.all([facts(), both]);
    const { path, security } = await connectionFacts(this.#measured.connection);
    return {
      schema: SCHEMA,
      role,
      startedAt: this.#startedAt,
      parameters: this.#parameters,
      intervals: this.#intervals,
      up: role === 'client' ? sent : received,
      down: role === 'client' ? received : sent,
      roundTrips,
      path,
      security,
      engine: engine(),
      local,
      remote,
    };
  }

  #carries(direction: 'up' | 'down'): boolean {
    return this.#parameters.direction === direction || this.#parameters.direction === 'both';
  }

  async #send(end: number): Promise<Rate | null> {
    if (!this.#carries(this.#outgoing)) return null;
    const { channels, control } = this.#measured;
    const { bytes, messages } = await sendLoad(channels, this.#parameters.size, end).catch((cause) => {
      throw lost(cause);
    });
    await control.say('sent', { bytes, messages });
    return this.#delivered.promise;
  }

  async #receive(): Promise<Rate | null> {
    if (!this.#carries(this.#incoming)) return null;
    const { arrivals, control } = this.#measured;
    this.#ticker = setInterval(() => this.#tick(performance.now()), INTERVAL);
    const end = await arrivals.all(await this.#announced.promise);
    clearInterval(this.#ticker);
    if ((end - this.#start) / 1000 - this.#last.at >= MIN_LAST) this.#tick(end);
    const rate = rateOf(arrivals.bytes, arrivals.messages, (end - this.#start) / 1000);
    await control.say('received', { ...rate });
    return rate;
  }

  /** A second of arrivals is over; the other side is told. */
  #tick(now: number): void {
    const { arrivals, control } = this.#measured;
    const at = (now - this.#start) / 1000;
    const { bytes, messages } = arrivals;
    const rate = rateOf(bytes - this.#last.bytes, messages - this.#last.messages, at - this.#last.at);
    const interval: Interval = { direction: this.#incoming, start: this.#last.at, ...rate };
    this.#last = { bytes, messages, at };
    this.#add(interval);
    control.say('interval', { ...interval }).catch(() => {}); // `#listen` hears of it, too
  }

  #add(interval: Interval): void {
    this.#intervals.push(interval);
    this.#onInterval(interval);
  }

  /** Until the other side has told its facts, which is the last thing it says. */
  async #listen(): Promise<void> {
    while (true) {
      const message = await this.#measured.control.next();
      if (message.type === 'interval') this.#add(this.#readInterval(message));
      else if (message.type === 'sent') this.#announced.resolve(numberIn(message, 'bytes'));
      else if (message.type === 'received') this.#delivered.resolve(readRate(message));
      else if (message.type === 'facts') {
        this.#facts.resolve(readSideFacts(message));
        return;
      } else throw unexpected();
    }
  }

  #readInterval(message: Message): Interval {
    if (this.#intervals.length > 2 * this.#parameters.seconds + GRACE / INTERVAL) throw unexpected();
    return { direction: this.#outgoing, start: numberIn(message, 'start'), ...readRate(message) };
  }
}

function readRate(message: Message): Rate {
  return rateOf(numberIn(message, 'bytes'), numberIn(message, 'messages'), numberIn(message, 'seconds'));
}
