// Every tunable with its default, unit and section (RFC 9260 unless another RFC is named); `DEFAULTS` says why each is
// what it is.
import type { BufferPool } from '@millrace/buffer-pool';
import type { Millis, RandomSource } from '@millrace/sans-io';
import { SctpError } from './errors.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { type Checksum, crc32c } from './packet/crc32c.ts';
import type { PacketTrace } from './trace.ts';
import type { CongestionControlFactory } from './tx/congestion/congestion-control.ts';
import { type CongestionControlName, congestionControlOf } from './tx/congestion/registry.ts';
import { SCHEDULERS, type SchedulerFactory, type SchedulerName } from './tx/scheduler.ts';

export interface SctpOptions {
  /** Source of tags, initial TSNs and nonces: cryptographically secure in production. */
  readonly random: RandomSource;
  /** A keyed MAC (HMAC-SHA-256, say) over the state cookie; the key never leaves the caller. §5.1.3 */
  readonly cookieMac: (bytes: Uint8Array) => Uint8Array;
  /** SCTP port of this side. Default: 5000. RFC 8841 §5.1 */
  readonly localPort?: number;
  /** SCTP port of the peer. Default: 5000. */
  readonly remotePort?: number;
  /**
   * The packet size, checksum and padding included, that every path is taken to carry: where the discovery of the path
   * MTU begins and what it falls back to. Bytes; default: 1160. RFC 8899 §5.1.2 BASE_PLPMTU
   */
  readonly mtu?: number;
  /** The longest packet worth probing for until `setPath` tells. With the same as `mtu` (the default) there is no search. */
  readonly maxMtu?: number;
  /**
   * Bytes of messages an association has been given to send before it begins to search: one that carries little needs no longer
   * packets, and none of the probes. RFC 8899 has probing begin at once. Default: 0.
   */
  readonly probeAfterBytes?: number;
  /** The longest packet that we take, in bytes, which a peer of this kind is told. Default: 16384. */
  readonly largestPacket?: number;
  /** A round-trip time already known (from ICE), in ms: seeds RTO and T1. Default: none. */
  readonly roundTripTime?: Millis;
  /** Bytes of received data we are ready to hold at first: a_rwnd. Default: 1 MiB, or `maxMessageSize` if that is more. */
  readonly receiveWindow?: number;
  /** How far the receive window may grow. Default: 64 MiB, or `receiveWindow` if only that is given. */
  readonly maxReceiveWindow?: number;
  /** Memory shared with other associations. Default: none but the association's own limits. */
  readonly memory?: MemoryBudget;
  /**
   * Where messages wait to be sent and acknowledged: made by `createMessagePool`. One pool for all associations of the
   * process (1 GiB at most) unless given. When it is dry, `send` throws QUEUE_FULL.
   */
  readonly messagePool?: BufferPool;
  /** Told of every packet. Default: nobody is. */
  readonly trace?: PacketTrace;
  /** Bytes that may wait in the send queue before `send` throws QUEUE_FULL. Default: 16 MiB. */
  readonly sendQueueLimit?: number;
  /** Longest message accepted from the peer, in bytes; longer ones are discarded and reported. Default: 256 KiB. */
  readonly maxMessageSize?: number;
  /** Outgoing streams asked for. Default: 65535. RFC 8831 §6.2 */
  readonly outboundStreams?: number;
  /** Incoming streams taken at most. Default: 65535. */
  readonly inboundStreams?: number;
  /** RTO before a round trip has been measured, in ms. Default: 1000. §16 RTO.Initial */
  readonly rtoInitial?: Millis;
  /** Least RTO, in ms. Default: 300. §16 RTO.Min */
  readonly rtoMin?: Millis;
  /** Greatest RTO, in ms. Default: 60000. §16 RTO.Max */
  readonly rtoMax?: Millis;
  /** By how much the RTO exceeds the smoothed round trip at least, in ms. Default: 220. */
  readonly rttVarianceFloor?: Millis;
  /** Doubling stops here (unless a measured RTO is longer), in ms. Default: 3000. §6.3.3 E2 */
  readonly backoffMax?: Millis;
  /** Least T1, which repeats the handshake, where `roundTripTime` is given, in ms. Default: 50. */
  readonly t1Min?: Millis;
  /** How often INIT and COOKIE ECHO are repeated. Default: 20. §16 Max.Init.Retransmits */
  readonly maxInitRetransmits?: number;
  /** Errors of the path in a row after which the peer is taken for gone. Default: 16. §16 Association.Max.Retrans */
  readonly maxRetransmits?: number;
  /** Idle time before a HEARTBEAT, in ms. Default: 30000. §16 HB.interval */
  readonly heartbeatInterval?: Millis;
  /** How long a state cookie is valid, in ms. Default: 60000. §16 Valid.Cookie.Life */
  readonly cookieLife?: Millis;
  /** Longest a shutdown may take, in ms. Default: 30000. §9.2 T5-shutdown-guard */
  readonly shutdownGuard?: Millis;
  /** Longest delay of a SACK, in ms. Default: 200. §6.2 */
  readonly ackDelay?: Millis;
  /** How long a cork holds messages back before it comes out by itself, in ms. Default: 200. */
  readonly corkLimit?: Millis;
  /** Initial congestion window, in packets. Default: 10. §7.2.1 */
  readonly initialWindowPackets?: number;
  /** Packets that may leave at once beyond what was in flight, where nothing is paced. Default: 16. §6.1 D Max.Burst */
  readonly maxBurst?: number;
  /** DATA chunks sent and not acknowledged. Default: 131072. */
  readonly maxOutstandingChunks?: number;
  /** How far ahead of the cumulative TSN a DATA chunk of the peer may lie. Default: 131072. */
  readonly maxTsnSpan?: number;
  /** Gap blocks in one SACK. Default: 128. */
  readonly maxGapBlocks?: number;
  /** Separate runs of TSNs remembered beyond the cumulative TSN. Default: 32768. */
  readonly maxTrackedGaps?: number;
  /** Duplicate TSNs reported in one SACK. Default: 20. */
  readonly maxDuplicateTsns?: number;
  /** Control chunks (HEARTBEAT ACK, ERROR, ...) that may wait to be sent; more are dropped. Default: 64. */
  readonly maxPendingControl?: number;
  /** Offer to interleave messages of different streams. Default: true. RFC 8260 */
  readonly interleaving?: boolean;
  /** Bytes of interleaved messages that are not whole which may be held beyond the receive window. Default: 16 MiB. */
  readonly maxUnfinishedBytes?: number;
  /** Offer, and take, reports of what came last beside SACKs that cannot list all. Only between two of us. Default: true. */
  readonly latestTsns?: boolean;
  /** Offer to do without checksums (RFC 9653). Only where the lower layer is DTLS, or protects packets as well. Default: false. */
  readonly zeroChecksum?: boolean;
  /** CRC32c over a packet. Default: tables in JavaScript. §6.8 */
  readonly checksum?: Checksum;
  /** By name, or a factory of one's own. Default: `'bbr'`. */
  readonly congestionControl?: CongestionControlName | CongestionControlFactory;
  /** Which stream sends next. Default: `'weighted-fair'`. RFC 8260 §3 */
  readonly scheduler?: SchedulerName | SchedulerFactory;
  /** Fixed for tests. Default: random. */
  readonly initialTsn?: number;
  /** Fixed for tests. Default: random. */
  readonly initiateTag?: number;
}

