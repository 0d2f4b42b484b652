// What getStats() says of audio and video (W3C webrtc-stats §6.3 to §6.8): one dictionary per stream.
import type { RtpStream } from '@millrace/rtp/interceptors';
import type { StatsIds } from '../peer-connection/stats.ts';
import type { IncomingStream } from './incoming.ts';
import type { RtpPath } from './media-path.ts';
import type { Transceivers } from './transceivers.ts';

type Add = (type: string, id: string, members: Record<string, unknown>) => string;

export function addMediaStats(
  ids: StatsIds,
  path: RtpPath | undefined,
  { all }: Transceivers,
  isWanted: (core: object) => boolean,
  add: Add,
): void {
  if (!path) return;
  for (const { sender, receiver, mid } of all) {
    if (isWanted(sender))
      for (const { stream, rid, parameters } of sender.encodings)
        if (stream)
          addOutbound(ids, path, stream, { mid, rid: rid ?? undefined, active: parameters.active }, add);
    if (!isWanted(receiver) || !receiver.section) continue;
    const { track } = receiver;
    for (const stream of path.incoming.streamsOf(receiver.section))
      addInbound(ids, path, stream, { mid, trackIdentifier: track.id }, add);
  }
}

function addInbound(ids: StatsIds, path: RtpPath, stream: RtpStream, more: object, add: Add): void {
  const reception = path.reports.reception(stream);
  if (!reception) return;
  const { rid } = stream.tag as IncomingStream;
  add('inbound-rtp', ids.of('I', stream), {
    ...common(stream),
    ...more,
    ...(rid !== null && { rid }),
    packetsReceived: reception.packets,
    bytesReceived: reception.payloadBytes,
    headerBytesReceived: reception.headerBytes,
    jitter: reception.jitter / reception.clockRate,
    retransmittedPacketsReceived: reception.retransmittedPackets,
    retransmittedBytesReceived: reception.retransmittedBytes,
    lastPacketReceivedTimestamp: performance.timeOrigin + reception.lastPacketAt,
  });
}

function addOutbound(ids: StatsIds, path: RtpPath, stream: RtpStream, more: object, add: Add): void {
  const transmission = path.reports.transmission(stream);
  if (!transmission) return;
  const localId = ids.of('O', stream);
  add('outbound-rtp', localId, {
    ...common(stream),
    ...more,
    packetsSent: transmission.packets,
    bytesSent: transmission.payloadBytes,
    headerBytesSent: transmission.headerBytes,
    retransmittedPacketsSent: transmission.retransmittedPackets,
    retransmittedBytesSent: transmission.retransmittedBytes,
  });
  if (transmission.reports === 0) return;
  add('remote-inbound-rtp', `${localId}R`, {
    ...common(stream),
    localId,
    packetsLost: transmission.packetsLost,
    fractionLost: transmission.fractionLost,
    jitter: transmission.remoteJitter / stream.clockRate,
    roundTripTime: transmission.roundTripTime.latest / 1000,
    totalRoundTripTime: transmission.roundTripTime.total / 1000,
    roundTripTimeMeasurements: transmission.roundTripTime.samples,
  });
}

function common(stream: RtpStream): Record<string, unknown> {
  return { transportId: 'T', ssrc: stream.ssrc, kind: stream.isAudio ? 'audio' : 'video' };
}
