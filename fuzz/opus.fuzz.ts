// Opus payloads (RFC 7587) and packets.
import { OpusDepacketizer, OpusPacketizer } from '@millrace/rtp/payload';
import { payloadTarget } from './payloads.ts';
import type { FuzzTarget } from './target.ts';

const HEADER = [0xf8, 0x01];
const frames = [10, 250].map((length) => Uint8Array.from({ length }, (_, i) => HEADER[i] ?? i & 0x7f));

export const target: FuzzTarget = payloadTarget(
  'opus',
  new OpusPacketizer(),
  (maxFrameBytes) => new OpusDepacketizer({ maxFrameBytes }),
  frames,
);
