// The server: does what clients ask for, one after another.
import { EXIT, Failure } from '@millrace/example-send-file/failure';
import { Meeting, type PeerLink } from '@millrace/example-send-file/meeting';
import type { MeetingPlace } from '@millrace/example-send-file/meeting-place';
import { measure } from './measurement.ts';
import { checkedParameters, type Parameters } from './parameters.ts';
import { CONTROL, Peer } from './peer.ts';
import type { Interval, Result } from './result.ts';

export interface ServerOptions {
  /** End after one measurement. */
  readonly once: boolean;
  readonly signal: AbortSignal;
  onClient(parameters: Parameters): void;
  onInterval(interval: Interval): void;
  onResult(result: Result): void;
  /** A client has gone or was refused. */
  onFailure(reason: Error): void;
}

/** Clients that are being served or wait for it; further ones are not answered. */
const MAX_CLIENTS = 16;
/** Milliseconds in which a client must have said what it wants, and again in which it must have opened its channels. */
const PATIENCE = 10_000;

/** Until it is interrupted, the room is lost, or one client is served if `once` says so: then it throws if that failed. */
export async function runServer(place: MeetingPlace, options: ServerOptions): Promise<void> {
  const over = Promise.withResolvers<void>();
  const { signal } = options;
  signal.addEventListener('abort', () => over.reject(signal.reason));
  if (signal.aborted) throw signal.reason;
  const peers = new Map<PeerLink, Peer>();
  let [turn, waiting] = [Promise.resolve(), 0];
  const onPeer = (peer: Peer): void => {
    const isBusy = waiting++ > 0;
    greet(peer, isBusy).catch(() => {}); // its turn will show
    turn = turn.then(async () => {
      try {
        await serve(peer, options);
        if (options.once) over.resolve();
      } catch (error) {
        if (error instanceof NoClient) return;
        if (options.once) over.reject(error);
        else if (!signal.aborted) options.onFailure(error as Error);
      } finally {
        waiting--;
        peers.delete(peer.link);
        peer.link.close();
      }
    });
  };
  const meeting = new Meeting(place.room, {
    labels: [CONTROL],
    maxPeers: MAX_CLIENTS,
    configuration: { iceServers: place.iceServers, millrace: { loopback: place.isLocal } },
    onChannel: (channel, link) => {
      if (channel.label !== CONTROL) peers.get(link)?.adopt(channel);
      else if (!peers.has(link)) {
        const peer = new Peer(link, channel);
        peers.set(link, peer);
        channel.ready.then(
          () => onPeer(peer),
          () => peers.delete(link),
        );
      }
    },
    onLost: (link) => peers.delete(link),
  });
  meeting.run().catch(over.reject);
  try {
    await over.promise;
  } finally {
    meeting.close();
  }
}

/** Not one to be served: another server, or what did not say anything. */
class NoClient extends Error {}

async function greet(peer: Peer, isBusy: boolean): Promise<void> {
  await peer.greet('server');
  if (isBusy) await peer.control.say('wait');
}

async function serve(peer: Peer, options: ServerOptions): Promise<void> {
  const { control } = peer;
  const asked = await inTime(
    peer.greeted().then((role) => (role === 'client' ? control.expect(['plan']) : undefined)),
    () => new NoClient(),
  );
  if (!asked) throw new NoClient();
  let parameters: Parameters;
  try {
    parameters = checkedParameters(asked);
  } catch (error) {
    await control.say('refuse', { reason: (error as Error).message });
    await peer.close();
    throw error;
  }
  options.onClient(parameters);
  await control.say('accept');
  const slow = new Failure('the client has not opened its channels in time', EXIT.failed);
  const measured = await inTime(peer.awaitChannels(parameters), () => slow);
  await control.say('begin');
  const result = await measure(measured, parameters, options.onInterval);
  options.onResult(result);
  await peer.close();
}

async function inTime<T>(work: Promise<T>, reason: () => Error): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(reason()), PATIENCE);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
