// What stands between a socket and an application: retransmission, reports, bandwidth estimation.
export { type ChainDrop, type ChainOptions, InterceptorChain, type Pacer, type RtcpLead } from './chain.ts';
export type { ChainContext, ChainSink, Interceptor } from './interceptor.ts';
export { NackGenerator, type NackGeneratorDrop, type NackGeneratorOptions } from './nack-generator.ts';
export { NackResponder, type NackResponderDrop, type NackResponderOptions } from './nack-responder.ts';
export { PacketHistory } from './packet-history.ts';
export { Reception } from './reception.ts';
export { Reports, type ReportsDrop, type ReportsOptions } from './reports.ts';
export { RoundTripTime } from './round-trip-time.ts';
export { type RtxDrop, RtxReceiver } from './rtx-receiver.ts';
export { type Feedback, type PayloadInfo, RtpStream, type StreamInfo } from './stream.ts';
export { Transmission } from './transmission.ts';
