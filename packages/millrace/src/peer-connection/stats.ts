// getStats() (W3C webrtc-pc §8, webrtc-stats): one dictionary per object, by id. Members that begin with
// `millrace` are ours: what every layer dropped and why, and what SCTP knows of the path.
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { DataChannels } from '@millrace/datachannel';
import type { Candidate, CandidatePair } from '@millrace/ice';
import type { RTCDataChannel } from '../data-channel/rtc-data-channel.ts';
import { addMediaStats } from '../media/media-stats.ts';
import type { Transceivers } from '../media/transceivers.ts';
import { mdnsDrops } from '../transport/mdns-limits.ts';
import type { Session } from './session.ts';

export interface RTCStats {
  readonly id: string;
  readonly timestamp: number;
  readonly type: string;
  readonly [member: string]: unknown;
}

export type RTCStatsReport = ReadonlyMap<string, RTCStats>;

/** Gives each object its id: the same in every report, and never that of another. */
export class StatsIds {
  #ids: WeakMap<object, string> | undefined;
  #next = 0;

  of(prefix: string, subject: object): string {
    this.#ids ??= new WeakMap();
    let id = this.#ids.get(subject);
    if (id === undefined) this.#ids.set(subject, (id = `${prefix}${this.#next++}`));
    return id;
  }
}

/** What concerns some senders and receivers alone. */
export function mediaReport(
  ids: StatsIds,
  session: Session,
  transceivers: Transceivers,
  isWanted: (core: object) => boolean,
): RTCStatsReport {
  const report = new Map<string, RTCStats>();
  const timestamp = performance.timeOrigin + performance.now();
  addMediaStats(ids, session.media, transceivers, isWanted, (type, id, members) => {
    report.set(id, { id, timestamp, type, ...members });
    return id;
  });
  return report;
}

/** `open` holds the channels of this moment; the counts are those since the connection was made. */
export function statsReport(
  ids: StatsIds,
  session: Session,
  channels: DataChannels,
  open: Iterable<RTCDataChannel>,
  dataChannelsOpened: number,
  dataChannelsClosed: number,
  transceivers: Transceivers,
): RTCStatsReport {
  const report = new Map<string, RTCStats>();
  const timestamp = performance.timeOrigin + performance.now();
  const add = (type: string, id: string, members: Record<string, unknown>): string => {
    report.set(id, { id, timestamp, type, ...members });
    return id;
  };
  add('peer-connection', 'P', { dataChannelsOpened, dataChannelsClosed });
  for (const channel of open) {
    const { label, protocol, id, readyState, bufferedAmount } = channel;
    const members = { label, protocol, dataChannelIdentifier: id, state: readyState };
    add('data-channel', ids.of('D', channel), { ...members, millraceBufferedAmount: bufferedAmount });
  }
  const { localCandidates, remoteCandidates, pairs, drops, ...checks } = session.agent.stats;
  for (const candidate of localCandidates) {
    const told = session.told(candidate);
    add('local-candidate', ids.of('L', candidate), { ...candidateMembers(told), ...session.sourceOf(told) });
  }
  for (const candidate of remoteCandidates)
    add('remote-candidate', ids.of('R', candidate), candidateMembers(candidate));
  for (const pair of pairs) add('candidate-pair', ids.of('C', pair), pairMembers(pair, ids));
  const { selectedPair } = session.agent;
  add('transport', 'T', {
    ...transportMembers(session, add),
    ...(session.media && { millraceTargetBitrate: session.media.media.estimate.bitsPerSecond }),
    selectedCandidatePairId: selectedPair && ids.of('C', selectedPair),
    millraceIceChecks: checks,
    millraceSped: {
      datagramsSent: session.sped.datagramsSent,
      datagramsReceived: session.sped.datagramsReceived,
    },
    millraceDrops: {
      driver: { ...session.driver.drops.counts },
      ice: { ...drops },
      tcp: { ...session.tcpDrops },
      mdns: { ...mdnsDrops.counts }, // of the whole process
      sped: { ...session.sped.drops.counts },
      ...layerDrops(session),
      dataChannels: { ...channels.drops.counts },
    },
  });
  addMediaStats(ids, session.media, transceivers, () => true, add);
  if (session.association) add('sctp-transport', 'S', { transportId: 'T', ...sctpMembers(session) });
  return report;
}

