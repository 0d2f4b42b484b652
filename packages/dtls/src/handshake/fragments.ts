// Puts handshake messages together from fragments that come in any order, overlap, repeat and arrive across
// retransmissions cut in other places, and hands them out in order. RFC 6347 §4.2.2, §4.2.3; RFC 9147 §5.4, §5.5.
import { copyBytes, u16, u24 } from '@millrace/sans-io';
import type { DropReason } from '../drop-reasons.ts';
import { PLAINTEXT_EPOCH } from '../record/layer.ts';
import {
  FRAGMENT_OFFSET_AT,
  HANDSHAKE_HEADER_BYTES,
  type HandshakeMessage,
  LENGTH_AT,
  MESSAGE_SEQUENCE_AT,
  writeHandshakeHeader,
} from './header.ts';

export interface FragmentLimits {
  readonly maxMessageBytes: number;
  readonly maxReassemblyBytes: number;
  readonly maxMessagesAhead: number;
}

interface Assembly {
  readonly type: number;
  readonly length: number;
  readonly epoch: number;
  /** The message with its header. */
  readonly bytes: Uint8Array;
  /** One byte for each byte of the body: 1 once it has come. */
  readonly seen: Uint8Array;
  missing: number;
}

export class Fragments {
  readonly #limits: FragmentLimits;
  /** None before something has come, and after `clear`. */
  #assemblies: Map<number, Assembly> | undefined;
  #next = 0;
  #bytes = 0;

  constructor(limits: FragmentLimits) {
    this.#limits = limits;
  }

  /** The sequence number of the message that comes out next. */
  get next(): number {
    return this.#next;
  }

  /** Memory in use. */
  get bytes(): number {
    return this.#bytes;
  }

  get messages(): number {
    return this.#assemblies?.size ?? 0;
  }

  /**
   * Takes the fragment `bytes[at, end)`, header included, whose length field has been checked against `end`.
   * Borrowed for the call.
   */
  add(bytes: Uint8Array, at: number, end: number, epoch: number): DropReason | undefined {
    const length = u24(bytes, at + LENGTH_AT);
    const sequence = u16(bytes, at + MESSAGE_SEQUENCE_AT);
    const offset = u24(bytes, at + FRAGMENT_OFFSET_AT);
    const fragmentLength = end - at - HANDSHAKE_HEADER_BYTES;
    if (offset + fragmentLength > length) return 'bad-fragment';
    if (fragmentLength === 0 && length > 0) return 'bad-fragment';
    if (length > this.#limits.maxMessageBytes) return 'message-too-long';
    // No serial arithmetic: message numbers begin at 0 for each handshake and never wrap (RFC 6347 §4.2.2).
    if (sequence < this.#next) return 'repeated-message';
    if (sequence - this.#next >= this.#limits.maxMessagesAhead) return 'message-too-early';
    const assembly = this.#assemblyFor(sequence, bytes[at]!, length, epoch);
    if (typeof assembly === 'string') return assembly;
    if (assembly.missing > 0) fill(assembly, bytes, at + HANDSHAKE_HEADER_BYTES, offset, fragmentLength);
    return undefined;
  }

  /** The next message if it is whole, removed. */
  take(): HandshakeMessage | undefined {
    const assembly = this.#assemblies?.get(this.#next);
    if (assembly === undefined || assembly.missing > 0) return undefined;
    this.#remove(this.#next, assembly);
    const sequence = this.#next++;
    return { type: assembly.type, sequence, epoch: assembly.epoch, bytes: assembly.bytes };
  }

  /** Whether something has come while something before it is missing. */
  get hasGap(): boolean {
    if (this.messages === 0) return false;
    const first = this.#assemblies?.get(this.#next);
    return first === undefined || this.messages > 1 || !isFilledFromFront(first);
  }

  isWhole(sequence: number): boolean {
    return this.#assemblies?.get(sequence)?.missing === 0;
  }

  /** What comes before `sequence` is not waited for: it went to a server that kept nothing of it. */
  skipTo(sequence: number): void {
    for (; this.#next < sequence; this.#next++) {
      const assembly = this.#assemblies?.get(this.#next);
      if (assembly !== undefined) this.#remove(this.#next, assembly);
    }
  }

  /** What has come in plaintext and not come out is not waited for: what is true comes under the keys that there are now. */
  forgetPlaintext(): void {
    for (const [sequence, assembly] of this.#assemblies ?? []) {
      if (assembly.epoch === PLAINTEXT_EPOCH) this.#remove(sequence, assembly);
    }
  }

  /** Forgets what has not come out. */
  clear(): void {
    this.#assemblies = undefined;
    this.#bytes = 0;
  }

  #assemblyFor(sequence: number, type: number, length: number, epoch: number): Assembly | DropReason {
    const existing = this.#assemblies?.get(sequence);
    if (existing !== undefined) {
      if (existing.type === type && existing.length === length && existing.epoch === epoch) return existing;
      // Anyone can forge a plaintext fragment; one that was protected takes its place.
      if (existing.epoch !== PLAINTEXT_EPOCH || epoch === PLAINTEXT_EPOCH) return 'fragment-mismatch';
      this.#remove(sequence, existing);
    }
    if (this.#bytes + memoryOf(length) > this.#limits.maxReassemblyBytes) return 'reassembly-full';
    const bytes = new Uint8Array(HANDSHAKE_HEADER_BYTES + length);
    writeHandshakeHeader(bytes, 0, type, length, sequence, 0, length);
    const assembly = { type, length, epoch, bytes, seen: new Uint8Array(length), missing: length };
    this.#assemblies ??= new Map();
    this.#assemblies.set(sequence, assembly);
    this.#bytes += memoryOf(length);
    return assembly;
  }

  #remove(sequence: number, assembly: Assembly): void {
    this.#assemblies?.delete(sequence);
    this.#bytes -= memoryOf(assembly.length);
  }
}

function isFilledFromFront({ seen, missing, length }: Assembly): boolean {
  return seen.indexOf(0) === length - missing;
}

function memoryOf(length: number): number {
  return HANDSHAKE_HEADER_BYTES + 2 * length;
}

function fill(assembly: Assembly, from: Uint8Array, at: number, offset: number, length: number): void {
  const { bytes, seen } = assembly;
  if (assembly.missing === assembly.length) {
    copyBytes(bytes, HANDSHAKE_HEADER_BYTES + offset, from, at, at + length);
    seen.fill(1, offset, offset + length);
    assembly.missing -= length;
    return;
  }
  // What has come first stays: a fragment that overlaps only adds what is missing.
  for (let i = 0; i < length; i++) {
    if (seen[offset + i] === 1) continue;
    seen[offset + i] = 1;
    bytes[HANDSHAKE_HEADER_BYTES + offset + i] = from[at + i]!;
    assembly.missing--;
  }
}
