export { isUsable, transportSection, transportSections } from './bundle.ts';
export { addCandidate, type CandidateTarget, endCandidates, findSection } from './candidates.ts';
export { SdpError, type SdpErrorCode } from './errors.ts';
export {
  createAnswer,
  createOffer,
  type LocalDescriptionInit,
  nextOrigin,
  RENOMINATION,
  type RtpSectionInit,
} from './negotiation.ts';
export {
  DEFAULT_MAX_MESSAGE_SIZE,
  DEFAULT_SCTP_PORT,
  ICE_OPTIONS,
  MAX_CANDIDATES,
  MAX_HEADER_EXTENSIONS,
  MAX_MEDIA_SECTIONS,
  MAX_RIDS,
  MAX_SDP_CHARACTERS,
  MAX_SDP_LINES,
  MAX_SOURCES,
} from './options.ts';
export { parseSessionDescription } from './parse.ts';
export { formatSessionDescription } from './print.ts';
export {
  commonCodecs,
  commonDirection,
  isReceiving,
  isSameCodec,
  isSending,
  reversedDirection,
} from './rtp/answer.ts';
export {
  formatParameter,
  type HeaderExtension,
  isRtpSection,
  type Msid,
  type Rid,
  type RtpCodec,
  type RtpDescription,
  type RtpSource,
  repeatedPayloadType,
  type SimulcastStreams,
  type SourceGroup,
} from './rtp/description.ts';
export { readRtp } from './rtp/read.ts';
export { writeRtp } from './rtp/write.ts';
export {
  type Attribute,
  type Direction,
  type DtlsRole,
  dataSection,
  type Fingerprint,
  type IceCredentials,
  isDataSection,
  type MediaSection,
  type Origin,
  type SessionDescription,
  type Setup,
} from './session.ts';
export { answerSetup, dtlsRole, offerSetup } from './setup.ts';
export {
  checkAnswer,
  checkOffer,
  isIceRestart,
  maxSendSize,
  strongFingerprints,
} from './validation.ts';
