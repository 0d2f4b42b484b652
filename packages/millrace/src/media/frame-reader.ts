// Encoded frames out of a track's packets: put in order, waited for as long as they may be repaired, put together.
// Video comes as whole frames as soon as they are whole, audio packet by packet at its time. Beyond W3C, whose encoded
// transform (webrtc-encoded-transform) sits between packets and a decoder that is not here.
import { RtpPacket } from '@millrace/rtp';
import { AudioJitterBuffer, VideoJitterBuffer } from '@millrace/rtp/jitter-buffer';
import type { Depacketizer } from '@millrace/rtp/payload';
import { type Millis, NEVER, ownCopy } from '@millrace/sans-io';
import type { RtpCodec } from '@millrace/sdp';
import { queueTask } from '../task-queue.ts';
import { Alarm, now } from '../transport/alarm.ts';
import { frameFormat } from './frame-formats.ts';
import { insideOf, type MediaStreamTrack, type PacketSink, type RtpPacketSource } from './track.ts';

export interface EncodedFrame {
  /** In memory of its own. H.264 in Annex B form, AV1 with a temporal delimiter: as files and decoders want them. */
  readonly data: Uint8Array;
  /** RTP timestamp, in units of `clockRate`. */
  readonly timestamp: number;
  readonly clockRate: number;
  /** Such as `video/VP8`. */
  readonly mimeType: string;
  /** A decoder can begin with it; always so for audio. */
  readonly isKeyFrame: boolean;
  /** The layer of simulcast; `null` if there is none. */
  readonly rid: string | null;
  /** Something was given up since the frame before. */
  readonly isAfterLoss: boolean;
}

export interface FrameReaderOptions {
  /** Which layer of simulcast to read. Default: whatever comes first. */
  readonly rid?: string;
  /** How long a frame may wait for its missing packets. Milliseconds, default 500. */
  readonly maxDelay?: Millis;
  /** The longest frame. Bytes, default 4 MiB. */
  readonly maxFrameBytes?: number;
  /** Ask for a key frame when a frame of video is given up. Default true. */
  readonly requestKeyFrames?: boolean;
}

/** Frames that wait for the reader of `readable`; newer ones are dropped, and a key frame asked for. */
const MAX_UNREAD_FRAMES = 64;
const DEFAULT_FRAME_BYTES = 4 * 1024 * 1024;

/** Puts the packets of a received track together to encoded frames. */
export class FrameReader {
  /** Called for each frame. What it throws is reported as an uncaught error. */
  onframe: ((frame: EncodedFrame) => void) | null = null;
  /** Frames that could not be made out: a codec not understood, or malformed packets. */
  framesDropped = 0;
  readonly #track: MediaStreamTrack;
  readonly #options: FrameReaderOptions;
  readonly #sink: PacketSink = { send: (packet, source, at) => this.#take(packet, source, at) };
  readonly #alarm: Alarm = new Alarm(() => this.#onTime());
  #source: RtpPacketSource | undefined;
  #stream: FrameStream | undefined;
  #readable: ReadableStream<EncodedFrame> | undefined;
  #controller: ReadableStreamDefaultController<EncodedFrame> | undefined;

