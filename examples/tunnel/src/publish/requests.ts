// The requests of one channel, one after another.
import { Lane, type LaneUser, type WireChannel } from '../wire/lane.ts';
import { Forwarding } from './forwarding.ts';
import type { Service } from './service.ts';

export function serveRequests(channel: WireChannel, service: Service): void {
  const rest: LaneUser = {
    onBytes: (bytes) => {
      // The answer before has not been sent to its end, so the other side can't know of one.
      if (lane.isBlocked) lane.close('protocol');
      else new Forwarding(lane, service).begin(bytes);
    },
    onControl: () => lane.close(),
    onRoom: () => {},
    onClosed: () => {},
  };
  const lane: Lane = new Lane(channel, rest);
  service.channels++;
  channel.addEventListener('close', () => service.channels--);
}
