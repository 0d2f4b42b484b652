// H.264 payloads (RFC 6184) to access units and back.
import { H264Depacketizer, H264Packetizer } from '@millrace/rtp/payload';
import { payloadTarget } from './payloads.ts';
import type { FuzzTarget } from './target.ts';

const HEADER = [0, 0, 0, 1, 0x67, 0x11, 0, 0, 1, 0x65];
const frames = [10, 250].map((length) => Uint8Array.from({ length }, (_, i) => HEADER[i] ?? i & 0x7f));

export const target: FuzzTarget = payloadTarget(
  'h264',
  new H264Packetizer(),
  (maxFrameBytes) => new H264Depacketizer({ maxFrameBytes }),
  frames,
);
