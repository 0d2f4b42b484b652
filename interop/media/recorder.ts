// Files out of what a page sends, and a file as what it gets.

import { vp8Height, vp8Width } from '@millrace/rtp/payload';
import { IvfReader, ivfHeader, OggOpusWriter, writeIvfFrameHeader } from '@millrace/rtp/recording';
import {
  type EncodedFrame,
  FrameReader,
  FrameWriter,
  type MediaStreamTrack,
  type RTCPeerConnection,
} from 'millrace';

const RECORD_PATIENCE = 150_000; // ms
const FRAME_EVERY = 1000 / 30; // ms

/** What comes until there are `frames` of video behind a key frame: IVF of VP8, and Ogg of Opus. */
export async function recorded(
  pc: RTCPeerConnection,
  frames: number,
): Promise<{ video: Uint8Array; audio: Uint8Array }> {
  const readers = pc
    .getReceivers()
    .map(({ track }) => ({ kind: track.kind, reader: new FrameReader(track) }));
  const pictures: EncodedFrame[] = [];
  const sounds: EncodedFrame[] = [];
  const { promise: enough, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new Error(`${pictures.length} pictures, ${sounds.length} sounds`)),
    RECORD_PATIENCE,
  );
  for (const { kind, reader } of readers) {
    reader.onframe = (frame) => {
      if (kind === 'audio') sounds.push(frame);
      else if (pictures.length > 0 || frame.isKeyFrame) pictures.push(frame);
      if (pictures.length >= frames && sounds.length >= frames) resolve();
    };
  }
  // Whoever begins to record in the middle asks for a picture that needs no other.
  for (const receiver of pc.getReceivers()) if (receiver.track.kind === 'video') receiver.requestKeyFrame();
  try {
    await enough;
  } finally {
    clearTimeout(timer);
    for (const { reader } of readers) reader.close();
  }
  return { video: ivf(pictures), audio: ogg(sounds) };
}

function ivf(frames: readonly EncodedFrame[]): Uint8Array {
  const first = frames[0]!;
  const parts = [
    ivfHeader({
      codec: 'VP80',
      width: vp8Width(first.data, 0),
      height: vp8Height(first.data, 0),
      timeBase: { numerator: 1, denominator: first.clockRate },
      frames: frames.length,
    }),
  ];
  for (const { data, timestamp } of frames) {
    const head = new Uint8Array(12);
    writeIvfFrameHeader(head, 0, data.length, (timestamp - first.timestamp) >>> 0);
    parts.push(head, data);
  }
  return Buffer.concat(parts);
}

function ogg(frames: readonly EncodedFrame[]): Uint8Array {
  const writer = new OggOpusWriter();
  const parts = [writer.header()];
  for (const { data, timestamp } of frames) {
    const page = writer.push(data, 0, data.length, (timestamp - frames[0]!.timestamp) >>> 0);
    if (page !== undefined) parts.push(page);
  }
  parts.push(writer.finish());
  return Buffer.concat(parts);
}

/** Plays an IVF file again and again, in real time. Its first frame is a key frame. */
export class Player {
  readonly #writer: FrameWriter;
  readonly #frames: Uint8Array[] = [];
  readonly #timer: NodeJS.Timeout;
  #next = 0;
  #timestamp = 0;

  constructor(mimeType: string, file: Uint8Array) {
    this.#writer = new FrameWriter({ mimeType });
    const reader = new IvfReader(file);
    while (reader.next()) this.#frames.push(file.slice(reader.at, reader.end));
    // Whoever joins gets a key frame: the file begins anew.
    this.#writer.track.onkeyframerequest = () => {
      this.#next = 0;
    };
    this.#timer = setInterval(() => this.#play(), FRAME_EVERY);
  }

  get track(): MediaStreamTrack {
    return this.#writer.track;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #play(): void {
    this.#writer.write(this.#frames[this.#next]!, Math.round(this.#timestamp));
    this.#next = (this.#next + 1) % this.#frames.length;
    this.#timestamp += (this.#writer.clockRate * FRAME_EVERY) / 1000;
  }
}
