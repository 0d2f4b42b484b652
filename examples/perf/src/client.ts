// The client: finds the server in the room, says what is to be measured, and measures.
import { Failure } from '@millrace/example-send-file/failure';
import { Meeting } from '@millrace/example-send-file/meeting';
import type { MeetingPlace } from '@millrace/example-send-file/meeting-place';
import { measure } from './measurement.ts';
import type { Parameters } from './parameters.ts';
import { CONTROL, Peer } from './peer.ts';
import type { Interval, Result } from './result.ts';

export interface ClientOptions {
  readonly parameters: Parameters;
  /** Milliseconds in which somebody who is there must be connected. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** The server is connected. */
  onConnected(): Promise<void>;
  /** The server serves another client; this one's turn will come. */
  onWait(): void;
  onInterval(interval: Interval): void;
}

export async function runClient(place: MeetingPlace, options: ClientOptions): Promise<Result> {
  const { signal, parameters } = options;
  const found = Promise.withResolvers<Peer>();
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => {});
  signal.addEventListener('abort', () => interrupted.reject(signal.reason));
  if (signal.aborted) throw signal.reason;
  let patience: NodeJS.Timeout | undefined;
  const meeting = new Meeting(place.room, {
    labels: [CONTROL],
    configuration: { iceServers: place.iceServers, millrace: { loopback: place.isLocal } },
    onMet: () => {
      const late = `no direct connection to the server within ${options.timeout / 1000} s`;
      patience ??= setTimeout(() => found.reject(new Failure(late)), options.timeout);
    },
    onChannel: (channel, link) => {
      if (channel.label !== CONTROL) return;
      const peer = new Peer(link, channel);
      isServer(peer).then(
        (isTheServer) => (isTheServer ? found.resolve(peer) : link.close()),
        () => link.close(), // whoever it was
      );
    },
    onLost: (_link, reason) => {
      if (meeting.links.size === 0) found.reject(reason);
    },
  });
  meeting.run().catch(found.reject); // whoever is connected does not need the room
  try {
    const peer = await Promise.race([found.promise, interrupted.promise]);
    clearTimeout(patience);
    return await Promise.race([converse(peer, parameters, options), interrupted.promise]);
  } finally {
    clearTimeout(patience);
    meeting.close();
  }
}

/** Other clients may be in the room. */
async function isServer(peer: Peer): Promise<boolean> {
  await peer.greet('client');
  return (await peer.greeted()) === 'server';
}

async function converse(peer: Peer, parameters: Parameters, options: ClientOptions): Promise<Result> {
  const { control } = peer;
  await options.onConnected();
  await control.say('plan', { ...parameters });
  let answer = await control.expect(['accept', 'wait']);
  if (answer.type === 'wait') {
    options.onWait();
    answer = await control.expect(['accept']);
  }
  const measured = await peer.openChannels(parameters);
  await control.expect(['begin']);
  const result = await measure(measured, parameters, options.onInterval);
  await peer.close();
  return result;
}
