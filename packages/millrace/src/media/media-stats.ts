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
  const statistics = path.media.inboundRtp(stream);
  if (!statistics) return;
  const { type, lastPacketReceivedTimestamp, ...members } = statistics;
  const { rid } = stream.tag as IncomingStream;
  add(type, ids.of('I', stream), {
    transportId: 'T',
    ...members,
    ...more,
    ...(rid !== null && { rid }),
    lastPacketReceivedTimestamp: performance.timeOrigin + lastPacketReceivedTimestamp,
  });
}

function addOutbound(ids: StatsIds, path: RtpPath, stream: RtpStream, more: object, add: Add): void {
  const statistics = path.media.outboundRtp(stream);
  if (!statistics) return;
  const localId = ids.of('O', stream);
  const { type, ...members } = statistics;
  add(type, localId, { transportId: 'T', ...members, ...more });
  const reported = path.media.remoteInboundRtp(stream);
  if (!reported) return;
  const { type: kind, timestamp, ...rest } = reported;
  add(kind, `${localId}R`, {
    transportId: 'T',
    ...rest,
    localId,
    timestamp: performance.timeOrigin + timestamp,
  });
}
