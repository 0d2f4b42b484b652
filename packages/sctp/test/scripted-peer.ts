// A peer that does exactly what a test tells it: it builds chunks byte by byte and reads what comes back.
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import { DEFAULTS, type SctpAssociation, type SctpOptions } from '@millrace/sctp';
import { Recorder } from '@millrace/sctp/testing';
import { CHUNK, makeChunk, NO_VALUE } from '../src/packet/chunks.ts';
import { crc32c } from '../src/packet/crc32c.ts';
import { type Init, makeInit, parseInit } from '../src/packet/init.ts';
import { sealPacket } from '../src/packet/packet.ts';
import { testAssociation } from '../src/testing/connected-pair.ts';

export interface Chunk {
  readonly type: number;
  readonly flags: number;
  /** Header included, padding excluded. */
  readonly bytes: Uint8Array;
}

export interface Packet {
  readonly tag: number;
  readonly chunks: readonly Chunk[];
}

export const PEER_TAG = 0x0a0b0c0d;
export const PEER_TSN = 1_000;

export class ScriptedPeer {
  now = 0;
  readonly association: SctpAssociation;
  readonly seen: Recorder = new Recorder();
  /** The association's own tag and initial TSN, from its INIT ACK or INIT. */
  theirs: Init | undefined;
  readonly #slab = new Uint8Array(65_536);

  constructor(options: Partial<SctpOptions> = {}) {
    this.association = testAssociation(5, { initialTsn: 100, initiateTag: 0x01020304, ...options });
  }

  get tag(): number {
    return this.theirs?.initiateTag ?? 0x01020304;
  }

  /** Hands over one packet with these chunks. */
  send(chunks: readonly Uint8Array[], tag: number = this.tag): void {
    const packet = packetOf(chunks, tag);
    this.association.receive(packet, 0, packet.length, this.now);
    this.association.drain(this.seen);
  }

  sendRaw(packet: Uint8Array): void {
    this.association.receive(packet, 0, packet.length, this.now);
    this.association.drain(this.seen);
  }