/** All options, each with a value; the two fixed numbers stay optional. */
export type ResolvedOptions = Required<
  Omit<
    SctpOptions,
    'memory' | 'messagePool' | 'trace' | 'roundTripTime' | 'initialTsn' | 'initiateTag' | 'congestionControl'
  >
> &
  Pick<SctpOptions, 'memory' | 'messagePool' | 'trace' | 'roundTripTime' | 'initialTsn' | 'initiateTag'> & {
    readonly congestionControl: CongestionControlFactory;
  };

/** What has no default: it must be given, or is not known. */
type Undefaulted =
  | 'random'
  | 'cookieMac'
  | 'maxMtu'
  | 'memory'
  | 'messagePool'
  | 'trace'
  | 'roundTripTime'
  | 'initialTsn'
  | 'initiateTag';
type Defaults = Readonly<Required<Omit<SctpOptions, Undefaulted>>>;

/** The value of each option that is not given. */
export const DEFAULTS: Defaults = {
  /** Port both ends of a WebRTC association use unless SDP says otherwise. RFC 8841 §5.1 */
  localPort: 5000,
  remotePort: 5000,
  /**
   * A UDP payload of 1200 bytes fits every 1280-byte path with a tunnel in between; DTLS 1.2 with an AEAD takes
   * 13 + 8 + 16 of them; the rest is rounded down to a multiple of 4. RFC 8831 §5, RFC 9260 §7.3
   */
  mtu: 1160,
  probeAfterBytes: 0,
  /** The longest plaintext of a DTLS record. RFC 6347 §4.1.1 */
  largestPacket: 16_384,
  /** What a sender in slow start fills after seven round trips; by then the window has grown. §3.3.2 */
  receiveWindow: 1024 * 1024,
  /** Twice the bandwidth-delay product of 1 Gbit/s and 200 ms, and something for what waits behind a loss. */
  maxReceiveWindow: 64 * 1024 * 1024,
  sendQueueLimit: 16 * 1024 * 1024,
  /** What browsers announce in SDP as `max-message-size`. RFC 8841 §6 */
  maxMessageSize: 256 * 1024,
  /** RFC 8831 §6.2: 65535 of each. A stream costs nothing until it is used. */
  outboundStreams: 65_535,
  inboundStreams: 65_535,
  /** §16 RTO.Initial. */
  rtoInitial: 1_000,
  /**
   * Deviation: §16 RTO.Min is 1 s. dcSCTP runs with 400 ms, usrsctp in libdatachannel with 200 ms. 300 ms with
   * the variance floor below stays above the 200 ms by which a peer may delay a SACK on any path.
   */
  rtoMin: 300,
  /** §16 RTO.Max. */
  rtoMax: 60_000,
  /** RTO is at least the smoothed round trip plus this: a delayed SACK (200 ms) is no loss. */
  rttVarianceFloor: 220,
  /**
   * Deviation: §6.3.3 E2 doubles up to RTO.Max. Doubling stops here (unless a measured RTO is longer), as in
   * libwebrtc: after an outage that ICE survives, data flows again within 3 s rather than a minute.
   */
  backoffMax: 3_000,
  /** T1 is a quarter more than the round trip of the seed, and a little, but at least this. */
  t1Min: 50,
  /** Deviation: §16 Max.Init.Retransmits is 8. With the shorter timers above, 20 lasts about 50 s. */
  maxInitRetransmits: 20,
  /** Deviation: §16 Association.Max.Retrans is 10. 16 lasts about 43 s, so ICE consent (30 s) gives up first. */
  maxRetransmits: 16,
  /** §16 HB.interval. */
  heartbeatInterval: 30_000,
  /** §16 Valid.Cookie.Life. */
  cookieLife: 60_000,
  /** T5-shutdown-guard. §9.2 recommends 5 times RTO.Max; ours follows the shorter back-off. */
  shutdownGuard: 30_000,
  /** §6.2: at most 500 ms, 200 ms recommended. */
  ackDelay: 200,
  /** As long as a SACK may be delayed, and as TCP_CORK lasts in Linux. */
  corkLimit: 200,
  /** Deviation: §7.2.1 allows 4380 bytes. 10 packets as RFC 6928 gives TCP, and as dcSCTP and usrsctp do. */
  initialWindowPackets: 10,
  /**
   * §6.1 D, Max.Burst, in packets. Deviation: 16 in place of 4, counted on top of what was in flight before the
   * SACK, because one SACK here answers a whole batch of packets.
   */
  maxBurst: 16,
  /**
   * Chunks that may be outstanding: 1 Gbit/s for a second. A peer without LATEST TSNS can tell of no more than 65,535,
   * which is how far a gap block reaches with its 16 bits. §3.3.4
   */
  maxOutstandingChunks: 131_072,
  /** How far ahead of the cumulative TSN a DATA chunk may lie. */
  maxTsnSpan: 131_072,
  /** Gap blocks in one SACK. */
  maxGapBlocks: 128,
  /**
   * Separate runs of TSNs held beyond the cumulative TSN: every second chunk of as many as a gap block reaches over, which is
   * more than 1 Gbit/s and 200 ms with its queue have under way. Memory is taken as there are any, eight bytes for each.
   */
  maxTrackedGaps: 32_768,
  /** Duplicate TSNs reported in one SACK. */
  maxDuplicateTsns: 20,
  /** Control chunks (HEARTBEAT ACK, ERROR, ...) that may wait to be sent. */
  maxPendingControl: 64,
  /** RFC 8260; messages then no longer wait behind long ones of other streams. */
  interleaving: true,
  /** 64 messages of the largest size at a time. RFC 8260 §2.2.3 leaves it open. */
  maxUnfinishedBytes: 16 * 1024 * 1024,
  /** Costs nothing until a SACK has more to tell than it can list. */
  latestTsns: true,
  /** RFC 9653: off, because an association does not know what is below it. */
  zeroChecksum: false,
  checksum: crc32c,
  /** Fills lossy paths, where the others send at a small part: docs/performance.md, 'Congestion control'. */
  congestionControl: 'bbr',
  /** Shares by priority (`setStreamPriority`), equal ones unless told otherwise. RFC 8831 §6.4 */
  scheduler: 'weighted-fair',
};

