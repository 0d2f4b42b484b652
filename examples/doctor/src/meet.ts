// Two doctors meet: each connects to the other with the servers that it was told, and tells by which pair.

import { Failure } from '@millrace/example-send-file/failure';
import { invocationOf } from '@millrace/example-send-file/invocation';
import { Meeting, type MeetingRoom, type PeerLink } from '@millrace/example-send-file/meeting';
import type { MeetingPlace } from '@millrace/example-send-file/meeting-place';
import { connectionTrouble, type RTCDataChannel } from 'millrace';
import type { ConnectionFinding, Findings } from './findings.ts';
import { described, troubleOf } from './pair.ts';
import type { Server } from './server.ts';

/** Prints the invitation, if there is one. */
export function enter(place: MeetingPlace, output: NodeJS.WritableStream): MeetingRoom {
  const { room, invitations } = place;
  const [invitation] = invitations;
  if (invitation !== undefined)
    output.write(`The other side comes in with:\n\n  ${invocationOf('doctor')} '${invitation}'\n\n`);
  return room;
}

export interface MeetOptions {
  readonly room: MeetingRoom;
  /** Both sides are on this machine. */
  readonly isLocal: boolean;
  readonly servers: readonly Server[];
  readonly findings: Findings;
  /** Milliseconds from when the two have each other's descriptions. */
  readonly patience: number;
}

/** Milliseconds for the last word to arrive. */
const GOODBYE = 1_000;
const LOOK_EVERY = 250;
/** Milliseconds that the other side may be busy with itself. */
const EXAMINING = 120_000;
const HOUR = 3_600_000;

export async function meet({
  room,
  isLocal,
  servers,
  findings,
  patience,
}: MeetOptions): Promise<ConnectionFinding> {
  await using cleanup = new AsyncDisposableStack();
  // Neither a room nor a connection that is not there yet keeps a process alive.
  const alive = setInterval(() => {}, HOUR);
  cleanup.defer(() => clearInterval(alive));
  const working = servers.filter((_, i) => findings.servers[i]?.failure === undefined);
  const { promise, resolve, reject } = Promise.withResolvers<ConnectionFinding>();
  let isMet = false;
  let seen: ConnectionFinding['trouble'];
  const look = async ({ connection }: PeerLink): Promise<void> => {
    if (connection.connectionState !== 'closed')
      seen = connectionTrouble(await connection.getStats()) ?? seen;
  };
  const meeting = new Meeting(room, {
    labels: ['doctor'],
    maxPeers: 1,
    configuration: {
      iceServers: working.map(({ ice }) => ice),
      millrace: { loopback: isLocal },
    },
    onMet: (link) => {
      // The other side answers when it has been examined.
      let timer = setTimeout(() => fail(link), EXAMINING + patience);
      link.connection.addEventListener('signalingstatechange', () => {
        if (link.connection.signalingState !== 'stable') return;
        clearTimeout(timer);
        timer = setTimeout(() => fail(link), patience);
      });
      cleanup.defer(() => clearTimeout(timer));
      const looking = setInterval(() => look(link), LOOK_EVERY);
      cleanup.defer(() => clearInterval(looking));
      // Before the meeting gives the connection up, and with it what it knows.
      link.connection.addEventListener('iceconnectionstatechange', () => {
        if (link.connection.iceConnectionState === 'failed') fail(link);
      });
    },
    onChannel: (channel, link) => {
      greet(channel, link, () => (isMet = true)).then(resolve, () => fail(link));
    },
    onLost: (_, { message }) => {
      if (isMet) return;
      // What `fail` has found is told first.
      setImmediate(resolve, {
        name: 'other side',
        works: false,
        // The other side may be the first to give up.
        trouble: seen ?? { code: 'LEFT', message },
      } satisfies ConnectionFinding);
    },
  });
  cleanup.defer(() => meeting.close());
  const fail = (link: PeerLink): void => {
    const told = (trouble: ConnectionFinding['trouble'] & {}): void =>
      resolve({ name: 'other side', works: false, trouble });
    // A connection that is closed shows nothing any more.
    if (seen !== undefined && link.connection.connectionState === 'closed') told(seen);
    else troubleOf(link.connection).then(told, reject);
  };
  meeting.run().catch(reject);
  return await promise;
}

/** Each says that it has heard the other, so that neither leaves too early; `onHeard` is when this one has. */
async function greet(
  channel: RTCDataChannel,
  { connection }: PeerLink,
  onHeard: () => void,
): Promise<ConnectionFinding> {
  const messages = channel[Symbol.asyncIterator]();
  await channel.ready;
  channel.send('hello');
  const { done } = await messages.next();
  if (done) throw new Failure('the other side has closed the channel');
  onHeard();
  const finding = { name: 'other side', works: true, ...(await described(connection)) } as const;
  channel.send('heard');
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, GOODBYE);
  await Promise.race([messages.next(), late]).catch(() => {});
  clearTimeout(timer);
  return finding;
}
