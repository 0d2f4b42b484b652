// Interceptors composed into one chain, without I/O: packets from the wire go through it to the application, the
// application's packets wait in its queue for their turn, and what the interceptors have to say themselves (RTCP,
// retransmissions) is written between them. RFC 3550 §6.1 (compound RTCP), RFC 5506 (reduced size).
//
// Each kind of hook is an array of bound functions made once: a packet meets only interceptors that want it, through
// calls of one shape. Nothing is allocated per packet.
import { Drops, type Millis, NEVER, type RandomSource } from '@millrace/sans-io';
import { within } from '../option-range.ts';
import { RtpPacket } from '../packet/rtp-packet.ts';
import { RtcpReader } from '../rtcp/rtcp-reader.ts';
import type { ChainContext, ChainSink, Interceptor } from './interceptor.ts';
import { SendQueue } from './send-queue.ts';
import type { RtpStream, StreamInfo } from './stream.ts';
import { StreamTable } from './stream-table.ts';

export interface ChainOptions {
  /** Intervals of reports are varied with it. */
  readonly random: RandomSource;
  /** Streams that may be announced at once, local and remote each. Default: 256. */
  readonly maxStreams?: number | undefined;
  /** SSRC that feedback carries while there is no local stream. Default: 1. */
  readonly ownSsrc?: number | undefined;
  /** Bytes of one compound RTCP packet at most. Default: 1200. */
  readonly maxRtcpBytes?: number | undefined;
  /** Bytes that may wait to be sent. Default: 1 MiB. */
  readonly queueBytes?: number | undefined;
  /** Packets that may wait to be sent. Default: 2048. */
  readonly queuePackets?: number | undefined;
  /** Longest packet taken for sending. Default: 1500. */
  readonly maxPacketBytes?: number | undefined;
  /** When packets may leave. Default: at once. */
  readonly pacer?: Pacer | undefined;
  /** Writes what a compound packet must begin with. Default: nothing, as RFC 5506 allows where it was agreed on. */
  readonly lead?: RtcpLead | undefined;
}

/** Decides when packets leave. */
export interface Pacer {
  /** Whether a packet may leave now, `queuedBytes` waiting behind it. */
  maySend(queuedBytes: number, now: Millis): boolean;
  /** A packet left. Audio and RTCP do not wait for their turn but are counted. */
  onSent(bytes: number, now: Millis): void;
  /** When `maySend` will say yes. */
  deadline(): Millis;
}

/** The head of compound RTCP packets. RFC 3550 §6.1 */
export interface RtcpLead {
  /** Reports if they are due, else what the rest needs in front; 0: nothing. */
  writeLead(out: Uint8Array, at: number, end: number, now: Millis): number;
  /** Whether the lead is worth a packet of its own. */
  isDue(now: Millis): boolean;
}

export type ChainDrop =
  | 'unknown-stream'
  | 'unknown-local-stream'
  | 'too-long'
  | 'queue-full'
  | 'malformed-rtcp'
  | 'malformed-rtp';

type PacketHook = (packet: RtpPacket, stream: RtpStream, now: Millis) => boolean;
type LeaveHook = (packet: RtpPacket, stream: RtpStream, now: Millis) => void;
type RtcpHook = (rtcp: RtcpReader, now: Millis) => void;
type WriteHook = (out: Uint8Array, at: number, end: number, now: Millis) => number;
type ExpireHook = (now: Millis) => void;
type DrainHook = (sink: ChainSink) => boolean;