  /** Everything the association wants to send now. */
  take(): Packet[] {
    const packets: Packet[] = [];
    this.association.drain(this.seen);
    for (;;) {
      const length = this.association.transmit(this.#slab, 0, this.#slab.length, this.now);
      if (length === 0) break;
      packets.push(readPacket(this.#slab.slice(0, length)));
    }
    this.association.drain(this.seen);
    return packets;
  }

  /** All chunks of `take`, in order. */
  takeChunks(): Chunk[] {
    return this.take().flatMap((packet) => packet.chunks);
  }

  /** The types of `takeChunks`. */
  takeTypes(): number[] {
    return this.takeChunks().map((chunk) => chunk.type);
  }

  /** Lets time pass without an answer, collecting what is sent with the time at which it was. */
  wait(duration: number): Array<{ readonly now: number; readonly packet: Packet }> {
    const sent: Array<{ now: number; packet: Packet }> = [];
    const end = this.now + duration;
    for (;;) {
      for (const packet of this.take()) sent.push({ now: this.now, packet });
      const next = this.association.deadline();
      if (next > end) break;
      this.now = Math.max(this.now, next);
      this.association.expire(this.now);
    }
    this.now = end;
    return sent;
  }

  /** Connects as the one who began: the association answers. */
  connect(init: Partial<Init> = {}): this {
    this.send([initChunk(init)], 0);
    const [initAck] = this.takeChunks();
    this.theirs = parseInit(initAck!.bytes, 0, initAck!.bytes.length)!;
    this.send([makeChunk(CHUNK.COOKIE_ECHO, 0, this.theirs.cookie!)]);
    this.takeChunks();
    return this;
  }
}

export function initChunk(init: Partial<Init> = {}, type: 1 | 2 = CHUNK.INIT): Uint8Array {
  return makeInit(type, {
    initiateTag: PEER_TAG,
    window: 1 << 20,
    outboundStreams: 65_535,
    inboundStreams: 65_535,
    initialTsn: PEER_TSN,
    extensions: [CHUNK.RE_CONFIG, CHUNK.FORWARD_TSN],
    forwardTsn: true,
    unrecognized: [],
    ...init,
  });
}

export interface DataFields {
  readonly tsn: number;
  readonly stream?: number;
  readonly ssn?: number;
  readonly ppid?: number;
  readonly flags?: number;
  readonly payload?: Uint8Array;
}

/** A DATA chunk, whole and ordered unless told otherwise. */
export function dataChunk({
  tsn,
  stream = 1,
  ssn = 0,
  ppid = 51,
  flags = 3,
  payload = bytes(4),
}: DataFields): Uint8Array {
  const value = new Uint8Array(12 + payload.length);
  putU32(value, 0, tsn);
  putU16(value, 4, stream);
  putU16(value, 6, ssn);
  putU32(value, 8, ppid);
  value.set(payload, 12);
  return makeChunk(CHUNK.DATA, flags, value);
}

export interface SackFields {
  readonly cumulative: number;
  readonly window?: number;
  /** Offsets from the cumulative TSN. */
  readonly gaps?: ReadonlyArray<readonly [start: number, end: number]>;
  readonly duplicates?: readonly number[];
}

export function sackChunk({
  cumulative,
  window = 1 << 20,
  gaps = [],
  duplicates = [],
}: SackFields): Uint8Array {
  const value = new Uint8Array(12 + 4 * (gaps.length + duplicates.length));
  putU32(value, 0, cumulative);
  putU32(value, 4, window);
  putU16(value, 8, gaps.length);
  putU16(value, 10, duplicates.length);
  gaps.forEach(([start, end], i) => {
    putU16(value, 12 + i * 4, start);
    putU16(value, 14 + i * 4, end);
  });
  duplicates.forEach((tsn, i) => {
    putU32(value, 12 + gaps.length * 4 + i * 4, tsn);
  });
  return makeChunk(CHUNK.SACK, 0, value);
}

export function forwardTsnChunk(
  cumulative: number,
  streams: ReadonlyArray<readonly [number, number]> = [],
): Uint8Array {
  const value = new Uint8Array(4 + streams.length * 4);
  putU32(value, 0, cumulative);
  streams.forEach(([stream, ssn], i) => {
    putU16(value, 4 + i * 4, stream);
    putU16(value, 6 + i * 4, ssn);
  });
  return makeChunk(CHUNK.FORWARD_TSN, 0, value);
}

export function packetOf(chunks: readonly Uint8Array[], tag: number): Uint8Array {
  const length = 12 + chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const packet = new Uint8Array(length);
  let at = 12;
  for (const chunk of chunks) {
    packet.set(chunk, at);
    at += chunk.length;
  }
  sealPacket(packet, 0, length, DEFAULTS.remotePort, DEFAULTS.localPort, tag, crc32c);
  return packet;
}

/** Checks the checksum on the way. */
export function readPacket(packet: Uint8Array): Packet {
  const zeroed = packet.slice();
  putU32(zeroed, 8, 0);
  const crc = crc32c(zeroed, 0, zeroed.length);
  const field = (packet[8]! | (packet[9]! << 8) | (packet[10]! << 16) | (packet[11]! << 24)) >>> 0;
  // RFC 9653: 0 stands for none.
  if (field !== 0 && crc !== field) throw new Error('wrong checksum');
  const chunks: Chunk[] = [];
  for (let at = 12; at < packet.length; at += (u16(packet, at + 2) + 3) & ~3)
    chunks.push({
      type: packet[at]!,
      flags: packet[at + 1]!,
      bytes: packet.slice(at, at + u16(packet, at + 2)),
    });
  return { tag: u32(packet, 4), chunks };
}

export function readSack(chunk: Chunk): Required<SackFields> {
  const gaps: Array<[number, number]> = [];
  const duplicates: number[] = [];
  const { bytes: b } = chunk;
  for (let i = 0; i < u16(b, 12); i++) gaps.push([u16(b, 16 + i * 4), u16(b, 18 + i * 4)]);
  for (let i = 0; i < u16(b, 14); i++) duplicates.push(u32(b, 16 + gaps.length * 4 + i * 4));
  return { cumulative: u32(b, 4), window: u32(b, 8), gaps, duplicates };
}

export function readData(chunk: Chunk): Required<DataFields> {
  const { bytes: b, flags } = chunk;
  return {
    tsn: u32(b, 4),
    stream: u16(b, 8),
    ssn: u16(b, 10),
    ppid: u32(b, 12),
    flags,
    payload: b.slice(16),
  };
}

export function bareChunk(type: number, flags = 0): Uint8Array {
  return makeChunk(type, flags, NO_VALUE);
}

/** `length` bytes that differ from place to place. */
export function bytes(length: number, first = 1): Uint8Array {
  const all = new Uint8Array(length);
  for (let i = 0; i < length; i++) all[i] = first + i * 7 + (i >> 8);
  return all;
}
