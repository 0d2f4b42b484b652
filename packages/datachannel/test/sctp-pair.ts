// Two sides of data channels over two real associations, on a virtual clock and a seeded wire.
import { type Channel, type ChannelsSink, DataChannels } from '@millrace/datachannel';
import type { Core, Millis } from '@millrace/sans-io';
import { Pair, SeededRandom, type WireOptions } from '@millrace/sans-io/testing';
import { SctpAssociation, type SctpOptions } from '@millrace/sctp';
import { ChannelRecorder } from './channel-pair.ts';

/** One endpoint: an association with its channels, as the core that a driver sees. */
export class SctpSide implements Core<ChannelsSink> {
  readonly association: SctpAssociation;
  readonly channels: DataChannels;
  readonly seen: ChannelRecorder = new ChannelRecorder();
  #now: Millis = 0;

  constructor(role: 'client' | 'server', seed: number, options: Partial<SctpOptions>) {
    this.association = new SctpAssociation({
      random: new SeededRandom(seed),
      cookieMac: (bytes) => bytes.slice(0, 16),
      ...options,
    });
    this.channels = new DataChannels({
      association: this.association,
      dtlsRole: role,
      maxMessageSize: 262_144,
    });
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

  send(channel: Channel, message: Uint8Array | string): number {
    return this.channels.send(channel, message, this.#now);
  }

  close(channel: Channel): void {
    this.channels.close(channel, this.#now);
  }
}

export interface SctpPair {
  readonly a: SctpSide;
  readonly b: SctpSide;
  readonly pair: Pair<ChannelsSink>;
}

export interface SctpPairOptions {
  readonly seed?: number;
  readonly wire?: WireOptions;
  readonly both?: Partial<SctpOptions>;
  /** Who begins. Default 'both'. */
  readonly connect?: 'both' | 'a';
}

/** The associations connect; a is the DTLS client. */
export function sctpPair({
  seed = 1,
  wire = {},
  both = {},
  connect = 'both',
}: SctpPairOptions = {}): SctpPair {
  const a = new SctpSide('client', seed * 2, both);
  const b = new SctpSide('server', seed * 2 + 1, both);
  const pair = new Pair<ChannelsSink>({ a, b, sinkA: a.seen, sinkB: b.seen, seed, wire });
  a.association.connect(0);
  if (connect === 'both') b.association.connect(0);
  return { a, b, pair };
}
