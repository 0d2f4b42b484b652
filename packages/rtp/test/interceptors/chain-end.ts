// One end of a link for tests: a chain behind the contract of every core, its interceptors, and what came through.
import { type Core, type Millis, NEVER } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { RtpPacket, writeRtpHeader } from '../../src/index.ts';
import {
  type ChainOptions,
  type ChainSink,
  type Interceptor,
  InterceptorChain,
  NackGenerator,
  type NackGeneratorOptions,
  NackResponder,
  type NackResponderOptions,
  Reports,
  type ReportsOptions,
  RoundTripTime,
  type RtpStream,
  RtxReceiver,
  type StreamInfo,
} from '../../src/interceptors/index.ts';

export const VIDEO: StreamInfo = {
  ssrc: 0x9abc_def0,
  kind: 'video',
  payloads: [{ payloadType: 96, clockRate: 90_000, rtxPayloadType: 97 }],
  rtxSsrc: 0xf000_0001,
  feedback: ['nack', 'pli', 'fir', 'transport-cc'],
  transportSequenceId: 5,
};

export const AUDIO: StreamInfo = {
  ssrc: 0x1234_5678,
  kind: 'audio',
  payloads: [{ payloadType: 111, clockRate: 48_000 }],
  feedback: ['transport-cc'],
  transportSequenceId: 5,
};

export interface ChainEndOptions extends Partial<ChainOptions> {
  readonly seed?: number;
  readonly reports?: Partial<ReportsOptions>;
  readonly generator?: NackGeneratorOptions;
  readonly responder?: NackResponderOptions;
  /** Between the wire and the rest. */
  readonly outer?: readonly Interceptor[];
  /** Between the rest and the application. */
  readonly inner?: readonly Interceptor[];
}

export class ChainEnd implements Core<ChainSink> {
  readonly chain: InterceptorChain;
  readonly reports: Reports;
  readonly generator: NackGenerator;
  readonly responder: NackResponder;
  readonly rtx: RtxReceiver = new RtxReceiver();
  readonly roundTripTime: RoundTripTime = new RoundTripTime(100);
  /** Called for each packet that is for the application; the view is lent. */
  onPacket: (packet: RtpPacket, stream: RtpStream, now: Millis) => void = () => {};
  /** Called before the core looks at the clock: a source that sends at times of its own. */
  nextSend: Millis = NEVER;
  onSend: (now: Millis) => void = () => {};
  readonly #packet = new RtpPacket();

  constructor(options: ChainEndOptions = {}) {
    const { seed = 1, reports, generator, responder, outer = [], inner = [], ...chain } = options;
    this.reports = new Reports(this.roundTripTime, { cname: 'end', reducedSize: true, ...reports });
    this.generator = new NackGenerator(this.roundTripTime, generator);
    this.responder = new NackResponder(this.roundTripTime, responder);
    this.chain = new InterceptorChain(
      [...outer, this.reports, this.rtx, this.generator, this.responder, ...inner],
      { random: new SeededRandom(seed), lead: this.reports, ...chain },
    );
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    // RFC 5761 §4.
    if (end - at > 1 && bytes[at + 1]! >= 192 && bytes[at + 1]! <= 223) {
      this.chain.receiveRtcp(bytes, at, end, now);
      return;
    }
    const packet = this.#packet;
    if (!packet.read(bytes, at, end)) return;
    const stream = this.chain.receiveRtp(packet, now);
    if (stream !== undefined) this.onPacket(packet, stream, now);
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    return this.chain.transmit(out, at, end, now);
  }

  deadline(): Millis {
    return Math.min(this.nextSend, this.chain.deadline());
  }

  expire(now: Millis): void {
    if (now >= this.nextSend) this.onSend(now);
    this.chain.expire(now);
  }

  drain(sink: ChainSink): boolean {
    return this.chain.drain(sink);
  }

  /** Everything that the chain wants to send now. */
  flush(now: Millis): Uint8Array[] {
    const out = new Uint8Array(2_048);
    const sent: Uint8Array[] = [];
    for (let length = 1; length > 0; ) {
      length = this.chain.transmit(out, 0, out.length, now);
      if (length > 0) sent.push(out.slice(0, length));
    }
    return sent;
  }
}

const packet = new RtpPacket();

/** A packet of a stream, its payload all of one byte, with room for an extension of the transport-wide number. */
export function rtp(
  stream: StreamInfo,
  sequenceNumber: number,
  timestamp: number,
  payloadBytes = 100,
  marker = false,
): RtpPacket {
  const bytes = new Uint8Array(32 + payloadBytes);
  let at = writeRtpHeader(
    bytes,
    0,
    bytes.length,
    marker,
    stream.payloads[0]!.payloadType,
    sequenceNumber,
    timestamp,
    stream.ssrc,
  );
  if (stream.transportSequenceId) {
    bytes[0]! |= 0x10;
    bytes.set([0xbe, 0xde, 0, 1, (stream.transportSequenceId << 4) | 1, 0, 0, 0], at);
    at += 8;
  }
  bytes.fill(sequenceNumber, at, at + payloadBytes);
  const made = new RtpPacket();
  made.read(bytes, 0, at + payloadBytes);
  return made;
}

/** A view of bytes that hold one packet. */
export function view(bytes: Uint8Array): RtpPacket {
  if (!packet.read(bytes, 0, bytes.length)) throw new Error('not an RTP packet');
  return packet;
}

export function isRtcp(bytes: Uint8Array): boolean {
  return bytes[1]! >= 192 && bytes[1]! <= 223;
}
