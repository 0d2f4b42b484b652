// One direct connection to the first peer in a room, with one channel for a file: opened, and ended in good order.
import type { RTCConfiguration, RTCDataChannel } from 'millrace';
import { Failure } from './failure.ts';
import { Meeting, type PeerLink } from './meeting.ts';
import type { MeetingPlace } from './meeting-place.ts';
import { Watchdog } from './watchdog.ts';

export interface FileSession {
  readonly channel: RTCDataChannel;
  /** The messages of the channel, none of them missing. */
  readonly messages: AsyncIterator<unknown>;
  readonly link: PeerLink;
  /** Closes the channel once everything has arrived, then the connection. */
  close(): Promise<void>;
}

export interface FileSessionOptions {
  readonly signal: AbortSignal;
  /** Milliseconds in which a peer that is there must be connected. */
  readonly timeout: number;
  /** How to connect. Default: at every address, and at loopback ones if the meeting place is on this machine. */
  readonly configuration?: RTCConfiguration;
  /** Another channel beside that for the file. Listen to it before returning. */
  readonly beside?: { readonly label: string; onChannel(channel: RTCDataChannel): void };
}

const LABEL = 'file';
/** Milliseconds to wait for the other side to close the channel as well. */
const CLOSE_GRACE = 2000;

/** Waits for a peer as long as it takes, and connects to it. */
export async function openFileSession(
  place: Pick<MeetingPlace, 'room' | 'isLocal' | 'iceServers'>,
  options: FileSessionOptions,
): Promise<FileSession> {
  const { signal, timeout, beside } = options;
  const opened = Promise.withResolvers<FileSession>();
  const patience = new Watchdog(timeout, () =>
    opened.reject(new Failure(`no direct connection to the other side within ${timeout / 1000} s`)),
  );
  const meeting = new Meeting(place.room, {
    labels: beside ? [LABEL, beside.label] : [LABEL],
    maxPeers: 1,
    configuration: options.configuration ?? {
      iceServers: place.iceServers,
      millrace: { loopback: place.isLocal },
    },
    onMet: () => patience.start(),
    onChannel: (channel, link) => {
      if (channel.label === beside?.label) beside.onChannel(channel);
      if (channel.label !== LABEL) return;
      const messages = channel[Symbol.asyncIterator]();
      const close = (): Promise<void> => closeInOrder(channel, link);
      channel.ready.then(
        () => opened.resolve({ channel, messages, link, close }),
        (error: Error) => opened.reject(new Failure(`the channel cannot be opened: ${error.message}`)),
      );
    },
    onLost: (_link, reason) => opened.reject(reason),
  });
  const onAbort = (): void => {
    meeting.close();
    opened.reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  meeting.run().then(
    () => {},
    (error: unknown) => opened.reject(error),
  );
  try {
    return await opened.promise;
  } catch (error) {
    meeting.close();
    throw error;
  } finally {
    patience.stop();
  }
}

async function closeInOrder(channel: RTCDataChannel, link: PeerLink): Promise<void> {
  const grace = Promise.withResolvers<void>();
  const timer = setTimeout(grace.resolve, CLOSE_GRACE);
  channel.close();
  await Promise.race([channel.closed.catch(() => {}), grace.promise]); // the other side may be gone: that is all right
  clearTimeout(timer);
  link.close();
}
