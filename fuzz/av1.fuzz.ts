// AV1 payloads (RTP payload format for AV1) to temporal units and back.
import { Av1Depacketizer, Av1Packetizer } from '@millrace/rtp/payload';
import { payloadTarget } from './payloads.ts';
import type { FuzzTarget } from './target.ts';

const HEADER = [0x12, 0x00, 0x0a, 0x01, 0x01, 0x30];
const frames = [10, 250].map((length) => Uint8Array.from({ length }, (_, i) => HEADER[i] ?? i & 0x7f));

export const target: FuzzTarget = payloadTarget(
  'av1',
  new Av1Packetizer(),
  (maxFrameBytes) => new Av1Depacketizer({ maxFrameBytes }),
  frames,
);
