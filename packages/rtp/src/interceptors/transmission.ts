// What was sent of one local stream, and what the peer reports of it. RFC 3550 §6.4.1, §6.4.2.
import { type Millis, putU32, u24, u32 } from '@millrace/sans-io';
import { ntpFraction, ntpSeconds } from '../rtcp/ntp-time.ts';
import { RoundTripTime, roundTripFrom } from './round-trip-time.ts';

/** SR header, sender's SSRC and sender information. */
export const SENDER_INFO_BYTES = 28;

export class Transmission {
  packets = 0;
  payloadBytes = 0;
  headerBytes = 0;
  retransmittedPackets = 0;
  retransmittedBytes = 0;
  lastPacketAt = 0.5;
  /** As reported last by the peer; `reports` says whether it did. */
  reports = 0;
  fractionLost = 0;
  packetsLost = 0;
  remoteJitter = 0;
  remoteHighest = 0;
  lastReportAt = 0.5;
  readonly roundTripTime: RoundTripTime = new RoundTripTime(0);
  #timestamp = 0;
  #timestampAt = 0.5;
  #hasNews = false;

  constructor() {
    this.lastPacketAt = 0;
  }

  onPacket(timestamp: number, payloadBytes: number, headerBytes: number, now: Millis): void {
    this.packets++;
    this.payloadBytes += payloadBytes;
    this.headerBytes += headerBytes;
    this.lastPacketAt = now;
    if (timestamp !== this.#timestamp || this.packets === 1) {
      this.#timestamp = timestamp;
      this.#timestampAt = now;
    }
    this.#hasNews = true;
  }

  /** Whether anything has been sent since the last report. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** Writes sender's SSRC and information, 24 bytes, at `at`. */
  writeInfo(out: Uint8Array, at: number, ssrc: number, clockRate: number, wall: Millis, now: Millis): void {
    this.#hasNews = false;
    putU32(out, at, ssrc);
    putU32(out, at + 4, ntpSeconds(wall));
    putU32(out, at + 8, ntpFraction(wall));
    // RFC 3550 §6.4.1: the RTP time of the same instant, which is hardly that of any packet.
    putU32(
      out,
      at + 12,
      (this.#timestamp + Math.round(((now - this.#timestampAt) * clockRate) / 1_000)) >>> 0,
    );
    putU32(out, at + 16, this.packets);
    putU32(out, at + 20, this.payloadBytes);
  }

  /** Reads a report block about this stream. Returns the round-trip time it tells, -1 if it tells none. */
  onReportBlock(bytes: Uint8Array, at: number, compactNow: number, now: Millis): number {
    this.reports++;
    this.fractionLost = bytes[at + 4]! / 256;
    this.packetsLost = (u24(bytes, at + 5) << 8) >> 8;
    this.remoteHighest = u32(bytes, at + 8);
    this.remoteJitter = u32(bytes, at + 12);
    this.lastReportAt = now;
    const sample = roundTripFrom(bytes, at + 16, compactNow);
    if (sample >= 0) this.roundTripTime.add(sample);
    return sample;
  }
}
