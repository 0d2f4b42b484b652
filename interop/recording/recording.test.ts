// @millrace/rtp's payload formats and files against ffmpeg: what an encoder has made goes through RTP packets and
// comes out as a file of which a decoder makes the same pictures and the same sound.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RtpPacket, writeRtpHeader } from '@millrace/rtp';
import {
  Av1Depacketizer,
  Av1Packetizer,
  type Depacketizer,
  H264Depacketizer,
  H264Packetizer,
  OpusDepacketizer,
  OpusPacketizer,
  type Packetizer,
  Vp8Depacketizer,
  Vp8Packetizer,
  Vp9Depacketizer,
  Vp9Packetizer,
} from '@millrace/rtp/payload';
import {
  IvfReader,
  ivfHeader,
  OggOpusReader,
  OggOpusWriter,
  writeIvfFrameHeader,
} from '@millrace/rtp/recording';
import { claimed } from '../harness/claimed.ts';
import { interopOptions } from '../harness/options.ts';
import { withPeer } from '../harness/peer-here.ts';
import { type Codec, decoded, ffmpegVersion, record as makeRecording } from './media.ts';

const PEER = 'recording';
const PATIENCE = 600_000; // ms
const PACKET_BYTES = 1_200;
const HEADER_BYTES = 12;

const formats: Readonly<Record<Codec, { packetizer: () => Packetizer; depacketizer: () => Depacketizer }>> = {
  vp8: { packetizer: () => new Vp8Packetizer(), depacketizer: () => new Vp8Depacketizer() },
  vp9: { packetizer: () => new Vp9Packetizer(), depacketizer: () => new Vp9Depacketizer() },
  av1: { packetizer: () => new Av1Packetizer(), depacketizer: () => new Av1Depacketizer() },
  h264: { packetizer: () => new H264Packetizer(), depacketizer: () => new H264Depacketizer() },
  opus: { packetizer: () => new OpusPacketizer(), depacketizer: () => new OpusDepacketizer() },
};

interface Frame {
  readonly timestamp: number;
  readonly bytes: Uint8Array;
}

const options = interopOptions();
const version = ffmpegVersion();
const reason =
  options.subject !== 'millrace'
    ? `its cases are for the RTP of millrace, not of ${options.subject}`
    : version === undefined
      ? 'the ffmpeg command is not installed'
      : undefined;

withPeer(PEER, `ffmpeg ${version}`, reason, () =>
  describe(`recordings that ffmpeg ${version} makes and plays`, () => {
    for (const codec of Object.keys(formats) as Codec[]) {
      const says = `${codec} goes through RTP packets of ${PACKET_BYTES} bytes into a file that plays the same`;
      if (!says.includes(options.scenario)) continue;
      const claim = { peer: PEER, part: 'subject', claim: codec, says } as const;
      test(says, { timeout: PATIENCE }, () => claimed(claim, () => roundTrip(codec)));
    }
  }),
);

function roundTrip(codec: Codec): void {
  const original = makeRecording(codec);
  const frames = framesOf(codec, original);
  assert(frames.length > 50, `only ${frames.length} frames`);
  const arrived = throughPackets(codec, frames);
  const file = fileOf(codec, original, arrived);
  const wanted = decoded(codec, original);
  assert(wanted.length > 50, `ffmpeg decodes only ${wanted.length} frames of its own`);
  assert.deepEqual(decoded(codec, file), wanted);
}

function throughPackets(codec: Codec, frames: readonly Frame[]): Frame[] {
  const packetizer = formats[codec].packetizer();
  const depacketizer = formats[codec].depacketizer();
  const packet = new RtpPacket();
  let sequenceNumber = 65_500; // over the wrap
  return frames.map(({ timestamp, bytes }) => {
    packetizer.begin(bytes, 0, bytes.length);
    depacketizer.reset();
    const slot = new Uint8Array(PACKET_BYTES);
    for (let length: number; (length = packetizer.write(slot, HEADER_BYTES, PACKET_BYTES)) > 0; ) {
      writeRtpHeader(
        slot,
        0,
        PACKET_BYTES,
        packetizer.isLast,
        96,
        sequenceNumber++ & 0xffff,
        timestamp >>> 0,
        1,
      );
      assert(packet.read(slot, 0, HEADER_BYTES + length));
      assert(depacketizer.push(packet.bytes, packet.payloadAt, packet.payloadEnd));
    }
    assert(packet.marker && depacketizer.isWhole);
    return { timestamp, bytes: depacketizer.bytes.slice(0, depacketizer.length) };
  });
}

function framesOf(codec: Codec, file: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  if (codec === 'h264') return accessUnits(file);
  const reader = codec === 'opus' ? new OggOpusReader(file) : new IvfReader(file);
  while (reader.next()) {
    frames.push({ timestamp: reader.timestamp, bytes: reader.bytes.slice(reader.at, reader.end) });
  }
  return frames;
}

/** Every access unit begins with a delimiter (NAL unit type 9), as ffmpeg was told. */
function accessUnits(file: Uint8Array): Frame[] {
  const starts: number[] = [];
  for (let at = 0; at + 4 < file.length; at++) {
    if (file[at] === 0 && file[at + 1] === 0 && file[at + 2] === 1 && (file[at + 3]! & 0x1f) === 9)
      starts.push(at);
  }
  return starts.map((at, i) => ({
    timestamp: i * 3_000,
    bytes: file.slice(at, starts[i + 1] ?? file.length),
  }));
}

function fileOf(codec: Codec, original: Uint8Array, frames: readonly Frame[]): Uint8Array {
  if (codec === 'h264') return Buffer.concat(frames.map(({ bytes }) => bytes));
  if (codec === 'opus') {
    const source = new OggOpusReader(original);
    while (source.next()); // to the end, which may be in the middle of a packet
    const writer = new OggOpusWriter({ channels: 1, preSkip: source.preSkip });
    const pages = [writer.header()];
    for (const { timestamp, bytes } of frames) {
      const page = writer.push(bytes, 0, bytes.length, timestamp);
      if (page !== undefined) pages.push(page);
    }
    return Buffer.concat([...pages, writer.finish(source.granule)]);
  }
  const parts = [ivfHeader({ ...new IvfReader(original).header, frames: frames.length })];
  for (const { timestamp, bytes } of frames) {
    const head = new Uint8Array(12);
    writeIvfFrameHeader(head, 0, bytes.length, timestamp);
    parts.push(head, bytes);
  }
  return Buffer.concat(parts);
}