function candidateMembers(candidate: Candidate): Record<string, unknown> {
  return {
    transportId: 'T',
    address: candidate.address,
    port: candidate.port,
    protocol: candidate.transport,
    candidateType: candidate.type,
    priority: candidate.priority,
    foundation: candidate.foundation,
    relatedAddress: candidate.relatedAddress,
    relatedPort: candidate.relatedPort,
    usernameFragment: candidate.usernameFragment,
    tcpType: candidate.tcpType,
  };
}

const seconds = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : milliseconds / 1000;

function pairMembers(pair: CandidatePair, ids: StatsIds): Record<string, unknown> {
  return {
    transportId: 'T',
    localCandidateId: ids.of('L', pair.local),
    remoteCandidateId: ids.of('R', pair.remote),
    state: pair.state,
    nominated: pair.nominated,
    currentRoundTripTime: seconds(pair.currentRoundTripTime),
    totalRoundTripTime: seconds(pair.totalRoundTripTime),
    requestsSent: pair.requestsSent,
    requestsReceived: pair.requestsReceived,
    responsesSent: pair.responsesSent,
    responsesReceived: pair.responsesReceived,
    consentRequestsSent: pair.consentRequestsSent,
    packetsSent: pair.packetsSent,
    packetsReceived: pair.packetsReceived,
    bytesSent: pair.bytesSent,
    bytesReceived: pair.bytesReceived,
  };
}

function transportMembers(
  { driver, agent, dtls, negotiated, selectedPairChanges }: Session,
  add: (type: string, id: string, members: Record<string, unknown>) => string,
): Record<string, unknown> {
  const local = dtls?.ownCertificate;
  const remote = dtls?.remoteCertificate;
  return {
    packetsSent: driver.packetsSent,
    packetsReceived: driver.packetsReceived,
    bytesSent: driver.bytesSent,
    bytesReceived: driver.bytesReceived,
    iceRole: negotiated ? agent.role : 'unknown',
    iceLocalUsernameFragment: agent.localParameters.usernameFragment,
    iceState: agent.state,
    dtlsState: dtls?.state ?? 'new',
    dtlsRole: negotiated?.dtlsRole ?? 'unknown',
    tlsVersion: dtls?.tlsVersion,
    dtlsCipher: dtls?.cipherSuite,
    millraceKeyExchangeGroup: dtls?.group,
    millraceDtls: dtls && {
      helloRetries: dtls.helloRetries,
      isResumed: dtls.isResumed,
      keyUpdates: dtls.keyUpdates,
    },
    selectedCandidatePairChanges: selectedPairChanges,
    localCertificateId: local && add('certificate', 'Y', certificateMembers(local)),
    remoteCertificateId: remote && add('certificate', 'X', certificateMembers(remote)),
  };
}

function certificateMembers(der: Uint8Array): Record<string, unknown> {
  const digest = createHash('sha256').update(der).digest('hex').toUpperCase();
  return {
    fingerprint: digest.replace(/..(?=.)/g, '$&:'),
    fingerprintAlgorithm: 'sha-256',
    base64Certificate: Buffer.from(der).toString('base64'),
  };
}

function sctpMembers({ association }: Session): Record<string, unknown> {
  if (!association) return {};
  const { smoothedRoundTripTime, congestionWindow, peerWindow, mtu, drops: _, ...rest } = association.stats;
  return {
    smoothedRoundTripTime: seconds(smoothedRoundTripTime),
    congestionWindow,
    receiverWindow: peerWindow,
    mtu,
    unackData: rest.bytesInFlight,
    millraceSctp: { ...rest, isSignaled: association.isSignaled },
  };
}

function layerDrops({ dtls, association, media }: Session): Record<string, unknown> {
  return {
    ...(media && {
      media: { ...media.drops.counts },
      srtp: media.srtpDrops,
      rtp: { ...media.chain.drops.counts },
    }),
    dtls: dtls && { ...dtls.drops },
    sctp: association && { ...association.stats.drops },
  };
}
