export { RtpError, type RtpErrorCode } from './errors.ts';
export { isRtcp } from './packet/demultiplex.ts';
export { MAX_CSRCS, RTP_HEADER_BYTES, rtpHeaderEnd, writeRtpHeader } from './packet/rtp-header.ts';
export { ONE_BYTE_PROFILE, RtpPacket, TWO_BYTE_PROFILE } from './packet/rtp-packet.ts';
export { SequenceUnwrapper, TimestampUnwrapper } from './packet/unwrapper.ts';
