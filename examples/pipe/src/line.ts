// A direct connection to the first peer in a room, with one channel: opened, and ended in good order.
import { Failure } from '@millrace/example-send-file/failure';
import { Meeting } from '@millrace/example-send-file/meeting';
import type { MeetingPlace } from '@millrace/example-send-file/meeting-place';
import type { RTCDataChannel } from 'millrace';

export interface Line {
  readonly channel: RTCDataChannel;
  /** The messages of the channel, none of them missing; bytes are Uint8Arrays. */
  readonly messages: AsyncIterator<unknown>;
  /** Bytes of a message that the other side takes. */
  readonly maxMessageSize: number;
  /** Ends everything that waits for the channel. */
  cut(): void;
  /** Closes the channel once everything has arrived, then the connection. */
  close(): Promise<void>;
}

const LABEL = 'pipe';
/** Milliseconds to wait for the other side to close the channel as well. */
const CLOSE_GRACE = 2000;

/** Waits for a peer as long as it takes; once it is there it has `timeout` milliseconds to be connected. */
export async function openLine(
  place: Pick<MeetingPlace, 'room' | 'isLocal' | 'iceServers'>,
  timeout: number,
  signal: AbortSignal,
): Promise<Line> {
  const { promise, resolve, reject } = Promise.withResolvers<Line>();
  let patience: NodeJS.Timeout | undefined;
  const meeting = new Meeting(place.room, {
    labels: [LABEL],
    maxPeers: 1,
    configuration: { iceServers: place.iceServers, millrace: { loopback: place.isLocal } },
    onMet: () => {
      const late = `no direct connection to the other side within ${timeout / 1000} s`;
      patience = setTimeout(() => reject(new Failure(late)), timeout);
    },
    onChannel: (channel, { connection }) => {
      if (channel.label !== LABEL) return;
      channel.binaryType = 'uint8array';
      const messages = channel[Symbol.asyncIterator]();
      const cut = (): void => meeting.close();
      const close = async (): Promise<void> => {
        channel.close();
        await withinGrace(channel.closed);
        cut();
      };
      channel.ready.then(
        () => {
          const maxMessageSize = connection.sctp?.maxMessageSize ?? 0;
          resolve({ channel, messages, maxMessageSize, cut, close });
        },
        (cause: Error) => reject(new Failure(`the channel cannot be opened: ${cause.message}`)),
      );
    },
    onLost: (_link, reason) => reject(reason),
  });
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  meeting.run().catch(reject); // a line that is open does not need the room
  try {
    return await promise;
  } catch (error) {
    meeting.close();
    throw error;
  } finally {
    clearTimeout(patience);
    signal.removeEventListener('abort', onAbort);
  }
}

/** The other side may be gone: that is all right. */
async function withinGrace(closed: Promise<void>): Promise<void> {
  const grace = Promise.withResolvers<void>();
  const timer = setTimeout(grace.resolve, CLOSE_GRACE);
  await Promise.race([closed.catch(() => {}), grace.promise]);
  clearTimeout(timer);
}
