// What the interceptors know of a stream, in the terms of the W3C's statistics (webrtc-stats): inbound-rtp,
// outbound-rtp, remote-inbound-rtp. Times are milliseconds of `now`, durations seconds, as there.
import type { KeyFrameRequests } from './key-frame-requests.ts';
import type { NackGenerator } from './nack-generator.ts';
import type { NackResponder } from './nack-responder.ts';
import type { Reports } from './reports.ts';
import type { RtpStream } from './stream.ts';

export interface InboundRtpStatistics {
  readonly type: 'inbound-rtp';
  readonly ssrc: number;
  readonly kind: 'audio' | 'video';
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  readonly headerBytesReceived: number;
  readonly packetsLost: number;
  /** Seconds. */
  readonly jitter: number;
  readonly lastPacketReceivedTimestamp: number;
  readonly retransmittedPacketsReceived: number;
  readonly retransmittedBytesReceived: number;
  readonly fecPacketsReceived: number;
  readonly fecBytesReceived: number;
  readonly nackCount: number;
  readonly pliCount: number;
  readonly firCount: number;
}

export interface OutboundRtpStatistics {
  readonly type: 'outbound-rtp';
  readonly ssrc: number;
  readonly kind: 'audio' | 'video';
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly headerBytesSent: number;
  readonly retransmittedPacketsSent: number;
  readonly retransmittedBytesSent: number;
  readonly nackCount: number;
  readonly pliCount: number;
  readonly firCount: number;
}

export interface RemoteInboundRtpStatistics {
  readonly type: 'remote-inbound-rtp';
  readonly ssrc: number;
  readonly kind: 'audio' | 'video';
  /** When the report came. */
  readonly timestamp: number;
  readonly packetsLost: number;
  readonly packetsReceived: number;
  readonly fractionLost: number;
  /** Seconds. */
  readonly jitter: number;
  /** Seconds; absent before the first measurement. */
  readonly roundTripTime?: number;
  readonly totalRoundTripTime: number;
  readonly roundTripTimeMeasurements: number;
}

export interface StatisticsSources {
  readonly reports: Reports;
  readonly nackGenerator?: NackGenerator | undefined;
  readonly nackResponder?: NackResponder | undefined;
  readonly keyFrameRequests?: KeyFrameRequests | undefined;
}

/** Of a remote stream; `undefined` if it is none of the chain's. */
export function inboundRtp(sources: StatisticsSources, stream: RtpStream): InboundRtpStatistics | undefined {
  const reception = sources.reports.reception(stream);
  if (reception === undefined) return undefined;
  return {
    type: 'inbound-rtp',
    ssrc: stream.ssrc,
    kind: stream.isAudio ? 'audio' : 'video',
    packetsReceived: reception.packets + reception.retransmittedPackets,
    bytesReceived: reception.payloadBytes,
    headerBytesReceived: reception.headerBytes,
    packetsLost: reception.lost,
    jitter: reception.jitter / reception.clockRate,
    lastPacketReceivedTimestamp: reception.lastPacketAt,
    retransmittedPacketsReceived: reception.retransmittedPackets,
    retransmittedBytesReceived: reception.retransmittedBytes,
    fecPacketsReceived: reception.fecPackets,
    fecBytesReceived: reception.fecBytes,
    nackCount: sources.nackGenerator?.nackCount(stream) ?? 0,
    pliCount: sources.keyFrameRequests?.pliCount(stream) ?? 0,
    firCount: sources.keyFrameRequests?.firCount(stream) ?? 0,
  };
}

/** Of a local stream; `undefined` if it is none of the chain's. */
export function outboundRtp(
  sources: StatisticsSources,
  stream: RtpStream,
): OutboundRtpStatistics | undefined {
  const transmission = sources.reports.transmission(stream);
  if (transmission === undefined) return undefined;
  return {
    type: 'outbound-rtp',
    ssrc: stream.ssrc,
    kind: stream.isAudio ? 'audio' : 'video',
    // webrtc-stats: packets and bytes sent include those sent again.
    packetsSent: transmission.packets + transmission.retransmittedPackets,
    bytesSent: transmission.payloadBytes + transmission.retransmittedBytes,
    headerBytesSent: transmission.headerBytes,
    retransmittedPacketsSent: transmission.retransmittedPackets,
    retransmittedBytesSent: transmission.retransmittedBytes,
    nackCount: sources.nackResponder?.nackCount(stream) ?? 0,
    pliCount: sources.keyFrameRequests?.pliCount(stream) ?? 0,
    firCount: sources.keyFrameRequests?.firCount(stream) ?? 0,
  };
}

/** What the peer reports of a local stream; `undefined` before its first report. */
export function remoteInboundRtp(
  sources: StatisticsSources,
  stream: RtpStream,
): RemoteInboundRtpStatistics | undefined {
  const transmission = sources.reports.transmission(stream);
  if (transmission === undefined || transmission.reports === 0) return undefined;
  const { roundTripTime } = transmission;
  return {
    type: 'remote-inbound-rtp',
    ssrc: stream.ssrc,
    kind: stream.isAudio ? 'audio' : 'video',
    timestamp: transmission.lastReportAt,
    packetsLost: transmission.packetsLost,
    packetsReceived: Math.max(0, transmission.packets - transmission.packetsLost),
    fractionLost: transmission.fractionLost,
    jitter: transmission.remoteJitter / stream.clockRate,
    ...(roundTripTime.samples > 0 && { roundTripTime: roundTripTime.latest / 1_000 }),
    totalRoundTripTime: roundTripTime.total / 1_000,
    roundTripTimeMeasurements: roundTripTime.samples,
  };
}
