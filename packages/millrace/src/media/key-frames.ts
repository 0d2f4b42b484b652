// Requests for key frames, both ways: picture loss indications (RFC 4585 §6.3.1) are sent, and they and full intra
// requests (RFC 5104 §4.3.1) are told to whoever sends the stream. Each at most every so often, since a receiver that
// sees loss asks with every packet and a sender that obeyed would send nothing but key frames.

import type { RtcpReader } from '@millrace/rtp';
import type { ChainContext, Interceptor, RtpStream } from '@millrace/rtp/interceptors';
import { type Millis, NEVER, putU16, putU32, u32 } from '@millrace/sans-io';

const RTCP_PSFB = 206;
const PLI = 1;
const FIR = 4;
const PLI_BYTES = 12;
const FIR_ENTRY_BYTES = 8;
/** Between two requests for one stream, sent or told. */
const LEAST_INTERVAL: Millis = 200;

export class KeyFrames implements Interceptor {
  readonly name = 'key-frames';
  /** Requests sent and come, those that were too soon after another not counted. */
  sent = 0;
  received = 0;
  readonly #onRequest: (stream: RtpStream) => void;
  /** By slot. */
  readonly #wanted: boolean[] = [];
  readonly #sentAt: Millis[] = [];
  readonly #toldAt: Millis[] = [];
  #context: ChainContext | undefined;

  constructor(onRequest: (stream: RtpStream) => void) {
    this.#onRequest = onRequest;
  }

  attach(context: ChainContext): void {
    this.#context = context;
  }

  addStream({ slot, isLocal }: RtpStream): void {
    if (isLocal) this.#toldAt[slot] = -NEVER;
    else {
      this.#wanted[slot] = false;
      this.#sentAt[slot] = -NEVER;
    }
  }

  /** Asks the sender of a remote stream for a key frame. */
  request(stream: RtpStream, now: Millis): void {
    if (!stream.wantsPli || now < this.#sentAt[stream.slot]! + LEAST_INTERVAL) return;
    this.#sentAt[stream.slot] = now;
    this.#wanted[stream.slot] = true;
    this.#context?.wantRtcp();
  }

  writeRtcp(out: Uint8Array, at: number, end: number): number {
    const context = this.#context!;
    const start = at;
    for (let slot = 0; slot < this.#wanted.length; slot++) {
      const stream = this.#wanted[slot] ? context.remoteAt(slot) : undefined;
      if (!stream) continue;
      if (end - at < PLI_BYTES) {
        context.wantRtcp();
        break;
      }
      this.#wanted[slot] = false;
      out[at] = 0x80 | PLI;
      out[at + 1] = RTCP_PSFB;
      putU16(out, at + 2, PLI_BYTES / 4 - 1);
      putU32(out, at + 4, context.ownSsrc);
      putU32(out, at + 8, stream.ssrc);
      at += PLI_BYTES;
      this.sent++;
    }
    return at - start;
  }

  receiveRtcp(rtcp: RtcpReader, now: Millis): void {
    if (rtcp.type !== RTCP_PSFB) return;
    if (rtcp.count === PLI) this.#tell(rtcp.mediaSsrc, now);
    else if (rtcp.count === FIR)
      for (let at = rtcp.at + PLI_BYTES; at + FIR_ENTRY_BYTES <= rtcp.end; at += FIR_ENTRY_BYTES)
        this.#tell(u32(rtcp.bytes, at), now);
  }

  #tell(ssrc: number, now: Millis): void {
    const stream = this.#context!.localStream(ssrc);
    if (!stream || now < this.#toldAt[stream.slot]! + LEAST_INTERVAL) return;
    this.#toldAt[stream.slot] = now;
    this.received++;
    this.#onRequest(stream);
  }
}
