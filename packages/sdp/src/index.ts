export { addCandidate, type CandidateTarget, endCandidates, findSection } from './candidates.ts';
export { SdpError, type SdpErrorCode } from './errors.ts';
export { createAnswer, createOffer, type LocalDescriptionInit, nextOrigin } from './negotiation.ts';
export {
  DEFAULT_MAX_MESSAGE_SIZE,
  DEFAULT_SCTP_PORT,
  MAX_CANDIDATES,
  MAX_MEDIA_SECTIONS,
  MAX_SDP_CHARACTERS,
  MAX_SDP_LINES,
} from './options.ts';
export { parseSessionDescription } from './parse.ts';
export { formatSessionDescription } from './print.ts';
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
