// The usual chain of a WebRTC transport, composed: reports, retransmission both ways, transport-wide feedback both ways,
// bandwidth estimate and pacer, key-frame requests, and the user's own interceptors next to the application.
import type { Millis, RandomSource } from '@millrace/sans-io';
import { BandwidthEstimate, type BandwidthEstimateOptions } from './bandwidth/bandwidth-estimate.ts';
import { BandwidthFeedback } from './bandwidth-feedback.ts';
import { InterceptorChain } from './chain.ts';
import { ExtendedReports } from './extended-reports.ts';
import type { Interceptor } from './interceptor.ts';
import { KeyFrameRequests, type KeyFrameRequestsOptions } from './key-frame-requests.ts';
import { LeakyBucketPacer, type LeakyBucketPacerOptions } from './leaky-bucket-pacer.ts';
import { NackGenerator, type NackGeneratorOptions } from './nack-generator.ts';
import { NackResponder, type NackResponderOptions } from './nack-responder.ts';
import { RedReceiver } from './red-receiver.ts';
import { Reports } from './reports.ts';
import { RoundTripTime } from './round-trip-time.ts';
import { RtxReceiver } from './rtx-receiver.ts';
import {
  type InboundRtpStatistics,
  inboundRtp,
  type OutboundRtpStatistics,
  outboundRtp,
  type RemoteInboundRtpStatistics,
  remoteInboundRtp,
} from './statistics.ts';
import type { RtpStream } from './stream.ts';
import { TransportFeedback, type TransportFeedbackOptions } from './transport-feedback.ts';
import { TransportStamper } from './transport-stamper.ts';

export interface MediaChainOptions {
  readonly random: RandomSource;
  /** The canonical name in reports, the same for all streams of one source. RFC 7022. */
  readonly cname: string;
  /** Milliseconds from 1970 to the zero of `now`. Default: 0. */
  readonly wallClockOffset?: number | undefined;
  /** RFC 5506: agreed on in SDP (rtcp-rsize). Default: false. */
  readonly reducedSize?: boolean | undefined;
  /** Mean time between reports. Milliseconds, default: 1000. */
  readonly reportInterval?: Millis | undefined;
  /** SSRC that feedback carries while there is no local stream. Default: 1. */
  readonly ownSsrc?: number | undefined;
  /** Streams that may be announced at once, local and remote each. Default: 256. */
  readonly maxStreams?: number | undefined;
  /** Bytes of packets that wait to be sent. Default: 1 MiB. */
  readonly queueBytes?: number | undefined;
  /** The same in packets. Default: 2048. */
  readonly queuePackets?: number | undefined;
  /** Longest packet sent. Bytes, default: 1500. */
  readonly maxPacketBytes?: number | undefined;
  /** The round-trip time until one is measured (ICE may know it). Milliseconds, default: 100. */
  readonly roundTripTime?: Millis | undefined;
  /** Each of these parts says its own defaults. */
  readonly bandwidth?: BandwidthEstimateOptions | undefined;
  /** `false`: packets leave at once. Default: at the pace of the bandwidth estimate. */
  readonly pacer?: LeakyBucketPacerOptions | false | undefined;
  readonly nackGenerator?: NackGeneratorOptions | undefined;
  readonly nackResponder?: NackResponderOptions | undefined;
  readonly transportFeedback?: TransportFeedbackOptions | undefined;
  readonly keyFrameRequests?: KeyFrameRequestsOptions | undefined;
  /** The user's own, next to the application, in their order from the wire. Default: none. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

/** The usual interceptors of a WebRTC transport in their order, and what they share. */
export class MediaChain {
  readonly chain: InterceptorChain;
  readonly roundTripTime: RoundTripTime;
  readonly estimate: BandwidthEstimate;
  readonly reports: Reports;
  readonly nackGenerator: NackGenerator;
  readonly nackResponder: NackResponder;
  readonly rtxReceiver: RtxReceiver;
  readonly redReceiver: RedReceiver;
  readonly keyFrameRequests: KeyFrameRequests;
  readonly transportFeedback: TransportFeedback;
  readonly transportStamper: TransportStamper;

  constructor(options: MediaChainOptions) {
    const { random, cname, wallClockOffset, reportInterval, reducedSize } = options;
    const roundTripTime = new RoundTripTime(options.roundTripTime ?? 100);
    this.roundTripTime = roundTripTime;
    this.estimate = new BandwidthEstimate(roundTripTime, options.bandwidth);
    this.reports = new Reports(roundTripTime, {
      cname,
      wallClockOffset,
      interval: reportInterval,
      reducedSize,
    });
    this.nackGenerator = new NackGenerator(roundTripTime, options.nackGenerator);
    this.nackResponder = new NackResponder(roundTripTime, options.nackResponder);
    this.rtxReceiver = new RtxReceiver();
    this.redReceiver = new RedReceiver();
    this.keyFrameRequests = new KeyFrameRequests(options.keyFrameRequests);
    this.transportFeedback = new TransportFeedback(options.transportFeedback);
    this.transportStamper = new TransportStamper(this.estimate);
    this.chain = new InterceptorChain(
      [
        this.transportFeedback,
        this.transportStamper,
        this.reports,
        new ExtendedReports(roundTripTime, { wallClockOffset, interval: reportInterval }),
        new BandwidthFeedback(this.estimate),
        this.rtxReceiver,
        this.nackGenerator,
        this.nackResponder,
        this.redReceiver,
        this.keyFrameRequests,
        ...(options.interceptors ?? []),
      ],
      {
        random,
        lead: this.reports,
        pacer: options.pacer === false ? undefined : new LeakyBucketPacer(this.estimate, options.pacer),
        ownSsrc: options.ownSsrc,
        maxStreams: options.maxStreams,
        queueBytes: options.queueBytes,
        queuePackets: options.queuePackets,
        maxPacketBytes: options.maxPacketBytes,
      },
    );
  }

  /** Of a remote stream. */
  inboundRtp(stream: RtpStream): InboundRtpStatistics | undefined {
    return inboundRtp(this, stream);
  }

  /** Of a local stream. */
  outboundRtp(stream: RtpStream): OutboundRtpStatistics | undefined {
    return outboundRtp(this, stream);
  }

  /** What the peer reports of a local stream. */
  remoteInboundRtp(stream: RtpStream): RemoteInboundRtpStatistics | undefined {
    return remoteInboundRtp(this, stream);
  }
}