/** Largest state cookie taken from a peer and echoed, in bytes. usrsctp sends about 500, dcSCTP about 30. */
export const MAX_COOKIE_BYTES = 1_024;
/** Most bytes of an error cause or of an abort reason that are kept, sent or echoed. */
export const MAX_CAUSE_BYTES = 512;
/**
 * Beyond the receive window only the chunk that moves the cumulative TSN is taken, up to this many bytes more, or
 * up to a message of the largest size: with less, a window filled behind a long lost message would never empty.
 */
export const WINDOW_SLACK = 65_536;
/** What an interleaved message costs while some of it is missing, beside its fragments. */
export const PARTIAL_MESSAGE_BYTES = 192;
/** What a piece of data costs beside its payload while it is held for order or reassembly. */
export const HELD_OVERHEAD = 64;
/** Longest INIT chunk taken from signaling, in bytes. dcSCTP's has 30, ours about 50. */
export const MAX_SIGNALED_INIT_BYTES = 1_024;
/** Most by which a Cookie Preservative may lengthen the life of a cookie. §3.3.2.1 */
export const MAX_COOKIE_EXTENSION: Millis = 60_000;
/** A packet must have room for the longest control chunk of ours, which is an ABORT with MAX_CAUSE_BYTES. */
const MIN_MTU = 576;
/** Chunk lengths have 16 bits. */
export const MAX_MTU = 0xfffc;

