export {
  SessionCache as DtlsSessionCache,
  type SessionCacheOptions as DtlsSessionCacheOptions,
} from '@millrace/dtls';
export type { IceParameters } from '@millrace/ice';
export type { CongestionControlName } from '@millrace/sctp';
export {
  type FingerprintHash,
  generateCertificate,
  RTCCertificate,
  type RTCDtlsFingerprint,
} from './certificate.ts';
export { exportCertificate, importCertificate, type PemCertificate } from './certificate-pem.ts';

export type { RTCDataChannelInit, RTCPriorityType } from './data-channel/init.ts';
export {
  RTCDataChannel,
  RTCDataChannelEvent,
  type RTCDataChannelEventMap,
  type RTCDataChannelState,
  type Sendable,
} from './data-channel/rtc-data-channel.ts';
export { type Diagnostics, diagnostics } from './diagnostics.ts';
export { RTCError, type RTCErrorDetailType, RTCErrorEvent, type RTCErrorInit } from './errors.ts';
export type {
  RTCRtpCapabilities,
  RTCRtpCodec,
  RTCRtpHeaderExtensionCapability,
} from './media/capabilities.ts';
export { type EncodedFrame, FrameReader, type FrameReaderOptions } from './media/frame-reader.ts';
export { FrameWriter, type FrameWriterInit } from './media/frame-writer.ts';
export type { PacketNumbers } from './media/packet-numbers.ts';
export type { RTCRtpTransceiverInit } from './media/peer-media.ts';
export {
  type RTCRtpContributingSource,
  RTCRtpReceiver,
  type RTCRtpSynchronizationSource,
} from './media/receiver.ts';
export {
  type RTCRtpCodecParameters,
  type RTCRtpEncodingParameters,
  type RTCRtpHeaderExtensionParameters,
  type RTCRtpParameters,
  RTCRtpSender,
  type RTCRtpSendParameters,
} from './media/sender.ts';
export { MediaStream } from './media/stream.ts';
export {
  MediaStreamTrack,
  type MediaStreamTrackInit,
  type RtpHandler,
  type RtpPacketSource,
} from './media/track.ts';
export { RTCTrackEvent, type RTCTrackEventInit } from './media/track-event.ts';
export { RTCRtpTransceiver, type RTCRtpTransceiverDirection } from './media/transceiver.ts';
export type { MuxDrop } from './mux/drops.ts';
export { UdpMuxError, type UdpMuxErrorCode } from './mux/errors.ts';
export type { UdpMuxOptions, UnknownUfragRequest } from './mux/options.ts';
export { UdpMux, type UdpMuxStats } from './mux/udp-mux.ts';
export type {
  AddressRewrite,
  CandidateOptions,
  LocalCandidateInfo,
} from './peer-connection/candidate-options.ts';
export type {
  MillraceConfiguration,
  RTCBundlePolicy,
  RTCConfiguration,
  RTCIceServer,
  RTCIceTransportPolicy,
  RTCRtcpMuxPolicy,
} from './peer-connection/configuration.ts';
export type { RTCPeerConnectionState } from './peer-connection/connection-state.ts';
export {
  type ConnectionTrouble,
  type ConnectionTroubleCode,
  connectionTrouble,
} from './peer-connection/connection-trouble.ts';
export type { RTCSignalingState } from './peer-connection/descriptions.ts';
export type {
  DtlsCipherSuite,
  DtlsConfiguration,
  DtlsGroup,
  DtlsVersion,
} from './peer-connection/dtls-configuration.ts';
export { RTCDtlsTransport, type RTCDtlsTransportState } from './peer-connection/dtls-transport.ts';
export type { RTCPeerConnectionEventMap } from './peer-connection/events.ts';
export {
  RTCIceCandidate,
  type RTCIceCandidateInit,
  type RTCIceCandidateType,
  type RTCIceComponent,
  type RTCIceProtocol,
  type RTCIceTcpCandidateType,
  type RTCLocalIceCandidateInit,
} from './peer-connection/ice-candidate.ts';
export {
  RTCPeerConnectionIceErrorEvent,
  type RTCPeerConnectionIceErrorEventInit,
  RTCPeerConnectionIceEvent,
  type RTCPeerConnectionIceEventInit,
} from './peer-connection/ice-event.ts';
export {
  type RTCIceCandidatePair,
  type RTCIceGathererState,
  type RTCIceParameters,
  type RTCIceRole,
  RTCIceTransport,
  type RTCIceTransportState,
} from './peer-connection/ice-transport.ts';
export {
  type RTCAnswerOptions,
  type RTCOfferOptions,
  RTCPeerConnection,
} from './peer-connection/peer-connection.ts';
export { RTCSctpTransport, type RTCSctpTransportState } from './peer-connection/sctp-transport.ts';
export type { SessionTimings } from './peer-connection/session.ts';
export {
  type RTCLocalSessionDescriptionInit,
  type RTCSdpType,
  RTCSessionDescription,
  type RTCSessionDescriptionInit,
} from './peer-connection/session-description.ts';
export type { SessionEnd } from './peer-connection/session-end.ts';
export type { RTCStats, RTCStatsReport } from './peer-connection/stats.ts';
export type { IceTcpPolicy } from './peer-connection/tcp-candidates.ts';
export {
  type AcceptOptions,
  type Answered,
  type ListenOptions,
  listen,
  type RTCServer,
  type RTCServerStats,
} from './server/server.ts';
export { type ExpiringCredentialOptions, expiringCredentials } from './servers/expiring-credentials.ts';
export type { PortRange } from './transport/port-range.ts';
