// Frames to packets and back, one format a file.
export { AV1_CLOCK_RATE, Av1Depacketizer, type Av1DepacketizerOptions, Av1Packetizer } from './av1.ts';
export { PayloadError, type PayloadErrorCode } from './errors.ts';
export {
  H264_CLOCK_RATE,
  H264Depacketizer,
  H264Packetizer,
  type H264PacketizerOptions,
} from './h264.ts';
export {
  isOpusStereo,
  OPUS_CLOCK_RATE,
  OpusDepacketizer,
  OpusPacketizer,
  opusSamples,
} from './opus.ts';
export {
  DEFAULT_MAX_FRAME_BYTES,
  type Depacketizer,
  type DepacketizerOptions,
  LEAST_ROOM,
  type Packetizer,
} from './payload-format.ts';
export {
  isVp8KeyFrame,
  VP8_CLOCK_RATE,
  Vp8Depacketizer,
  Vp8Descriptor,
  Vp8Packetizer,
  type Vp8PacketizerOptions,
  vp8Height,
  vp8Width,
} from './vp8.ts';
export {
  parseVp9FrameHeader,
  VP9_CLOCK_RATE,
  Vp9Depacketizer,
  Vp9Descriptor,
  type Vp9FrameHeader,
  Vp9Packetizer,
  type Vp9PacketizerOptions,
} from './vp9.ts';
