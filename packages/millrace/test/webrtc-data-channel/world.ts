// Two sides with RTCDataChannels over real data channels and associations, on a virtual clock. Sides A and B stand
// for two connections: what a peer connection does for channels is done here by hand.
import { type ChannelsSink, DataChannels } from '@millrace/datachannel';
import type { Core, Millis } from '@millrace/sans-io';
import { Pair, SeededRandom, type WireOptions } from '@millrace/sans-io/testing';
import { SctpAssociation, type SctpOptions } from '@millrace/sctp';
import { ChannelBridge } from '../../src/data-channel/bridge.ts';
import { parseDataChannelInit, type RTCDataChannelInit } from '../../src/data-channel/init.ts';
import type { RTCDataChannel } from '../../src/data-channel/rtc-data-channel.ts';
import { queueTask } from '../../src/task-queue.ts';

export interface WorldOptions {
  readonly wire?: WireOptions;
  readonly sctp?: Partial<SctpOptions>;
  /** Longest message either side may send. */
  readonly maxMessageSize?: number;
}

export class Side implements Core<ChannelsSink> {
  readonly association: SctpAssociation;
  readonly channels: DataChannels;
  readonly bridge: ChannelBridge;
  /** Channels of the other side, as the `datachannel` event would bring them. */
  readonly incoming: RTCDataChannel[] = [];
  /** Called for each of them in a task, as a listener of `datachannel` would be. */
  ondatachannel: (channel: RTCDataChannel) => unknown = () => {};
  /** How often the driver was asked to flush. */
  wakes = 0;
  #now: Millis = 0;

  constructor(role: 'client' | 'server', seed: number, options: WorldOptions) {
    this.association = new SctpAssociation({
      random: new SeededRandom(seed),
      cookieMac: (bytes) => bytes.slice(0, 16),
      ...options.sctp,
    });
    const maxMessageSize = options.maxMessageSize ?? 262_144;
    this.channels = new DataChannels({ association: this.association, dtlsRole: role, maxMessageSize });
    this.bridge = new ChannelBridge({
      channels: this.channels,
      now: () => this.#now,
      wake: () => void this.wakes++,
      onChannel: (channel) => queueTask(this.#announce, channel),
    });
  }

  create(label = '', init?: RTCDataChannelInit): RTCDataChannel {
    return this.bridge.open(parseDataChannelInit(label, init));
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    this.#now = now;
    this.association.receive(bytes, at, end, now);
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    this.#now = now;
    return this.association.transmit(out, at, end, now);
  }

  deadline(): Millis {
    return this.association.deadline();
  }

  expire(now: Millis): void {
    this.#now = now;
    this.association.expire(now);
  }

  drain(sink: ChannelsSink): boolean {
    return this.channels.drain(sink, this.#now);
  }

  readonly #announce = (channel: RTCDataChannel): void => {
    this.incoming.push(channel);
    this.ondatachannel(channel);
  };
}

export class World {
  readonly a: Side;
  readonly b: Side;
  readonly pair: Pair<ChannelsSink>;

  constructor(options: WorldOptions = {}) {
    this.a = new Side('client', 1, options);
    this.b = new Side('server', 2, options);
    this.pair = new Pair<ChannelsSink>({
      a: this.a,
      b: this.b,
      sinkA: this.a.bridge,
      sinkB: this.b.bridge,
      ...(options.wire ? { wire: options.wire } : {}),
    });
  }

  connect(): void {
    this.a.association.connect(this.pair.now);
    this.b.association.connect(this.pair.now);
  }

  /** Lets virtual time pass in steps of at most `step`, with all tasks run after each. */
  async run(duration: Millis = 1_000, step: Millis = 10): Promise<void> {
    const end = this.pair.now + duration;
    while (this.pair.now < end) {
      this.pair.run(Math.min(step, end - this.pair.now));
      await tasks();
    }
  }

  /** Runs until `promise` settles. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    for (let step = 0; !isSettled; step++) {
      if (step > 20_000) throw new Error('nothing settled it');
      await this.run(10);
    }
    return promise;
  }
}

/** Lets every task and microtask that is queued run. Many tasks need the turn behind this one. */
export function tasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** A connected world with one channel open on both sides. */
export async function openWorld(
  init?: RTCDataChannelInit,
  options?: WorldOptions,
): Promise<{ world: World; here: RTCDataChannel; there: RTCDataChannel }> {
  const world = new World(options);
  const here = world.a.create('x', init);
  world.connect();
  await world.run(500);
  const there = world.b.incoming[0];
  if (there === undefined) throw new Error('the channel did not open');
  return { world, here, there };
}

/** The types of the events that `target` fires from now on. */
export function eventsOf(target: RTCDataChannel): string[] {
  const types = ['open', 'message', 'bufferedamountlow', 'error', 'closing', 'close'];
  const seen: string[] = [];
  for (const type of types)
    target.addEventListener(type, (event) => {
      seen.push(event instanceof MessageEvent ? `message ${String(event.data)}` : event.type);
    });
  return seen;
}
