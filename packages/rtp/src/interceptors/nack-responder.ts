// Hot: answers requests for lost packets from a bounded history, as RTX where it was agreed on. RFC 4585 §6.2.1 (NACK),
// RFC 4588 §4, §6.2 (retransmission format). What a peer can have sent to it is bounded: a packet not twice within a
// round trip, and no more bytes than media was sent, but for a burst.
import { Drops, type Millis, putU16, putU32, randomU32, u16 } from '@millrace/sans-io';
import { within } from '../option-range.ts';
import { rtpHeaderEnd } from '../packet/rtp-header.ts';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import { FEEDBACK_HEADER_BYTES, RTCP_KIND } from '../rtcp/rtcp-header.ts';
import type { RtcpReader } from '../rtcp/rtcp-reader.ts';
import type { ChainContext, Interceptor } from './interceptor.ts';
import { PacketHistory } from './packet-history.ts';
import type { RoundTripTime } from './round-trip-time.ts';
import type { RtpStream } from './stream.ts';

export interface NackResponderOptions {
  /** Packets kept of a stream. Default: 1024. */
  readonly historyPackets?: number | undefined;
  /** Bytes kept of a video stream; audio has an eighth. Default: 1 MiB. */
  readonly historyBytes?: number | undefined;
  /** Bytes of retransmission granted by each byte of media sent. Default: 1. */
  readonly share?: number | undefined;
  /** Bytes of retransmission that may follow one another before that share binds. Default: 128 KiB. */
  readonly burstBytes?: number | undefined;
  /** How often one packet is sent again at most. Default: 16. */
  readonly maxResends?: number | undefined;
  /** Retransmissions that may wait for their turn. Default: 1024. */
  readonly maxPending?: number | undefined;
  /** A packet is not sent again within this share of a round trip. Default: 0.8. */
  readonly holdOff?: number | undefined;
}

export type NackResponderDrop =
  | 'malformed'
  | 'unknown-stream'
  | 'not-in-history'
  | 'too-soon'
  | 'too-often'
  | 'over-budget'
  | 'too-many-pending';

const AUDIO_SHARE = 8;

export class NackResponder implements Interceptor {
  readonly name = 'nack-responder';
  readonly drops: Drops<NackResponderDrop> = new Drops<NackResponderDrop>([
    'malformed',
    'unknown-stream',
    'not-in-history',
    'too-soon',
    'too-often',
    'over-budget',
    'too-many-pending',
  ]);
  /** Generic NACK messages that came, by the stream's slot. */
  readonly #nackCounts: number[] = [];
  readonly #histories: Array<PacketHistory | undefined> = [];
  readonly #rtxSequences: number[] = [];
  readonly #roundTripTime: RoundTripTime;
  readonly #historyPackets: number;
  readonly #historyBytes: number;
  readonly #share: number;
  readonly #burstBytes: number;
  readonly #maxResends: number;
  readonly #holdOff: number;
  readonly #pendingSlots: Int32Array;
  readonly #pendingSequences: Uint16Array;
  #pendingHead = 0;
  #pendingCount = 0;
  #budget = 0.5;
  #context: ChainContext | undefined;

  constructor(roundTripTime: RoundTripTime, options: NackResponderOptions = {}) {
    this.#roundTripTime = roundTripTime;
    this.#historyPackets = within('historyPackets', options.historyPackets, 16, 16_384, 1_024);
    this.#historyBytes = within('historyBytes', options.historyBytes, 16_384, 1 << 28, 1_048_576);
    this.#share = within('share', options.share, 0, 16, 1);
    this.#burstBytes = within('burstBytes', options.burstBytes, 2_048, 1 << 28, 131_072);
    this.#maxResends = within('maxResends', options.maxResends, 1, 255, 16);
    this.#holdOff = within('holdOff', options.holdOff, 0, 10, 0.8);
    const pending = within('maxPending', options.maxPending, 1, 65_536, 1_024);
    this.#pendingSlots = new Int32Array(pending);
    this.#pendingSequences = new Uint16Array(pending);
    this.#budget = this.#burstBytes;
  }

  attach(context: ChainContext): void {
    this.#context = context;
  }

