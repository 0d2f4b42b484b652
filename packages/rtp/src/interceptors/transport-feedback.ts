// Hot: notes when packets with a transport-wide number came, and tells their sender at intervals.
// draft-holmer-rmcat-transport-wide-cc-extensions-01 §2, §3. Memory: one ring.
import { Drops, type Millis, NEVER } from '@millrace/sans-io';
import { readTransportSequenceNumber } from '../extensions/transport-sequence-number.ts';
import { within } from '../option-range.ts';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import { SequenceUnwrapper } from '../packet/unwrapper.ts';
import { TICKS_PER_MILLI } from '../rtcp/transport-wide-feedback.ts';
import { TransportWideWriter } from '../rtcp/transport-wide-writer.ts';
import type { ChainContext, Interceptor } from './interceptor.ts';
import type { RtpStream } from './stream.ts';

export interface TransportFeedbackOptions {
  /** Time between feedback packets. Milliseconds, default: 100. */
  readonly interval?: Millis | undefined;
  /** Numbers noted at most; a power of two. Default: 2048. */
  readonly window?: number | undefined;
}

export type TransportFeedbackDrop = 'sequence-jump' | 'too-old';

const NOTHING = -1;
/** An interval that brought so many packets is over. */
const MANY = 0.5;

/** Tells the sender of remote streams which packets came when. */
export class TransportFeedback implements Interceptor {
  readonly name = 'transport-feedback';
  readonly drops: Drops<TransportFeedbackDrop> = new Drops<TransportFeedbackDrop>([
    'sequence-jump',
    'too-old',
  ]);
  readonly #interval: Millis;
  readonly #window: number;
  readonly #mask: number;
  /** By number: which unwrapped one it is, and when it came in ticks. */
  readonly #sequences: Float64Array;
  readonly #arrivals: Float64Array;
  readonly #unwrapper = new SequenceUnwrapper();
  readonly #writer = new TransportWideWriter();
  /** The first that is to be told; `NOTHING` if there is none. */
  #from = NOTHING;
  #highest = NOTHING;
  #untold = 0;
  #feedbackCount = 0;
  #mediaSsrc = 0;
  readonly #nextAt = new Float64Array(1).fill(NEVER);
  #context: ChainContext | undefined;

  constructor(options: TransportFeedbackOptions = {}) {
    this.#interval = within('interval', options.interval, 5, 1_000, 100);
    this.#window = 2 ** Math.ceil(Math.log2(within('window', options.window, 64, 32_768, 2_048)));
    this.#mask = this.#window - 1;
    this.#sequences = new Float64Array(this.#window).fill(NOTHING);
    this.#arrivals = new Float64Array(this.#window);
  }

  attach(context: ChainContext): void {
    this.#context = context;
  }

  receiveRtp(packet: RtpPacket, stream: RtpStream, now: Millis): boolean {
    if (stream.transportSequenceId === 0 || !stream.wantsTransportCc) return true;
    const number = readTransportSequenceNumber(packet, stream.transportSequenceId);
    if (number < 0) return true;
    const sequence = this.#unwrapper.unwrap(number);
    if (this.#highest !== NOTHING && Math.abs(sequence - this.#highest) >= this.#window) {
      if (sequence < this.#highest) {
        this.drops.count('too-old');
        return true;
      }
      this.drops.count('sequence-jump');
      this.#from = NOTHING;
      this.#untold = 0;
    }
    if (sequence < 0) return true; // from before the first
    const index = sequence & this.#mask;
    if (this.#sequences[index] === sequence) return true; // a duplicate: the first arrival counts
    this.#sequences[index] = sequence;
    this.#arrivals[index] = Math.max(0, Math.round(now * TICKS_PER_MILLI));
    if (sequence > this.#highest) this.#highest = sequence;
    if (this.#from === NOTHING || sequence < this.#from) this.#from = sequence;
    this.#mediaSsrc = packet.ssrc;
    if (this.#untold++ === 0) this.#wakeAt(now + this.#interval);
    else if (this.#untold >= this.#window * MANY) this.#context!.wantRtcp();
    return true;
  }

  writeRtcp(out: Uint8Array, at: number, end: number, now: Millis): number {
    if (this.#untold === 0 || (now < this.#nextAt[0]! && this.#untold < this.#window * MANY)) return 0;
    const writer = this.#writer;
    const first = this.#firstNoted(this.#from);
    if (first === NOTHING) return this.#done();
    if (
      !writer.begin(
        out,
        at,
        end,
        this.#context!.ownSsrc,
        this.#mediaSsrc,
        this.#feedbackCount & 0xff,
        first & 0xffff,
        this.#arrivals[first & this.#mask]!,
      )
    ) {
      this.#context!.wantRtcp(); // the next packet has more room
      return 0;
    }
    let sequence = first;
    for (; sequence <= this.#highest; sequence++) {
      const index = sequence & this.#mask;
      if (this.#sequences[index] !== sequence) continue;
      if (!writer.add(sequence & 0xffff, this.#arrivals[index]!)) break;
      this.#untold--;
    }
    const length = writer.finish();
    if (length > 0) this.#feedbackCount++;
    this.#from = sequence;
    if (sequence > this.#highest) this.#done();
    else this.#context!.wantRtcp();
    return length;
  }

  expire(): void {
    this.#context!.wantRtcp();
  }

  #firstNoted(from: number): number {
    for (let sequence = Math.max(from, this.#highest - this.#mask); sequence <= this.#highest; sequence++)
      if (this.#sequences[sequence & this.#mask] === sequence) return sequence;
    return NOTHING;
  }

  #done(): number {
    this.#untold = 0;
    this.#from = NOTHING;
    this.#wakeAt(NEVER);
    return 0;
  }

  #wakeAt(time: Millis): void {
    this.#nextAt[0] = time;
    this.#context!.wakeAt(time);
  }
}
