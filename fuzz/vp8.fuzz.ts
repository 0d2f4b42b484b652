// VP8 payloads (RFC 7741) to frames and back.
import { Vp8Depacketizer, Vp8Packetizer } from '@millrace/rtp/payload';
import { payloadTarget } from './payloads.ts';
import type { FuzzTarget } from './target.ts';

const HEADER = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];
const frames = [10, 250].map((length) => Uint8Array.from({ length }, (_, i) => HEADER[i] ?? i & 0x7f));

export const target: FuzzTarget = payloadTarget(
  'vp8',
  new Vp8Packetizer(),
  (maxFrameBytes) => new Vp8Depacketizer({ maxFrameBytes }),
  frames,
);
