// The sender's clock: frame after frame, each at its time whatever became of the one before.
import type { Settings } from '@millrace/bench-harness';
import { writeRtpHeader } from '@millrace/rtp';
import type { MediaStreamTrack } from 'millrace';
import {
  CLOCK_RATE,
  FRAMES_PER_SECOND,
  machineNow,
  PACKET_BYTES,
  PACKETS_PER_FRAME,
  writeStamp,
} from './stream.ts';

const HEADER_BYTES = 12;
const SSRC = 0x6d696c6c; // each sender puts its own in its place

/** Sends what warms up and then what counts; `onMeasuring` is called between the two. */
export async function sendFrames(
  track: MediaStreamTrack,
  payloadType: number,
  { packets, warmUpPackets }: Settings,
  onMeasuring: () => void,
): Promise<void> {
  const packet = new Uint8Array(PACKET_BYTES).fill(0x5a);
  const started = machineNow();
  let index = 0;
  for (let frame = 0; index < warmUpPackets! + packets!; frame++) {
    const due = started + (frame * 1000) / FRAMES_PER_SECOND;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - machineNow())));
    if (index === warmUpPackets) onMeasuring();
    const timestamp = Math.round((frame * CLOCK_RATE) / FRAMES_PER_SECOND) >>> 0;
    const writtenAt = machineNow();
    for (let i = 1; i <= PACKETS_PER_FRAME; i++, index++) {
      const isLast = i === PACKETS_PER_FRAME;
      writeRtpHeader(packet, 0, packet.length, isLast, payloadType, index & 0xffff, timestamp, SSRC);
      writeStamp(packet, HEADER_BYTES, index, writtenAt);
      track.writeRtp(packet);
    }
  }
}
