// Packets for tests, and two connections with media between them.
import { type RtpPacket, writeRtpHeader } from '@millrace/rtp';
import type { MediaStreamTrack, RTCPeerConnection, RtpPacketSource } from 'millrace';

const PATIENCE = 120_000; // ms

/** An RTP packet of `payload`, with numbers that follow from `index`. */
export function rtpPacket(
  payloadType: number,
  index: number,
  payload: Uint8Array,
  marker = true,
): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  writeRtpHeader(
    bytes,
    0,
    bytes.length,
    marker,
    payloadType,
    (1000 + index) & 0xffff,
    50_000 + index * 3000,
    7777,
  );
  bytes.set(payload, 12);
  return bytes;
}

export interface Received {
  readonly ssrc: number;
  readonly rid: string | null;
  readonly payloadType: number;
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly payload: string;
}

/** Keeps what comes on a track, as plain data. */
export function collect(track: MediaStreamTrack): Received[] {
  const all: Received[] = [];
  track.onrtp = (packet: RtpPacket, { rid }: RtpPacketSource) => {
    const { ssrc, payloadType, sequenceNumber, timestamp, bytes, headerEnd, payloadEnd } = packet;
    const payload = Buffer.from(bytes.subarray(headerEnd, payloadEnd)).toString();
    all.push({ ssrc, rid, payloadType, sequenceNumber, timestamp, payload });
  };
  return all;
}

/** Looks until `isSo`; the end of patience is there to say what has not come. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not within two minutes: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export function connected(...all: readonly RTCPeerConnection[]): Promise<void> {
  return until('connected', () => all.every(({ connectionState }) => connectionState === 'connected'));
}
