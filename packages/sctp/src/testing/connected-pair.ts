// Two associations on a virtual clock and a seeded wire, connected unless asked otherwise.
import { type Millis, randomBytes, u16, u32 } from '@millrace/sans-io';
import { Pair, SeededRandom, type WireOptions } from '@millrace/sans-io/testing';
import { SctpAssociation } from '../association/association.ts';
import type { SctpOptions } from '../options.ts';
import type { CloseReason, SctpSink } from '../sink.ts';

export interface ConnectedPairOptions {
  readonly seed?: number;
  readonly wire?: WireOptions;
  /** Options of either association; those of both come first. */
  readonly both?: Partial<SctpOptions>;
  readonly a?: Partial<SctpOptions>;
  readonly b?: Partial<SctpOptions>;
  /** Whose `connect` is called before the pair is returned, and run until both are established. Default 'both'. */
  readonly connect?: 'both' | 'a' | 'none';
  /** Sinks in place of the recorders, made once the association exists. */
  readonly sink?: (association: SctpAssociation, side: 'a' | 'b') => SctpSink;
}

export interface ReceivedMessage {
  readonly stream: number;
  readonly ppid: number;
  readonly bytes: Uint8Array;
}

/** A sink that remembers. */
export class Recorder implements SctpSink {
  connected = 0;
  restarted = 0;
  readonly messages: ReceivedMessage[] = [];
  readonly streamsReset: number[][] = [];
  readonly resetDone: number[][] = [];
  readonly resetFailed: number[][] = [];
  readonly dropped: Array<{ stream: number; ppid: number; bytes: number }> = [];
  readonly sent: Map<number, number> = new Map();
  closed: CloseReason | undefined;
  /** Events in the order in which they came, by name. */
  readonly log: string[] = [];

  onConnected(): void {
    this.connected++;
    this.log.push('connected');
  }
  onRestarted(): void {
    this.restarted++;
    this.log.push('restarted');
  }
  onMessage(stream: number, ppid: number, bytes: Uint8Array): void {
    this.messages.push({ stream, ppid, bytes });
    this.log.push(`message ${stream}`);
  }
  onMessageDropped(stream: number, ppid: number, bytes: number): void {
    this.dropped.push({ stream, ppid, bytes });
    this.log.push(`dropped ${stream}`);
  }
  onStreamsReset(streams: readonly number[]): void {
    this.streamsReset.push([...streams]);
    this.log.push(`reset ${streams.join()}`);
  }
  onResetDone(streams: readonly number[]): void {
    this.resetDone.push([...streams]);
    this.log.push(`reset done ${streams.join()}`);
  }
  onResetFailed(streams: readonly number[]): void {
    this.resetFailed.push([...streams]);
    this.log.push(`reset failed ${streams.join()}`);
  }
  onSent(stream: number, bytes: number): void {
    this.sent.set(stream, (this.sent.get(stream) ?? 0) + bytes);
  }
  onClosed(reason: CloseReason): void {
    if (this.closed !== undefined) throw new Error('closed twice');
    this.closed = reason;
    this.log.push(`closed ${reason.code}`);
  }
}

/** One chunk seen on the wire. `bytes` is the whole chunk without padding. */
export interface SeenChunk {
  readonly from: 'a' | 'b';
  readonly now: Millis;
  readonly type: number;
  readonly bytes: Uint8Array;
  /** Which packet carried it, counted from 0. */
  readonly packet: number;
}

export interface ConnectedPair {
  readonly a: SctpAssociation;
  readonly b: SctpAssociation;
  /** Recorders of both sides; unused when `sink` was given. */
  readonly atA: Recorder;
  readonly atB: Recorder;
  readonly pair: Pair<SctpSink>;
  /** Every chunk sent by either side since the last `forget`. */
  readonly chunks: SeenChunk[];
  /** Forgets the chunks seen so far. */
  forget(): void;
  /** Lets virtual time pass; returns whether `until` became true. */
  run(duration: Millis, until?: () => boolean): boolean;
  /** The virtual clock. */
  readonly now: Millis;
}

/** Two associations over a virtual wire, connected unless told otherwise. */
export function connectedPair(options: ConnectedPairOptions = {}): ConnectedPair {
  const { seed = 1, connect = 'both' } = options;
  const a = testAssociation(seed * 2, { ...options.both, ...options.a });
  const b = testAssociation(seed * 2 + 1, { ...options.both, ...options.b });
  const atA = new Recorder();
  const atB = new Recorder();
  const chunks: SeenChunk[] = [];
  let packets = 0;
  const pair = new Pair<SctpSink>({
    a,
    b,
    sinkA: options.sink?.(a, 'a') ?? atA,
    sinkB: options.sink?.(b, 'b') ?? atB,
    seed,
    ...(options.wire === undefined ? {} : { wire: options.wire }),
    onDatagram: (from, bytes, now) => {
      const packet = packets++;
      for (let at = 12; at + 4 <= bytes.length; at += (u16(bytes, at + 2) + 3) & ~3)
        chunks.push({ from, now, type: bytes[at]!, bytes: bytes.slice(at, at + u16(bytes, at + 2)), packet });
    },
  });
  if (connect !== 'none') a.connect(pair.now);
  if (connect === 'both') b.connect(pair.now);
  const both = (): boolean => a.phase === 'established' && b.phase === 'established';
  if (connect !== 'none' && !pair.run(120_000, both)) throw new Error(`seed ${seed}: did not connect`);
  if (connect !== 'none') pair.settle();
  return {
    a,
    b,
    atA,
    atB,
    pair,
    chunks,
    forget: () => void (chunks.length = 0),
    run: (duration, until) => pair.run(duration, until),
    get now() {
      return pair.now;
    },
  };
}

/** An association with seeded randomness and a MAC that is good enough for tests. */
export function testAssociation(seed: number, options: Partial<SctpOptions> = {}): SctpAssociation {
  const random = new SeededRandom(seed);
  return new SctpAssociation({ random, cookieMac: testMac(randomBytes(random, 16)), ...options });
}

/** A keyed 128-bit hash without any cryptographic strength. */
function testMac(key: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    let state = u32(key, 0);
    for (let i = 0; i < bytes.length; i++) state = Math.imul(state ^ bytes[i]! ^ key[i & 15]!, 0x01000193);
    const mac = new Uint8Array(16);
    new SeededRandom(state).fill(mac);
    return mac;
  };
}
