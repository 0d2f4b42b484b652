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
export { AppPacket, appName, writeApp } from './rtcp/app.ts';
export { Bye, writeBye } from './rtcp/bye.ts';
export {
  CongestionControlFeedback,
  CongestionControlWriter,
  fromArrivalOffset,
  MAX_CCFB_REPORTS,
  OFFSET_OVER_RANGE,
  OFFSET_UNAVAILABLE,
  toArrivalOffset,
} from './rtcp/congestion-control-feedback.ts';
export {
  addDlrr,
  addReceiverReferenceTime,
  ExtendedReport,
  writeExtendedReport,
  XR_BLOCK,
} from './rtcp/extended-report.ts';
export { addMaxBitrate, MaxBitrate, Remb, writeRemb, writeTmmbn, writeTmmbr } from './rtcp/max-bitrate.ts';
export { addMissing, Nack, writeNack } from './rtcp/nack.ts';
export {
  fromNtpShort,
  ntpFraction,
  ntpSeconds,
  ntpShort,
  roundTripTime,
  toNtpShort,
  unixMillis,
} from './rtcp/ntp-time.ts';
export { addFirEntry, FullIntraRequest, writeFir, writePli } from './rtcp/picture-requests.ts';
export {
  addReportBlock,
  ReceiverReport,
  ReportBlock,
  SenderReport,
  writeReceiverReport,
  writeSenderReport,
} from './rtcp/reports.ts';
export {
  FEEDBACK_HEADER_BYTES,
  RTCP_HEADER_BYTES,
  RTCP_KIND,
  RTCP_TYPE,
  writeFeedback,
} from './rtcp/rtcp-header.ts';
export { RtcpReader } from './rtcp/rtcp-reader.ts';
export {
  addSourceChunk,
  SDES_ITEM,
  SourceDescription,
  writeSourceDescription,
} from './rtcp/source-description.ts';
export { TICKS_PER_MILLI, TransportWideFeedback } from './rtcp/transport-wide-feedback.ts';
export { TransportWideWriter } from './rtcp/transport-wide-writer.ts';
