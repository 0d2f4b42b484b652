// What stands between the wire and the application, as an interface: the library's own interceptors and the users'
// implement it alike. A chain asks once, when it is composed, which of the methods an interceptor has, and never
// calls one that is not there.
//
//          wire ◄── leaveRtp ◄── [queue, pacer] ◄── sendRtp ◄── application
//               ──► receiveRtp (first to last) ──────────────► application
import type { Millis, RandomSource } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import type { RtcpReader } from '../rtcp/rtcp-reader.ts';
import type { RtpStream } from './stream.ts';

/**
 * Nothing here may throw on what a peer sent, keep a packet (its bytes are borrowed for the call), or grow without a
 * bound. State of a stream is best kept in an array by `stream.slot`.
 */
export interface Interceptor {
  readonly name: string;
  /** The chain has been composed; called once, with a context of the interceptor's own. */
  attach?(context: ChainContext): void;
  /** A stream was announced, local or remote. */
  addStream?(stream: RtpStream, now: Millis): void;
  removeStream?(stream: RtpStream): void;

  /** A packet from the wire, in place. False: it ends here (consumed, or dropped and counted). */
  receiveRtp?(packet: RtpPacket, stream: RtpStream, now: Millis): boolean;
  /** One packet of a compound RTCP packet from the wire. */
  receiveRtcp?(rtcp: RtcpReader, now: Millis): void;

  /** A packet from the application. False: it is dropped, and counted by whoever says so. */
  sendRtp?(packet: RtpPacket, stream: RtpStream, now: Millis): boolean;
  /** A packet leaves, the application's or a generated one: the last chance to stamp it or to keep a copy. */
  leaveRtp?(packet: RtpPacket, stream: RtpStream, now: Millis): void;

  /** Writes whole RTCP packets that are due and returns their length; asked after `context.wantRtcp()`. */
  writeRtcp?(out: Uint8Array, at: number, end: number, now: Millis): number;
  /** Writes the next RTP packet of its own making and returns its length; asked after `context.wantRtp()`. */
  writeRtp?(out: Uint8Array, at: number, end: number, now: Millis): number;

  /** The time that it asked for with `context.wakeAt` has come; it asks for the next, or for none. */
  expire?(now: Millis): void;
  drain?(sink: ChainSink): boolean;
}

/** What the chain offers its interceptors. */
export interface ChainContext {
  readonly random: RandomSource;
  readonly maxStreams: number;
  /** Streams by SSRC, those of retransmissions included. */
  localStream(ssrc: number): RtpStream | undefined;
  remoteStream(ssrc: number): RtpStream | undefined;
  /** Streams by slot, for walks; slots from 0 to `localSlots`, some of them empty. */
  localAt(slot: number): RtpStream | undefined;
  remoteAt(slot: number): RtpStream | undefined;
  readonly localSlots: number;
  readonly remoteSlots: number;
  /** SSRC of our own that feedback carries: the first local stream's, or the chain's. */
  readonly ownSsrc: number;
  /** When `expire` is to be called; `NEVER`: not any more. The last word counts. */
  wakeAt(time: Millis): void;
  /** There is RTCP to be written at the next transmit. */
  wantRtcp(): void;
  /** There is RTP to be written at the next transmit. */
  wantRtp(): void;
}

/** What a chain has to say, in `drain`. */
export interface ChainSink {
  /** The peer asks for a key frame of a local stream (PLI or FIR). */
  onKeyFrameRequest?(stream: RtpStream): void;
  /** What may be sent in all, in bits per second, has changed. */
  onTargetBitrate?(bitsPerSecond: number): void;
  /** The peer will not send this stream any more. RFC 3550 §6.6 */
  onBye?(stream: RtpStream): void;
  /** A packet of a remote stream will not come any more: nobody asks for it any longer. */
  onPacketLost?(stream: RtpStream, sequenceNumber: number): void;
}