  /** Reads until `close` is called or the track ends. */
  constructor(track: MediaStreamTrack, options: FrameReaderOptions = {}) {
    this.#track = track;
    this.#options = options;
    insideOf(track).attach(this.#sink);
    track.addEventListener('ended', () => this.close(), { once: true });
  }

  /** The frames, for those who can wait; what comes while 64 wait unread is lost. */
  get readable(): ReadableStream<EncodedFrame> {
    this.#readable ??= new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => {
          this.#controller = undefined;
        },
      },
      { highWaterMark: MAX_UNREAD_FRAMES },
    );
    return this.#readable;
  }

  /** Lets go of the track. */
  close(): void {
    insideOf(this.#track).detach(this.#sink);
    this.#alarm.stop();
    this.#stream = undefined;
    this.#controller?.close();
    this.#controller = undefined;
  }

  #take(packet: RtpPacket, source: RtpPacketSource, at: Millis): boolean {
    const { rid } = this.#options;
    if (rid !== undefined && source.rid !== rid) return true;
    if (
      source !== this.#source &&
      (this.#source === undefined || rid !== undefined || this.#isGone(source))
    ) {
      this.#source = source;
      this.#stream = undefined;
    }
    if (source !== this.#source) return true;
    const codec = source.numbers.codecs.find(({ payloadType }) => payloadType === packet.payloadType);
    if (codec === undefined) return true;
    if (this.#stream?.codec !== codec) {
      const make = this.#track.kind === 'video' ? VideoStream.of : AudioStream.of;
      this.#stream = make(codec, source, this.#options);
    }
    if (this.#stream === undefined) {
      if (packet.marker) this.framesDropped++;
      return true;
    }
    this.#stream.push(packet, at);
    this.#drain(at);
    return true;
  }

  /** Without a layer to follow, another of the same layer takes the place of the last: the peer has a new SSRC. */
  #isGone(source: RtpPacketSource): boolean {
    return this.#source?.rid === source.rid;
  }

  #onTime(): void {
    this.#drain(now());
  }

  #drain(at: Millis): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    for (let frame = stream.pop(at); frame !== undefined; frame = stream.pop(at)) {
      if (frame === 'malformed') {
        this.framesDropped++;
        this.#askForKeyFrame();
        continue;
      }
      if (frame.isAfterLoss && !frame.isKeyFrame) this.#askForKeyFrame();
      this.#hand(frame);
    }
    const deadline = stream.deadline();
    if (deadline !== NEVER) this.#alarm.set(deadline, at);
  }

  #hand(frame: EncodedFrame): void {
    if (this.#controller !== undefined) {
      if ((this.#controller.desiredSize ?? 0) > 0) this.#controller.enqueue(frame);
      else this.#askForKeyFrame();
    }
    if (this.onframe === null) return;
    try {
      this.onframe(frame);
    } catch (error) {
      queueTask(rethrow, error);
    }
  }

  #askForKeyFrame(): void {
    if (this.#track.kind !== 'video' || this.#options.requestKeyFrames === false) return;
    insideOf(this.#track).remote?.requestKeyFrame(this.#source?.rid ?? undefined);
  }
}

interface FrameStream {
  readonly codec: RtpCodec;
  push(packet: RtpPacket, at: Millis): void;
  /** `malformed`: there was a frame, of which nothing could be made. */
  pop(at: Millis): EncodedFrame | 'malformed' | undefined;
  deadline(): Millis;
}

class VideoStream implements FrameStream {
  readonly codec: RtpCodec;
  readonly #source: RtpPacketSource;
  readonly #buffer: VideoJitterBuffer;
  readonly #depacketizer: Depacketizer;
  readonly #view = new RtpPacket();

  static of(codec: RtpCodec, source: RtpPacketSource, options: FrameReaderOptions): VideoStream | undefined {
    const format = frameFormat(codec.name);
    if (format === undefined) return undefined;
    const { maxDelay = 500, maxFrameBytes = DEFAULT_FRAME_BYTES } = options;
    const { clockRate } = codec;
    const buffer = new VideoJitterBuffer({ clockRate, maxDelay, isFrameStart: format.isFrameStart });
    return new VideoStream(codec, source, buffer, format.depacketizer(maxFrameBytes));
  }

  constructor(
    codec: RtpCodec,
    source: RtpPacketSource,
    buffer: VideoJitterBuffer,
    depacketizer: Depacketizer,
  ) {
    this.codec = codec;
    this.#source = source;
    this.#buffer = buffer;
    this.#depacketizer = depacketizer;
  }

  push(packet: RtpPacket, at: Millis): void {
    this.#buffer.push(packet, at);
  }

  pop(at: Millis): EncodedFrame | 'malformed' | undefined {
    const frame = this.#buffer.pop(at);
    if (frame === undefined) return undefined;
    const depacketizer = this.#depacketizer;
    depacketizer.reset();
    for (let i = 0; i < frame.packetCount; i++) {
      frame.packet(i, this.#view);
      const { bytes, payloadAt, payloadEnd } = this.#view;
      // Packets without a payload are padding, by which senders probe.
      if (payloadEnd > payloadAt) depacketizer.push(bytes, payloadAt, payloadEnd);
    }
    if (!depacketizer.isWhole) return 'malformed';
    const { name, clockRate } = this.codec;
    return {
      data: ownCopy(depacketizer.bytes, 0, depacketizer.length),
      timestamp: frame.timestamp,
      clockRate,
      mimeType: `video/${name}`,
      isKeyFrame: depacketizer.isKeyFrame,
      rid: this.#source.rid,
      isAfterLoss: frame.lostBefore > 0 || frame.framesLostBefore > 0,
    };
  }

  deadline(): Millis {
    return this.#buffer.deadline();
  }
}

/** Every audio format that WebRTC knows has a packet for a frame. */
class AudioStream implements FrameStream {
  readonly codec: RtpCodec;
  readonly #source: RtpPacketSource;
  readonly #buffer: AudioJitterBuffer;
  readonly #view = new RtpPacket();

  static of(codec: RtpCodec, source: RtpPacketSource, { maxDelay = 500 }: FrameReaderOptions): AudioStream {
    return new AudioStream(codec, source, new AudioJitterBuffer({ clockRate: codec.clockRate, maxDelay }));
  }

  constructor(codec: RtpCodec, source: RtpPacketSource, buffer: AudioJitterBuffer) {
    this.codec = codec;
    this.#source = source;
    this.#buffer = buffer;
  }

  push(packet: RtpPacket, at: Millis): void {
    this.#buffer.push(packet, at);
  }

  pop(at: Millis): EncodedFrame | undefined {
    if (!this.#buffer.pop(this.#view, at)) return undefined;
    const { bytes, payloadAt, payloadEnd, timestamp } = this.#view;
    const { name, clockRate } = this.codec;
    return {
      data: ownCopy(bytes, payloadAt, payloadEnd),
      timestamp,
      clockRate,
      mimeType: `audio/${name}`,
      isKeyFrame: true,
      rid: this.#source.rid,
      isAfterLoss: this.#buffer.lostBefore > 0,
    };
  }

  deadline(): Millis {
    return this.#buffer.deadline();
  }
}

function rethrow(error: unknown): never {
  throw error;
}