/** Packets pass its interceptors one after the other, from the wire and to it. */
export class InterceptorChain {
  readonly drops: Drops<ChainDrop> = new Drops<ChainDrop>([
    'unknown-stream',
    'unknown-local-stream',
    'too-long',
    'queue-full',
    'malformed-rtcp',
    'malformed-rtp',
  ]);
  readonly interceptors: readonly Interceptor[];
  readonly #receiveRtp: readonly PacketHook[];
  readonly #receiveRtcp: readonly RtcpHook[];
  readonly #sendRtp: readonly PacketHook[];
  readonly #leaveRtp: readonly LeaveHook[];
  readonly #writeRtcp: readonly WriteHook[];
  readonly #writeRtp: readonly WriteHook[];
  /** By interceptor: when it wants to be woken, and how. */
  readonly #deadlines: Float64Array;
  readonly #expires: ReadonlyArray<ExpireHook | undefined>;
  readonly #drains: readonly DrainHook[];
  readonly #local: StreamTable;
  readonly #remote: StreamTable;
  readonly #queue: SendQueue;
  readonly #pacer: Pacer | undefined;
  readonly #lead: RtcpLead | undefined;
  readonly #maxRtcpBytes: number;
  readonly #maxPacketBytes: number;
  readonly #ownSsrc: number;
  readonly #rtcp = new RtcpReader();
  readonly #leaving = new RtpPacket();
  #wantsRtcp = false;
  #wantsRtp = false;
  #isRtcp = false;

  /** `interceptors` in their order from the wire to the application. */
  constructor(interceptors: readonly Interceptor[], options: ChainOptions) {
    const maxStreams = within('maxStreams', options.maxStreams, 1, 65_536, 256);
    this.#maxRtcpBytes = within('maxRtcpBytes', options.maxRtcpBytes, 256, 65_535, 1_200);
    this.#maxPacketBytes = within('maxPacketBytes', options.maxPacketBytes, 64, 65_535, 1_500);
    this.#ownSsrc = within('ownSsrc', options.ownSsrc, 0, 0xffff_ffff, 1);
    this.#queue = new SendQueue(
      within('queueBytes', options.queueBytes, 4_096, 1 << 30, 1_048_576),
      within('queuePackets', options.queuePackets, 1, 1 << 20, 2_048),
    );
    this.#pacer = options.pacer;
    this.#lead = options.lead;
    this.#local = new StreamTable(true, maxStreams);
    this.#remote = new StreamTable(false, maxStreams);
    this.interceptors = [...interceptors];
    const outward = [...interceptors].reverse();
    this.#receiveRtp = interceptors.flatMap((each) => each.receiveRtp?.bind(each) ?? []);
    this.#receiveRtcp = interceptors.flatMap((each) => each.receiveRtcp?.bind(each) ?? []);
    this.#sendRtp = outward.flatMap((each) => each.sendRtp?.bind(each) ?? []);
    this.#leaveRtp = outward.flatMap((each) => each.leaveRtp?.bind(each) ?? []);
    this.#writeRtcp = interceptors.flatMap((each) => each.writeRtcp?.bind(each) ?? []);
    this.#writeRtp = interceptors.flatMap((each) => each.writeRtp?.bind(each) ?? []);
    this.#deadlines = new Float64Array(interceptors.length).fill(NEVER);
    this.#expires = interceptors.map((each) => each.expire?.bind(each));
    this.#drains = interceptors.flatMap((each) => each.drain?.bind(each) ?? []);
    for (const [i, each] of interceptors.entries())
      each.attach?.(this.#context(options.random, maxStreams, i));
  }

  // ---- streams ----

  addLocalStream(info: StreamInfo, now: Millis): RtpStream {
    return this.#announce(this.#local.add(info), now);
  }

  addRemoteStream(info: StreamInfo, now: Millis): RtpStream {
    return this.#announce(this.#remote.add(info), now);
  }