export function resolveOptions(options: SctpOptions): ResolvedOptions {
  const resolved: Record<string, unknown> = { ...DEFAULTS };
  for (const [name, value] of Object.entries(options)) if (value !== undefined) resolved[name] = value;
  // A message that does not fit in the window could never be put together.
  const { maxMessageSize = DEFAULTS.maxMessageSize } = options;
  resolved.receiveWindow = options.receiveWindow ?? Math.max(DEFAULTS.receiveWindow, maxMessageSize);
  resolved.maxReceiveWindow =
    options.maxReceiveWindow ??
    options.receiveWindow ??
    Math.max(DEFAULTS.maxReceiveWindow, resolved.receiveWindow as number);
  const all = resolved as unknown as ResolvedOptions;
  requireRange('localPort', all.localPort, 1, 0xffff);
  requireRange('remotePort', all.remotePort, 1, 0xffff);
  requireRange('mtu', all.mtu, MIN_MTU, MAX_MTU);
  requireRange('maxMtu', options.maxMtu ?? all.mtu, all.mtu, MAX_MTU);
  requireRange('probeAfterBytes', all.probeAfterBytes, 0, 2 ** 31);
  requireRange('largestPacket', all.largestPacket, MIN_MTU, MAX_MTU);
  requireRange('outboundStreams', all.outboundStreams, 1, 0xffff);
  requireRange('inboundStreams', all.inboundStreams, 1, 0xffff);
  requireRange('maxMessageSize', all.maxMessageSize, 1, 2 ** 30);
  requireRange('receiveWindow', all.receiveWindow, Math.max(1_500, all.maxMessageSize), 0xffff_ffff);
  requireRange('maxReceiveWindow', all.maxReceiveWindow, all.receiveWindow, 0xffff_ffff);
  requireRange('sendQueueLimit', all.sendQueueLimit, 1, 2 ** 31);
  requireRange('maxGapBlocks', all.maxGapBlocks, 1, (MIN_MTU - 128) >> 1);
  requireRange('maxDuplicateTsns', all.maxDuplicateTsns, 0, 20);
  requireRange('maxUnfinishedBytes', all.maxUnfinishedBytes, 0, 2 ** 31);
  if (typeof all.scheduler !== 'function' && !Object.hasOwn(SCHEDULERS, all.scheduler))
    throw new SctpError('BAD_OPTION', `no scheduler is called ${all.scheduler}`);
  requireRange('maxOutstandingChunks', all.maxOutstandingChunks, 1, 2 ** 20);
  requireRange('maxTsnSpan', all.maxTsnSpan, 1, 2 ** 30);
  return {
    ...all,
    mtu: all.mtu & ~3,
    maxMtu: (options.maxMtu ?? all.mtu) & ~3,
    congestionControl: congestionControlOf(options.congestionControl ?? DEFAULTS.congestionControl),
  };
}

function requireRange(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high))
    throw new SctpError('BAD_OPTION', `${name} must lie in ${low}..${high}, not ${value}`);
}
