// Asks remote streams for key frames, not too often, and hears the peer asking. PLI: RFC 4585 §6.3.1; FIR: RFC 5104
// §4.3.1. A stream that can do PLI is asked by PLI.
import { Drops, type Millis, NEVER } from '@millrace/sans-io';
import { within } from '../option-range.ts';
import { addFirEntry, FullIntraRequest, writeFir, writePli } from '../rtcp/picture-requests.ts';
import { FEEDBACK_HEADER_BYTES, RTCP_KIND } from '../rtcp/rtcp-header.ts';
import type { RtcpReader } from '../rtcp/rtcp-reader.ts';
import type { ChainContext, ChainSink, Interceptor } from './interceptor.ts';
import type { RtpStream } from './stream.ts';

export interface KeyFrameRequestsOptions {
  /** A stream is not asked again within this time, and a peer's requests within half of it are one. Milliseconds, default: 300. */
  readonly interval?: Millis | undefined;
}

export type KeyFrameRequestsDrop = 'malformed' | 'unknown-stream' | 'too-soon';

const FIR_BYTES = FEEDBACK_HEADER_BYTES + 8;

interface Remote {
  readonly stream: RtpStream;
  isWanted: boolean;
  nextAt: Millis;
  firNumber: number;
  plis: number;
  firs: number;
}

interface Local {
  isAsked: boolean;
  askedAt: Millis;
  /** The number of the last FIR, -1 before the first. */
  firNumber: number;
  plis: number;
  firs: number;
}

export class KeyFrameRequests implements Interceptor {
  readonly name = 'key-frame-requests';
  readonly drops: Drops<KeyFrameRequestsDrop> = new Drops<KeyFrameRequestsDrop>([
    'malformed',
    'unknown-stream',
    'too-soon',
  ]);
  readonly #remotes: Array<Remote | undefined> = [];
  readonly #locals: Array<Local | undefined> = [];
  readonly #interval: Millis;
  readonly #fir = new FullIntraRequest();
  #anyWanted = false;
  #anyAsked = false;
  #context: ChainContext | undefined;

  constructor(options: KeyFrameRequestsOptions = {}) {
    this.#interval = within('interval', options.interval, 0, 60_000, 300);
  }

  attach(context: ChainContext): void {
    this.#context = context;
  }

  addStream(stream: RtpStream): void {
    if (stream.isLocal)
      this.#locals[stream.slot] = { isAsked: false, askedAt: -NEVER, firNumber: -1, plis: 0, firs: 0 };
    else
      this.#remotes[stream.slot] = {
        stream,
        isWanted: false,
        nextAt: -NEVER,
        firNumber: 0,
        plis: 0,
        firs: 0,
      };
  }

  removeStream(stream: RtpStream): void {
    (stream.isLocal ? this.#locals : this.#remotes)[stream.slot] = undefined;
  }

  /** A key frame of the remote stream is wanted: asked for at once, or as soon as it may be. */
  request(stream: RtpStream, now: Millis): boolean {
    const remote = stream.isLocal ? undefined : this.#remotes[stream.slot];
    if (remote === undefined || !(stream.wantsPli || stream.wantsFir)) return false;
    remote.isWanted = true;
    this.#anyWanted = true;
    if (now >= remote.nextAt) this.#context!.wantRtcp();
    else this.#schedule();
    return true;
  }

  /** The key frame has come: a request that waits is not sent any more. */
  onKeyFrame(stream: RtpStream): void {
    const remote = stream.isLocal ? undefined : this.#remotes[stream.slot];
    if (remote === undefined) return;
    remote.isWanted = false;
    this.#schedule();
  }

  /** Requests sent for a remote stream, or received for a local one. */
  pliCount(stream: RtpStream): number {
    return (stream.isLocal ? this.#locals : this.#remotes)[stream.slot]?.plis ?? 0;
  }

  firCount(stream: RtpStream): number {
    return (stream.isLocal ? this.#locals : this.#remotes)[stream.slot]?.firs ?? 0;
  }

  receiveRtcp(rtcp: RtcpReader, now: Millis): void {
    if (rtcp.kind === RTCP_KIND.pli) this.#onRequest(rtcp.mediaSsrc, -1, now);
    else if (rtcp.kind === RTCP_KIND.fir) {
      const fir = this.#fir;
      if (!fir.read(rtcp)) {
        this.drops.count('malformed');
        return;
      }
      for (let i = 0; i < fir.entryCount; i++) this.#onRequest(fir.ssrc(i), fir.sequenceNumber(i), now);
    }
  }

  writeRtcp(out: Uint8Array, at: number, end: number, now: Millis): number {
    if (!this.#anyWanted) return 0;
    const start = at;
    const { ownSsrc } = this.#context!;
    this.#anyWanted = false;
    for (const remote of this.#remotes) {
      if (remote === undefined || !remote.isWanted) continue;
      if (now < remote.nextAt) {
        this.#anyWanted = true;
        continue;
      }
      if (end - at < FIR_BYTES) {
        this.#anyWanted = true;
        this.#context!.wantRtcp();
        break;
      }
      const { ssrc } = remote.stream;
      if (remote.stream.wantsPli) {
        at += writePli(out, at, end, ownSsrc, ssrc);
        remote.plis++;
      } else {
        // RFC 5104 §4.3.1.1: a new request has a new number.
        const length = writeFir(out, at, end, ownSsrc);
        addFirEntry(out, at, end, ssrc, remote.firNumber++);
        at += length + 8;
        remote.firs++;
      }
      remote.isWanted = false;
      remote.nextAt = now + this.#interval;
    }
    this.#schedule();
    return at - start;
  }

  expire(): void {
    this.#context!.wantRtcp();
  }

  drain(sink: ChainSink): boolean {
    if (!this.#anyAsked) return false;
    this.#anyAsked = false;
    for (let slot = 0; slot < this.#locals.length; slot++) {
      const local = this.#locals[slot];
      if (!local?.isAsked) continue;
      local.isAsked = false;
      const stream = this.#context!.localAt(slot);
      if (stream !== undefined) sink.onKeyFrameRequest?.(stream);
    }
    return true;
  }

  #schedule(): void {
    let deadline = NEVER;
    for (const remote of this.#remotes) if (remote?.isWanted) deadline = Math.min(deadline, remote.nextAt);
    this.#context!.wakeAt(deadline);
  }

  #onRequest(ssrc: number, firNumber: number, now: Millis): void {
    const stream = this.#context!.localStream(ssrc);
    const local = stream?.ssrc === ssrc ? this.#locals[stream.slot] : undefined;
    if (local === undefined) {
      this.drops.count('unknown-stream');
      return;
    }
    if (firNumber < 0) local.plis++;
    else {
      local.firs++;
      // RFC 5104 §4.3.1.2: a request of the same number is the same request.
      const isRepeated = firNumber === local.firNumber;
      local.firNumber = firNumber;
      if (isRepeated) return;
    }
    // Half of it: a peer that keeps the same interval asks now and then a little early, by our clock.
    if (now - local.askedAt < this.#interval / 2) {
      this.drops.count('too-soon');
      return;
    }
    local.askedAt = now;
    local.isAsked = true;
    this.#anyAsked = true;
  }
}
