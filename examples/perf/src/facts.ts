// What getStats() and the process tell of a measurement: the path, its encryption, the work it took.
import { diagnostics, type RTCPeerConnection, type RTCStats } from 'millrace';
import { type Message, numberIn, objectIn } from './control.ts';

export interface Place {
  readonly type: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

export interface PathFacts {
  readonly kind: 'direct' | 'through a NAT' | 'relayed';
  readonly local: Place;
  readonly remote: Place;
}

export interface SecurityFacts {
  /** `1.2` or `1.3`. */
  readonly dtls: string;
  readonly cipher: string;
  /** What the keys were agreed on with. */
  readonly group: string;
}

/** What one side knows of its own. Times in milliseconds. */
export interface SideFacts {
  /** Seconds of CPU, and their share of the time in percent; 100 is one core. */
  readonly cpu: { readonly user: number; readonly system: number; readonly percent: number };
  readonly transport: {
    readonly packetsSent: number;
    readonly packetsReceived: number;
    readonly bytesSent: number;
    readonly bytesReceived: number;
    readonly retransmissions: number;
    readonly timeouts: number;
    readonly fastRecoveries: number;
    readonly roundTripTime: number;
    readonly congestionWindow: number;
    readonly mtu: number;
  };
}

const DTLS_VERSIONS: Readonly<Record<string, string>> = { FEFD: '1.2', FEFC: '1.3' };

/** Which cryptography and which sockets this side has. */
export const engine = (): string => diagnostics().transport;

/** Begins to measure this process; the result is what it has used since. */
export function startCpuMeter(): () => SideFacts['cpu'] {
  const [before, started] = [process.cpuUsage(), performance.now()];
  return () => {
    const { user, system } = process.cpuUsage(before);
    const percent = (user + system) / 10 / (performance.now() - started);
    return { user: user / 1e6, system: system / 1e6, percent };
  };
}

export async function connectionFacts(
  connection: RTCPeerConnection,
): Promise<{ path: PathFacts; security: SecurityFacts; transport: SideFacts['transport'] }> {
  const stats = await connection.getStats();
  const of = (id: unknown): Partial<RTCStats> => stats.get(String(id)) ?? {};
  const [transport, sctp] = [of('T'), of('S')];
  const pair = of(transport.selectedCandidatePairId);
  const [local, remote] = [placeOf(of(pair.localCandidateId)), placeOf(of(pair.remoteCandidateId))];
  const { retransmittedChunks, timeouts, fastRecoveries } = Object(sctp.millraceSctp);
  return {
    path: { kind: kindOf(local.type, remote.type), local, remote },
    security: {
      dtls: DTLS_VERSIONS[String(transport.tlsVersion)] ?? 'unknown',
      cipher: String(transport.dtlsCipher ?? 'unknown'),
      group: String(transport.millraceKeyExchangeGroup ?? 'unknown'),
    },
    transport: {
      packetsSent: count(transport.packetsSent),
      packetsReceived: count(transport.packetsReceived),
      bytesSent: count(transport.bytesSent),
      bytesReceived: count(transport.bytesReceived),
      retransmissions: count(retransmittedChunks),
      timeouts: count(timeouts),
      fastRecoveries: count(fastRecoveries),
      roundTripTime: count(sctp.smoothedRoundTripTime) * 1000,
      congestionWindow: count(sctp.congestionWindow),
      mtu: count(sctp.mtu),
    },
  };
}

/** What the other side has told. */
export function readSideFacts(message: Message): SideFacts {
  const [cpu, transport] = [objectIn(message, 'cpu'), objectIn(message, 'transport')];
  const of = (member: keyof SideFacts['transport']): number => numberIn(transport, member);
  return {
    cpu: {
      user: numberIn(cpu, 'user'),
      system: numberIn(cpu, 'system'),
      percent: numberIn(cpu, 'percent'),
    },
    transport: {
      packetsSent: of('packetsSent'),
      packetsReceived: of('packetsReceived'),
      bytesSent: of('bytesSent'),
      bytesReceived: of('bytesReceived'),
      retransmissions: of('retransmissions'),
      timeouts: of('timeouts'),
      fastRecoveries: of('fastRecoveries'),
      roundTripTime: of('roundTripTime'),
      congestionWindow: of('congestionWindow'),
      mtu: of('mtu'),
    },
  };
}

function placeOf({ candidateType, protocol, address, port }: Partial<RTCStats>): Place {
  return {
    type: String(candidateType ?? 'unknown'),
    protocol: String(protocol ?? 'unknown'),
    address: String(address ?? ''),
    port: count(port),
  };
}

function kindOf(...types: string[]): PathFacts['kind'] {
  if (types.includes('relay')) return 'relayed';
  return types.includes('srflx') || types.includes('prflx') ? 'through a NAT' : 'direct';
}

const count = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
