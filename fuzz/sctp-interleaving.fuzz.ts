// I-DATA and I-FORWARD-TSN (RFC 8260) from a peer that numbers its messages and fragments as it likes: out of order, twice,
// with holes, contradicting each other, skipped in the midst, between resets. The input is the script, eight bytes a chunk.
// What fragments carry says which they are, so whatever is delivered must be the fragments of one message, from the first
// on, and ordered messages must come in the order of their numbers; and when all has been skipped nothing may be held.
import { putU16, putU32, u16 } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { Recorder, testAssociation } from '@millrace/sctp/testing';
import { type FuzzTarget, invariant } from './target.ts';

const STEP_BYTES = 8;
const MAX_STEPS = 256;
const TAG = 0x0b0b_0b0b;
const PEER_TAG = 0x0a0a_0a0a;
const FIRST_TSN = 0xffff_ffe0; // wraps soon
const [INIT, INIT_ACK, COOKIE_ECHO, I_DATA, RE_CONFIG, I_FORWARD_TSN, FORWARD_TSN] = [
  1, 2, 10, 64, 130, 194, 192,
];
const BEGIN = 2;
const UNORDERED = 4;
const STREAMS = 4;
/** Of a fragment: its stream and kind, its message and its own number, as long as its number says. */
const LABEL_BYTES = 4;

export const target: FuzzTarget = {
  name: 'sctp-interleaving',
  seeds: [0, 1, 2, 3].map(sensibleScript),
  run(input, random) {
    const peer = new Peer(random.chance(0.5) ? 20_000 : 1_000_000);
    let tsn = FIRST_TSN;
    const steps = Math.min(Math.floor(input.length / STEP_BYTES), MAX_STEPS);
    for (let i = 0; i < steps; i++) {
      const at = i * STEP_BYTES;
      const kind = input[at]! % 16;
      if (kind === 15) tsn = peer.skip(tsn, input, at);
      else if (kind === 14) peer.reset(tsn, input[at + 1]!);
      else {
        // Mostly the next TSN; now and then an old one, or one from further on.
        const jump = input[at + 1]!;
        const here = jump < 200 ? tsn : (tsn + jump - 228) >>> 0;
        if (here === tsn) tsn = (tsn + 1) >>> 0;
        peer.fragment(here, input, at);
      }
      peer.check();
    }
    peer.skipAll();
  },
};

class Peer {
  readonly #association;
  readonly #seen = new Recorder();
  readonly #slab = new Uint8Array(16_384);
  #checked = 0;
  /** Last ordered message of each stream. */
  readonly #last = new Map<number, number>();
  #resets = 0;
  #now = 0;

