// How each codec's frames lie in packets, for readers and writers of frames.
import type { RtpPacket } from '@millrace/rtp';
import {
  Av1Depacketizer,
  Av1Packetizer,
  type Depacketizer,
  H264Depacketizer,
  H264Packetizer,
  type Packetizer,
  Vp8Depacketizer,
  Vp8Packetizer,
  Vp9Depacketizer,
  Vp9Packetizer,
} from '@millrace/rtp/payload';

export interface FrameFormat {
  readonly packetizer: () => Packetizer;
  readonly depacketizer: (maxFrameBytes: number) => Depacketizer;
  /** Whether a packet begins a frame, where the payload tells. */
  readonly isFrameStart: ((packet: RtpPacket) => boolean) | undefined;
}

const FORMATS: ReadonlyMap<string, FrameFormat> = new Map([
  [
    'vp8',
    {
      packetizer: () => new Vp8Packetizer(),
      depacketizer: (maxFrameBytes) => new Vp8Depacketizer({ maxFrameBytes }),
      // RFC 7741 §4.2: S, and partition 0.
      isFrameStart: (packet) => (firstByte(packet) & 0x17) === 0x10,
    },
  ],
  [
    'vp9',
    {
      packetizer: () => new Vp9Packetizer(),
      depacketizer: (maxFrameBytes) => new Vp9Depacketizer({ maxFrameBytes }),
      // RFC 9628 §4.2: B.
      isFrameStart: (packet) => (firstByte(packet) & 0x08) !== 0,
    },
  ],
  [
    'h264',
    {
      packetizer: () => new H264Packetizer(),
      depacketizer: (maxFrameBytes) => new H264Depacketizer({ maxFrameBytes }),
      isFrameStart: undefined,
    },
  ],
  [
    'av1',
    {
      packetizer: () => new Av1Packetizer(),
      depacketizer: (maxFrameBytes) => new Av1Depacketizer({ maxFrameBytes }),
      // Z tells a continued OBU, but not the first packet of a temporal unit from a later one.
      isFrameStart: undefined,
    },
  ],
] as const satisfies ReadonlyArray<readonly [string, FrameFormat]>);

/** Of a video codec by its name in SDP; `undefined` for one whose packets are not understood here. */
export function frameFormat(name: string): FrameFormat | undefined {
  return FORMATS.get(name.toLowerCase());
}

function firstByte(packet: RtpPacket): number {
  return packet.payloadEnd > packet.payloadAt ? packet.bytes[packet.payloadAt]! : 0;
}
