// What stands between a socket and an application: retransmission, reports, bandwidth estimation.

export { BandwidthEstimate, type BandwidthEstimateOptions } from './bandwidth/bandwidth-estimate.ts';
export { BandwidthFeedback, type BandwidthFeedbackDrop } from './bandwidth-feedback.ts';
export { type ChainDrop, type ChainOptions, InterceptorChain, type Pacer, type RtcpLead } from './chain.ts';
export {
  ExtendedReports,
  type ExtendedReportsDrop,
  type ExtendedReportsOptions,
} from './extended-reports.ts';
export type { ChainContext, ChainSink, Interceptor } from './interceptor.ts';
export {
  KeyFrameRequests,
  type KeyFrameRequestsDrop,
  type KeyFrameRequestsOptions,
} from './key-frame-requests.ts';
export { LeakyBucketPacer, type LeakyBucketPacerOptions } from './leaky-bucket-pacer.ts';
export { MediaChain, type MediaChainOptions } from './media-chain.ts';
export { NackGenerator, type NackGeneratorDrop, type NackGeneratorOptions } from './nack-generator.ts';
export { NackResponder, type NackResponderDrop, type NackResponderOptions } from './nack-responder.ts';
export { PacketHistory } from './packet-history.ts';
export { Reception } from './reception.ts';
export {
  type RedDrop,
  RedReceiver,
  type RedundancyListener,
  type RepairListener,
  writeRedundantBlockHeader,
} from './red-receiver.ts';
export { FlexfecHeader, UlpfecHeader } from './repair-headers.ts';
export { Reports, type ReportsDrop, type ReportsOptions } from './reports.ts';
export { RoundTripTime } from './round-trip-time.ts';
export { type RtxDrop, RtxReceiver } from './rtx-receiver.ts';
export {
  type InboundRtpStatistics,
  inboundRtp,
  type OutboundRtpStatistics,
  outboundRtp,
  type RemoteInboundRtpStatistics,
  remoteInboundRtp,
  type StatisticsSources,
} from './statistics.ts';
export { type Feedback, type PayloadInfo, RtpStream, type StreamInfo } from './stream.ts';
export { Transmission } from './transmission.ts';
export {
  TransportFeedback,
  type TransportFeedbackDrop,
  type TransportFeedbackOptions,
} from './transport-feedback.ts';
export {
  TransportStamper,
  type TransportStamperDrop,
  type TransportStamperOptions,
} from './transport-stamper.ts';