  constructor(window: number) {
    this.#association = testAssociation(7, {
      checksum: () => 0,
      initiateTag: TAG,
      receiveWindow: window,
      maxReceiveWindow: window,
      maxMessageSize: 5_000,
      maxUnfinishedBytes: 10_000,
      maxTrackedGaps: 40,
    });
    const extensions = [RE_CONFIG, FORWARD_TSN, I_DATA, I_FORWARD_TSN];
    const init = new Uint8Array(16 + 4 + extensions.length);
    putU32(init, 0, PEER_TAG);
    putU32(init, 4, 1 << 20);
    putU16(init, 8, STREAMS);
    putU16(init, 10, STREAMS);
    putU32(init, 12, FIRST_TSN);
    putU16(init, 16, 0x8008);
    putU16(init, 18, 4 + extensions.length);
    init.set(extensions, 20);
    this.#send(0, INIT, 0, init);
    const answer = this.#take();
    invariant(answer[12] === INIT_ACK, 'INIT is answered');
    const end = 12 + u16(answer, 14);
    for (let at = 32; at < end; at += (u16(answer, at + 2) + 3) & ~3)
      if (u16(answer, at) === 7)
        this.#send(TAG, COOKIE_ECHO, 0, answer.slice(at + 4, at + u16(answer, at + 2)));
    this.#take();
    invariant(this.#association.state === 'connected', 'it is connected');
  }

  /** A fragment that tells which it is. */
  fragment(tsn: number, input: Uint8Array, at: number): void {
    const flags = input[at + 2]! & 7;
    const stream = input[at + 3]! % STREAMS;
    const mid = input[at + 4]! % 16;
    const fsn = (flags & BEGIN) !== 0 ? 0 : input[at + 5]! % 8;
    const length = LABEL_BYTES * (1 + (input[at + 6]! % 3) * (input[at + 7]! % 100));
    const value = new Uint8Array(16 + length);
    putU32(value, 0, tsn);
    putU16(value, 4, stream);
    putU32(value, 8, mid);
    putU32(value, 12, (flags & BEGIN) !== 0 ? 53 : fsn);
    for (let i = 16; i < value.length; i += LABEL_BYTES)
      value.set([stream | (flags & UNORDERED), mid, fsn, this.#resets & 0xff], i);
    this.#send(TAG, I_DATA, flags, value);
  }

  skip(tsn: number, input: Uint8Array, at: number): number {
    const to = (tsn + (input[at + 1]! % 12) - 4) >>> 0;
    const entries = input[at + 2]! % 4;
    const value = new Uint8Array(4 + entries * 8);
    putU32(value, 0, to);
    for (let i = 0; i < entries; i++) {
      const chosen = input[at + 3 + i]!;
      putU16(value, 4 + i * 8, chosen % STREAMS);
      putU16(value, 6 + i * 8, (chosen >> 2) & 1);
      putU32(value, 8 + i * 8, chosen >> 4);
    }
    this.#send(TAG, I_FORWARD_TSN, 0, value);
    return ((to - tsn) | 0) >= 0 ? (to + 1) >>> 0 : tsn;
  }

  /** The peer's streams start afresh: one of them, or all (RFC 6525 §4.1), now or when `tsn` has come. */
  reset(tsn: number, choice: number): void {
    const isAll = choice % 3 === 0;
    const value = new Uint8Array(isAll ? 16 : 18);
    putU16(value, 0, 13);
    putU16(value, 2, value.length);
    putU32(value, 4, (FIRST_TSN + this.#resets++) >>> 0);
    putU32(value, 8, 0);
    putU32(value, 12, (tsn + (choice % 5) - 1) >>> 0);
    if (!isAll) putU16(value, 16, choice % STREAMS);
    this.#send(TAG, RE_CONFIG, 0, value);
  }

  check(): void {
    const association = this.#association;
    this.#now += 1;
    association.expire(this.#now);
    const { receiveWindow, receiveWindowSize, state } = association.stats;
    invariant(receiveWindow >= 0 && receiveWindow <= receiveWindowSize, `a window of ${receiveWindow}`);
    if (state !== 'connected') return;
    const { messages, streamsReset } = this.#seen;
    // Resets and messages are told in one order, which is not kept here: after a reset numbers start again.
    if (streamsReset.splice(0).length > 0) {
      this.#last.clear();
      this.#checked = messages.length;
    }
    for (; this.#checked < messages.length; this.#checked++)
      this.#checkMessage(messages[this.#checked]!.bytes);
    this.#take();
  }

  #checkMessage(bytes: Uint8Array): void {
    const key = bytes[0]!;
    const mid = bytes[1]!;
    let fsn = 0;
    for (let at = 0; at < bytes.length; at += LABEL_BYTES) {
      invariant(bytes[at] === key && bytes[at + 1] === mid, 'fragments of one message');
      const next = bytes[at + 2]!;
      invariant(next === fsn || (at > 0 && next === fsn + 1), `fragment ${next} behind ${fsn}`);
      fsn = next;
    }
    if ((key & UNORDERED) !== 0) return;
    invariant(mid > (this.#last.get(key) ?? -1), `message ${mid} behind ${this.#last.get(key)}`);
    this.#last.set(key, mid);
  }

  /** Everything is skipped, far beyond what the script can have sent. */
  skipAll(): void {
    const association = this.#association;
    const value = new Uint8Array(4 + STREAMS * 2 * 8);
    putU32(value, 0, (FIRST_TSN + 100_000) >>> 0);
    for (let i = 0; i < STREAMS * 2; i++) {
      putU16(value, 4 + i * 8, i >> 1);
      putU16(value, 6 + i * 8, i & 1);
      putU32(value, 8 + i * 8, 1_000);
    }
    // Twice: the first ends a reset that waits, and what was held behind it is taken in.
    this.#send(TAG, I_FORWARD_TSN, 0, value);
    putU32(value, 0, (FIRST_TSN + 100_001) >>> 0);
    this.#send(TAG, I_FORWARD_TSN, 0, value);
    const { receiveWindow, receiveWindowSize, state } = association.stats;
    invariant(
      state === 'closed' || receiveWindow === receiveWindowSize,
      `${receiveWindowSize - receiveWindow} bytes are held for ever`,
    );
  }

  #send(tag: number, type: number, flags: number, value: Uint8Array): void {
    const packet = new Uint8Array(16 + ((value.length + 3) & ~3));
    putU32(packet, 0, (5_000 << 16) | 5_000);
    putU32(packet, 4, tag);
    packet[12] = type;
    packet[13] = flags;
    putU16(packet, 14, 4 + value.length);
    packet.set(value, 16);
    this.#association.receive(packet, 0, packet.length, this.#now);
    this.#association.drain(this.#seen);
  }

  /** The last packet that is due, if any. */
  #take(): Uint8Array {
    let last = 0;
    for (;;) {
      const length = this.#association.transmit(this.#slab, 0, this.#slab.length, this.#now);
      if (length === 0) return this.#slab.subarray(0, last);
      last = length;
    }
  }
}

/** Fragments of several messages, taking turns, with a skip and a reset now and then. */
function sensibleScript(seed: number): Uint8Array {
  const random = new SeededRandom(seed);
  const script = new Uint8Array(STEP_BYTES * 96);
  const open: Array<{ stream: number; flags: number; mid: number; fsn: number; left: number }> = [];
  const mids = new Map<number, number>();
  for (let at = 0; at < script.length; at += STEP_BYTES) {
    if (random.chance(0.03 * seed)) {
      script.set([random.chance(0.3) ? 14 : 15, random.below(256), 1, random.below(256)], at);
      continue;
    }
    if (open.length < 3) {
      const stream = random.below(STREAMS);
      const flags = random.chance(0.3) ? UNORDERED : 0;
      const mid = mids.get(stream | (flags << 8)) ?? 0;
      mids.set(stream | (flags << 8), mid + 1);
      open.push({ stream, flags, mid, fsn: 0, left: random.below(5) });
    }
    const i = random.below(open.length);
    const one = open[i]!;
    const flags = one.flags | (one.fsn === 0 ? BEGIN : 0) | (one.left === 0 ? 1 : 0);
    script.set([0, 0, flags, one.stream, one.mid, one.fsn, random.below(3), random.below(100)], at);
    one.fsn++;
    if (one.left-- === 0) open.splice(i, 1);
  }
  return script;
}