  addStream(stream: RtpStream): void {
    if (!stream.isLocal || !stream.wantsNack) return;
    const bytes = stream.isAudio ? Math.ceil(this.#historyBytes / AUDIO_SHARE) : this.#historyBytes;
    this.#histories[stream.slot] = new PacketHistory(bytes, this.#historyPackets);
    this.#rtxSequences[stream.slot] = randomU32(this.#context!.random) & 0x7fff;
    this.#nackCounts[stream.slot] = 0;
  }

  removeStream(stream: RtpStream): void {
    if (stream.isLocal) this.#histories[stream.slot] = undefined;
  }

  nackCount(stream: RtpStream): number {
    return stream.isLocal ? (this.#nackCounts[stream.slot] ?? 0) : 0;
  }

  leaveRtp(packet: RtpPacket, stream: RtpStream, now: Millis): void {
    if (packet.ssrc !== stream.ssrc) return;
    const history = this.#histories[stream.slot];
    if (history === undefined) return;
    // A packet that is there already is sent again: it grants nothing.
    if (!history.put(packet.sequenceNumber, packet.bytes, packet.at, packet.end, now)) return;
    this.#budget = Math.min(this.#burstBytes, this.#budget + (packet.end - packet.at) * this.#share);
  }

  receiveRtcp(rtcp: RtcpReader, now: Millis): void {
    if (rtcp.kind !== RTCP_KIND.nack) return;
    // RFC 4585 §6.2.1: at least one field of feedback control information.
    if (rtcp.end - rtcp.at < FEEDBACK_HEADER_BYTES + 4) {
      this.drops.count('malformed');
      return;
    }
    const stream = this.#context!.localStream(rtcp.mediaSsrc);
    const history = stream === undefined ? undefined : this.#histories[stream.slot];
    if (stream === undefined || history === undefined || stream.ssrc !== rtcp.mediaSsrc) {
      this.drops.count('unknown-stream');
      return;
    }
    this.#nackCounts[stream.slot]!++;
    const { bytes } = rtcp;
    for (let at = rtcp.at + FEEDBACK_HEADER_BYTES; at + 4 <= rtcp.end; at += 4) {
      // RFC 4585 §6.2.1: a packet id, and a bit for each of the 16 that follow it.
      const first = u16(bytes, at);
      this.#ask(history, stream.slot, first, now);
      for (let mask = u16(bytes, at + 2), next = first + 1; mask !== 0; mask >>= 1, next++)
        if ((mask & 1) !== 0) this.#ask(history, stream.slot, next & 0xffff, now);
    }
  }

  writeRtp(out: Uint8Array, at: number, end: number, _now: Millis): number {
    while (this.#pendingCount > 0) {
      const head = this.#pendingHead;
      const sequenceNumber = this.#pendingSequences[head]!;
      const slot = this.#pendingSlots[head]!;
      const stream = this.#context!.localAt(slot);
      const history = this.#histories[slot];
      let length = 0;
      if (stream !== undefined && history?.has(sequenceNumber) === true) {
        if (history.lengthOf(sequenceNumber) + 2 > end - at) return 0;
        length = this.#writeRetransmission(stream, history, sequenceNumber, out, at);
      }
      this.#pendingHead = head + 1 === this.#pendingSlots.length ? 0 : head + 1;
      this.#pendingCount--;
      if (length > 0) return length;
    }
    return 0;
  }

  #ask(history: PacketHistory, slot: number, sequenceNumber: number, now: Millis): void {
    if (!history.has(sequenceNumber)) {
      this.drops.count('not-in-history');
      return;
    }
    const resends = history.resends(sequenceNumber);
    if (resends >= this.#maxResends) {
      this.drops.count('too-often');
      return;
    }
    // The first request may come at once; the next only when an answer had time to arrive.
    if (resends > 0 && now - history.sentAt(sequenceNumber) < this.#roundTripTime.smoothed * this.#holdOff) {
      this.drops.count('too-soon');
      return;
    }
    if (this.#pendingCount === this.#pendingSlots.length) {
      this.drops.count('too-many-pending');
      return;
    }
    const length = history.lengthOf(sequenceNumber);
    if (length > this.#budget) {
      this.drops.count('over-budget');
      return;
    }
    this.#budget -= length;
    history.countResend(sequenceNumber, now);
    let tail = this.#pendingHead + this.#pendingCount;
    if (tail >= this.#pendingSlots.length) tail -= this.#pendingSlots.length;
    this.#pendingSlots[tail] = slot;
    this.#pendingSequences[tail] = sequenceNumber;
    this.#pendingCount++;
    this.#context!.wantRtp();
  }

  #writeRetransmission(
    stream: RtpStream,
    history: PacketHistory,
    sequenceNumber: number,
    out: Uint8Array,
    at: number,
  ): number {
    const { memory } = history;
    const length = history.lengthOf(sequenceNumber);
    const start = history.offsetOf(sequenceNumber);
    const rtxType = stream.rtxPayloadTypeOf(memory[start + 1]! & 0x7f);
    if (stream.rtxSsrc === 0 || rtxType < 0) {
      history.copy(sequenceNumber, 0, length, out, at);
      return length;
    }
    // RFC 4588 §4: the header with another SSRC, number and payload type, then the original's number, then its payload.
    const headerBytes = rtpHeaderEnd(memory, start, start + length) - start;
    history.copy(sequenceNumber, 0, headerBytes, out, at);
    history.copy(sequenceNumber, headerBytes, length, out, at + headerBytes + 2);
    putU16(out, at + headerBytes, sequenceNumber);
    out[at + 1] = (out[at + 1]! & 0x80) | rtxType;
    const rtxSequence = this.#rtxSequences[stream.slot]!;
    this.#rtxSequences[stream.slot] = (rtxSequence + 1) & 0xffff;
    putU16(out, at + 2, rtxSequence);
    putU32(out, at + 8, stream.rtxSsrc);
    return length + 2;
  }
}
