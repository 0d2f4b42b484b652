export { RtpError, type RtpErrorCode } from './errors.ts';
export {
  readAbsCaptureTime,
  readCaptureClockOffset,
  writeAbsCaptureTime,
} from './extensions/abs-capture-time.ts';
export { absSendTimeDelta, readAbsSendTime, writeAbsSendTime } from './extensions/abs-send-time.ts';
export { audioLevel, hasVoice, readAudioLevel, SILENCE, writeAudioLevel } from './extensions/audio-level.ts';
export {
  dependencyTemplateId,
  frameNumber,
  isEndOfFrame,
  isStartOfFrame,
  readDependencyDescriptor,
} from './extensions/dependency-descriptor.ts';
export { EXTENSION_URIS, ExtensionMap, type ExtensionName } from './extensions/extension-map.ts';
export {
  MAX_PLAYOUT_DELAY,
  maxPlayoutDelay,
  minPlayoutDelay,
  readPlayoutDelay,
  writePlayoutDelay,
} from './extensions/playout-delay.ts';
export { ExtensionTexts, isExtensionText, readExtensionText } from './extensions/text.ts';
export {
  readTransportSequenceNumber,
  writeTransportSequenceNumber,
} from './extensions/transport-sequence-number.ts';
export {
  isBackCamera,
  isFlipped,
  readVideoOrientation,
  rotation,
  writeVideoOrientation,
} from './extensions/video-orientation.ts';
export { isRtcp } from './packet/demultiplex.ts';
export { MAX_CSRCS, RTP_HEADER_BYTES, rtpHeaderEnd, writeRtpHeader } from './packet/rtp-header.ts';
export { ONE_BYTE_PROFILE, RtpPacket, TWO_BYTE_PROFILE } from './packet/rtp-packet.ts';
export { SequenceUnwrapper, TimestampUnwrapper } from './packet/unwrapper.ts';