  removeStream(stream: RtpStream): void {
    if (!(stream.isLocal ? this.#local : this.#remote).remove(stream)) return;
    if (stream.isLocal) this.#queue.forget(stream.slot);
    for (const each of this.interceptors) each.removeStream?.(stream);
  }

  /** The SSRC of a stream's retransmissions has become known (RFC 8852 repaired-rid). False if it is taken. */
  setRtxSsrc(stream: RtpStream, ssrc: number): boolean {
    return (stream.isLocal ? this.#local : this.#remote).setRtxSsrc(stream, ssrc);
  }

  localStream(ssrc: number): RtpStream | undefined {
    return this.#local.find(ssrc);
  }

  remoteStream(ssrc: number): RtpStream | undefined {
    return this.#remote.find(ssrc);
  }

  // ---- from the wire ----

  /**
   * Takes a packet from the wire, which the interceptors may change in place. Its stream if it is for the application;
   * `undefined` if it ended in the chain or belongs to no stream that was announced.
   */
  receiveRtp(packet: RtpPacket, now: Millis): RtpStream | undefined {
    const stream = this.#remote.find(packet.ssrc);
    if (stream === undefined) {
      this.drops.count('unknown-stream');
      return undefined;
    }
    const hooks = this.#receiveRtp;
    for (let i = 0; i < hooks.length; i++) if (!hooks[i]!(packet, stream, now)) return undefined;
    return stream;
  }

  /** Takes a compound RTCP packet from the wire: all of it if it is sound, else nothing. */
  receiveRtcp(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const rtcp = this.#rtcp;
    if (!rtcp.begin(bytes, at, end)) {
      this.drops.count('malformed-rtcp');
      return;
    }
    const hooks = this.#receiveRtcp;
    while (rtcp.next()) for (let i = 0; i < hooks.length; i++) hooks[i]!(rtcp, now);
  }

  // ---- to the wire ----

  /** Takes a packet of a local stream; it is copied and comes out of `transmit`. False: dropped and counted. */
  sendRtp(packet: RtpPacket, now: Millis): boolean {
    const stream = this.#local.find(packet.ssrc);
    if (stream === undefined) {
      this.drops.count('unknown-local-stream');
      return false;
    }
    if (packet.end - packet.at > this.#maxPacketBytes) {
      this.drops.count('too-long');
      return false;
    }
    const hooks = this.#sendRtp;
    for (let i = 0; i < hooks.length; i++) if (!hooks[i]!(packet, stream, now)) return false;
    if (this.#queue.push(packet.bytes, packet.at, packet.end, stream, now)) return true;
    this.drops.count('queue-full');
    return false;
  }

  /**
   * For forwarders: lets a packet through on the spot, past queue and pacer, stamped in place; the caller sends its
   * bytes. Behind its end there should be room for header extensions. False: dropped and counted.
   */
  passRtp(packet: RtpPacket, now: Millis): boolean {
    const stream = this.#local.find(packet.ssrc);
    if (stream === undefined) {
      this.drops.count('unknown-local-stream');
      return false;
    }
    const hooks = this.#sendRtp;
    for (let i = 0; i < hooks.length; i++) if (!hooks[i]!(packet, stream, now)) return false;
    this.#leave(packet, stream, now);
    return true;
  }

  /**
   * Writes the next packet for the wire into `out[at, end)` and returns its length; 0: nothing, or not now. `isRtcp`
   * says which kind it is.
   */
  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    if (this.#wantsRtcp || this.#lead?.isDue(now) === true) {
      const length = this.#composeRtcp(out, at, Math.min(end, at + this.#maxRtcpBytes), now);
      if (length > 0) {
        this.#isRtcp = true;
        this.#pacer?.onSent(length, now);
        return length;
      }
    }
    this.#isRtcp = false;
    const queue = this.#queue;
    if (queue.audioCount > 0) return this.#fromQueue(true, out, at, end, now);
    if (!this.#wantsRtp && queue.count === 0) return 0;
    if (this.#pacer !== undefined && !this.#pacer.maySend(queue.bytes, now)) return 0;
    if (this.#wantsRtp) {
      const length = this.#generated(out, at, end, now);
      if (length > 0) return length;
    }
    return queue.count > 0 ? this.#fromQueue(false, out, at, end, now) : 0;
  }

  /** Whether what `transmit` wrote last is RTCP. */
  get isRtcp(): boolean {
    return this.#isRtcp;
  }

  get queuedPackets(): number {
    return this.#queue.count + this.#queue.audioCount;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  // ---- time and events ----

  deadline(): Millis {
    let deadline = NEVER;
    const deadlines = this.#deadlines;
    for (let i = 0; i < deadlines.length; i++) if (deadlines[i]! < deadline) deadline = deadlines[i]!;
    if (this.#pacer !== undefined && (this.#wantsRtp || this.#queue.count > 0))
      deadline = Math.min(deadline, this.#pacer.deadline());
    return deadline;
  }

  /** Whether `expire` has something to do: `deadline() <= now`, without a number in a box. */
  isDue(now: Millis): boolean {
    const deadlines = this.#deadlines;
    for (let i = 0; i < deadlines.length; i++) if (deadlines[i]! <= now) return true;
    return false;
  }

  expire(now: Millis): void {
    const deadlines = this.#deadlines;
    for (let i = 0; i < deadlines.length; i++) if (deadlines[i]! <= now) this.#expires[i]?.(now);
  }

  drain(sink: ChainSink): boolean {
    let any = false;
    const hooks = this.#drains;
    for (let i = 0; i < hooks.length; i++) if (hooks[i]!(sink)) any = true;
    return any;
  }

  // ---- inside ----

  #announce(stream: RtpStream, now: Millis): RtpStream {
    for (const each of this.interceptors) each.addStream?.(stream, now);
    return stream;
  }

  #composeRtcp(out: Uint8Array, at: number, end: number, now: Millis): number {
    this.#wantsRtcp = false; // whoever has more to say than there is room for asks again
    const isDue = this.#lead?.isDue(now) ?? false;
    const start = at;
    if (this.#lead !== undefined) at += this.#lead.writeLead(out, at, end, now);
    const led = at;
    const hooks = this.#writeRtcp;
    for (let i = 0; i < hooks.length; i++) at += hooks[i]!(out, at, end, now);
    return at > led || isDue ? at - start : 0;
  }

  #generated(out: Uint8Array, at: number, end: number, now: Millis): number {
    const packet = this.#leaving;
    const hooks = this.#writeRtp;
    for (let i = 0; i < hooks.length; i++) {
      const length = hooks[i]!(out, at, end, now);
      if (length === 0) continue;
      const stream = packet.read(out, at, at + length, at, end) ? this.#local.find(packet.ssrc) : undefined;
      if (stream === undefined) {
        this.drops.count('malformed-rtp'); // a user's interceptor wrote it
        continue;
      }
      this.#leave(packet, stream, now);
      return packet.end - at;
    }
    this.#wantsRtp = false;
    return 0;
  }

  #fromQueue(isAudio: boolean, out: Uint8Array, at: number, end: number, now: Millis): number {
    const packet = this.#leaving;
    const queue = this.#queue;
    const room = end - at;
    for (;;) {
      const length = queue.nextLength(isAudio);
      if (length === 0) return 0;
      if (length > room) return 0;
      const stream = this.#local.at(queue.pop(isAudio, out, at));
      if (stream === undefined || !packet.read(out, at, at + length, at, end)) continue; // removed while it waited
      this.#leave(packet, stream, now);
      return packet.end - at;
    }
  }

  #leave(packet: RtpPacket, stream: RtpStream, now: Millis): void {
    const hooks = this.#leaveRtp;
    for (let i = 0; i < hooks.length; i++) hooks[i]!(packet, stream, now);
    this.#pacer?.onSent(packet.end - packet.at, now);
  }

  #context(random: RandomSource, maxStreams: number, index: number): ChainContext {
    const local = this.#local;
    const remote = this.#remote;
    const ownSsrc = this.#ownSsrc;
    return {
      random,
      maxStreams,
      localStream: (ssrc) => local.find(ssrc),
      remoteStream: (ssrc) => remote.find(ssrc),
      localAt: (slot) => local.at(slot),
      remoteAt: (slot) => remote.at(slot),
      get localSlots() {
        return local.slotCount;
      },
      get remoteSlots() {
        return remote.slotCount;
      },
      get ownSsrc() {
        return local.at(0)?.ssrc ?? ownSsrc;
      },
      wakeAt: (time) => {
        this.#deadlines[index] = time;
      },
      wantRtcp: () => {
        this.#wantsRtcp = true;
      },
      wantRtp: () => {
        this.#wantsRtp = true;
      },
    };
  }
}
