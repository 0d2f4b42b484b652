// Why there is no connection (yet, or any more), in words for whoever looks at it: read from a report of getStats(), so that
// it can be asked at any time, and of a report that came from somewhere else. ICE as RFC 8445 §7 and §8 has it.
import type { RTCStats, RTCStatsReport } from './stats.ts';

export type ConnectionTroubleCode =
  | 'NO_LOCAL_CANDIDATES'
  | 'NO_REMOTE_CANDIDATES'
  | 'NO_PAIRS'
  | 'WRONG_CREDENTIALS'
  | 'NO_ANSWERS'
  | 'ONE_WAY'
  | 'NOT_NOMINATED'
  | 'LOST'
  | 'DTLS_FAILED'
  | 'DTLS_NO_ANSWER';

export interface ConnectionTrouble {
  readonly code: ConnectionTroubleCode;
  readonly message: string;
}

const MESSAGES: Readonly<Record<ConnectionTroubleCode, string>> = {
  NO_LOCAL_CANDIDATES:
    'this side has no candidate: no network interface is up, a filter takes every address away, or only relays may be used and no TURN server gave one',
  NO_REMOTE_CANDIDATES:
    'the other side has sent no candidate: its signaling did not arrive, or it found none',
  NO_PAIRS:
    'no candidate of this side fits one of the other side: one may have IPv4 alone, and the other IPv6',
  WRONG_CREDENTIALS:
    'what arrives is meant for another connection: the descriptions do not belong together, or one was applied that is out of date',
  NO_ANSWERS:
    'nothing comes back from any address of the other side: a NAT or firewall on either side loses it, or the other side is gone',
  ONE_WAY:
    'the other side reaches this one, but nothing that this side sends is answered: outgoing traffic, or its answers, are blocked',
  NOT_NOMINATED: 'a path works, but the other side, which has to choose one, has chosen none',
  LOST: 'the connection worked, and then nothing came any more: the network has changed, or the other side is gone',
  DTLS_FAILED:
    'a path was found, but the DTLS handshake on it has failed: it leads to another peer than the descriptions name, or the two have no version or cipher in common; the promise closed of the connection tells which',
  DTLS_NO_ANSWER: 'a path was found, but nobody on it takes part in the DTLS handshake',
};

/**
 * What stands in the way of the connection that `report` is of; `undefined` if nothing does, or nothing shows yet. Asked
 * while a connection is being made, it tells what has been seen so far.
 */
export function connectionTrouble(report: RTCStatsReport): ConnectionTrouble | undefined {
  const code = troubleCode(report);
  return code && { code, message: MESSAGES[code] };
}

function troubleCode(report: RTCStatsReport): ConnectionTroubleCode | undefined {
  const all = [...report.values()];
  const of = (type: string): RTCStats[] => all.filter((each) => each.type === type);
  const [transport] = of('transport');
  if (transport === undefined) return undefined;
  const { iceState, dtlsState, selectedCandidatePairChanges } = transport;
  // A failed handshake closes all below it.
  if (dtlsState === 'failed') return 'DTLS_FAILED';
  if (iceState === 'closed' || (dtlsState === 'closed' && iceState !== 'failed')) return undefined;
  const isUp = iceState === 'connected' || iceState === 'completed';
  if (isUp) return dtlsState === 'connected' ? undefined : 'DTLS_NO_ANSWER';
  // DTLS inside STUN may be done before a pair has been selected, and where none ever is.
  if (Number(selectedCandidatePairChanges) > 0) return 'LOST';
  if (of('local-candidate').length === 0) return 'NO_LOCAL_CANDIDATES';
  if (of('remote-candidate').length === 0) return 'NO_REMOTE_CANDIDATES';
  const pairs = of('candidate-pair');
  if (pairs.length === 0) return 'NO_PAIRS';
  const sum = (name: string): number => pairs.reduce((total, pair) => total + Number(pair[name] ?? 0), 0);
  const ice = (transport.millraceDrops as { ice?: Record<string, number> } | undefined)?.ice ?? {};
  if ((ice['bad-integrity'] ?? 0) + (ice['wrong-username'] ?? 0) > 0) return 'WRONG_CREDENTIALS';
  if (sum('responsesReceived') > 0) return 'NOT_NOMINATED';
  if (sum('requestsSent') === 0) return undefined;
  return sum('requestsReceived') > 0 ? 'ONE_WAY' : 'NO_ANSWERS';
}
