// VP9 payloads (RFC 9628) to pictures and back.
import { Vp9Depacketizer, Vp9Packetizer } from '@millrace/rtp/payload';
import { payloadTarget } from './payloads.ts';
import type { FuzzTarget } from './target.ts';

const HEADER = [0x82, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf0, 0x16, 0x70];
const frames = [10, 250].map((length) => Uint8Array.from({ length }, (_, i) => HEADER[i] ?? i & 0x7f));

export const target: FuzzTarget = payloadTarget(
  'vp9',
  new Vp9Packetizer(),
  (maxFrameBytes) => new Vp9Depacketizer({ maxFrameBytes }),
  frames,
);
