// Two connected associations and a link in memory: packets go over in batches, as the driver hands them over.
import type { SctpAssociation, SctpOptions, SctpSink } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';

const BATCH = 32;
const SLOT_BYTES = 1_280;
/** What a DTLS record has in front of its packet: nothing is aligned. */
const HEADROOM = 21;
/** Virtual milliseconds that one batch takes: the link is a fast one. */
const BATCH_MILLIS = 0.1;

const COMMON_HEADER_BYTES = 12;
const CHUNK_DATA = 0;
const CHUNK_I_DATA = 64;

export class SctpLink {
  readonly a: SctpAssociation;
  readonly b: SctpAssociation;
  /** Messages that have come out at `b`, and a sum over their bytes. */
  received = 0;
  sum = 0;
  /** DATA chunks seen from `a`, counted when asked to. */
  dataChunks = 0;
  countsChunks = false;
  /** Loses every so manieth packet from `a`; 0 loses none. */
  loseEvery = 0;
  now: number;
  readonly #slab = new Uint8Array(BATCH * SLOT_BYTES);
  readonly #lengths = new Int32Array(BATCH);
  readonly #sink: SctpSink;
  #sent = 0;

  constructor(options: Partial<SctpOptions> = {}) {
    this.#sink = {
      onConnected() {},
      onMessage: (_stream, _ppid, message) => {
        this.received++;
        this.sum += message[0]! + message[message.length - 1]! + message.length;
      },
      onStreamsReset() {},
      onResetDone() {},
      onResetFailed() {},
      onSent() {},
      onClosed: ({ code }) => {
        throw new Error(`the association has ended: ${code}`);
      },
    };
    const pair = connectedPair({ both: options, sink: () => this.#sink });
    this.a = pair.a;
    this.b = pair.b;
    this.now = pair.now;
  }

  /** Hands over until `count` messages more have come out. */
  deliver(count: number): void {
    const due = this.received + count;
    for (let idle = 0; this.received < due; ) {
      const moved = this.#transfer(this.a, this.b, true) + this.#transfer(this.b, this.a, false);
      idle = moved === 0 ? idle + 1 : 0;
      if (idle > 1_000) throw new Error(`stuck with ${due - this.received} messages to come`);
      // With nothing to send, time passes to the next timer: a delayed SACK, or a retransmission.
      const next = moved > 0 ? this.now + BATCH_MILLIS : Math.min(this.a.deadline(), this.b.deadline());
      this.now = Math.max(next, this.now + BATCH_MILLIS / 10);
      if (this.a.deadline() <= this.now) this.a.expire(this.now);
      if (this.b.deadline() <= this.now) this.b.expire(this.now);
    }
  }

  #transfer(from: SctpAssociation, to: SctpAssociation, isFromA: boolean): number {
    const { now } = this;
    let packets = 0;
    for (; packets < BATCH; packets++) {
      const at = packets * SLOT_BYTES + HEADROOM;
      const length = from.transmit(this.#slab, at, (packets + 1) * SLOT_BYTES, now);
      if (length === 0) break;
      this.#lengths[packets] = length;
    }
    for (let i = 0; i < packets; i++) {
      const at = i * SLOT_BYTES + HEADROOM;
      if (isFromA && this.countsChunks) this.#count(at, at + this.#lengths[i]!);
      if (isFromA && this.loseEvery > 0 && ++this.#sent % this.loseEvery === 0) continue;
      to.receive(this.#slab, at, at + this.#lengths[i]!, now);
      to.drain(this.#sink);
    }
    from.drain(this.#sink);
    return packets;
  }

  #count(at: number, end: number): void {
    for (let chunk = at + COMMON_HEADER_BYTES; chunk + 4 <= end; ) {
      const type = this.#slab[chunk]!;
      if (type === CHUNK_DATA || type === CHUNK_I_DATA) this.dataChunks++;
      chunk += (((this.#slab[chunk + 2]! << 8) | this.#slab[chunk + 3]!) + 3) & ~3;
    }
  }
}
