// One of the demo's two peers, in a process of its own: joins the room, connects, sends or receives the file,
// measures round trips or answers them, and ends by itself.
import { Destination } from '@millrace/example-send-file/destination';
import { EXIT, Failure } from '@millrace/example-send-file/failure';
import { openFile } from '@millrace/example-send-file/file-on-disk';
import { type FileSession, openFileSession } from '@millrace/example-send-file/file-session';
import { receiveFile, sendFile, type TransferResult } from '@millrace/example-send-file/transfer';
import { watchTransfer } from '@millrace/example-send-file/watch-transfer';
import { joinRoom } from '@millrace/signaling/client';
import type { RTCDataChannel } from 'millrace';
import type { Assignment, Report } from './messages.ts';
import type { OpeningMarks } from './opening.ts';
import { echo, pingPong } from './ping-pong.ts';

/** Milliseconds between two reports of progress. */
const REPORT_INTERVAL = 50;
const PING_LABEL = 'ping';

const stop = new AbortController();
process.on('SIGINT', () => {}); // Ctrl-C reaches this process too, but the demo decides
process.once('disconnect', () => stop.abort(new Failure('the demo has ended')));
process.once('message', (assignment: Assignment) => void run(assignment));
report({ type: 'ready' });

async function run(assignment: Assignment): Promise<void> {
  try {
    await takePart(assignment);
  } catch (error) {
    const exitCode = error instanceof Failure ? error.exitCode : EXIT.failed;
    process.exitCode = exitCode;
    report({ type: 'failed', message: (error as Error).message, exitCode });
  } finally {
    process.removeAllListeners('disconnect');
    if (process.connected) process.disconnect?.(); // nothing else keeps this process alive
  }
}

async function takePart({ invite, task, timeout }: Assignment): Promise<void> {
  const { signal } = stop;
  await using room = await joinRoom({ ...invite, signal });
  const pingChannel = Promise.withResolvers<RTCDataChannel>();
  const session = await openFileSession(
    { room, isLocal: true, iceServers: [] },
    {
      signal,
      timeout,
      configuration: { iceServers: [], millrace: { loopback: true, addressFilter: isLoopback } },
      beside: {
        label: PING_LABEL,
        onChannel: (channel) => {
          if (task.role === 'receiver') echo(channel);
          pingChannel.resolve(channel);
        },
      },
    },
  );
  report({ type: 'open', marks: marksOf(session) });
  const watch = watchTransfer(session, signal, timeout);
  const onProgress = progressReporter(() => watch.feed());
  try {
    const transfer =
      task.role === 'sender'
        ? sendFrom(session, task.path, () => watch.feed())
        : receiveInto(session, task.directory, onProgress);
    report({ type: 'transferred', result: await watch.outcome(transfer) });
    if (task.role === 'sender') {
      const pinging = pingPong(await pingChannel.promise, task.pings, () => watch.feed());
      report({ type: 'pinged', roundTrips: await watch.outcome(pinging) });
    } else {
      await watch.outcome(closedByPeer(session, () => watch.feed()));
    }
  } finally {
    watch.stop();
    await session.close();
  }
}

async function sendFrom(session: FileSession, path: string, onProgress: () => void): Promise<TransferResult> {
  const file = await openFile(path);
  const maxMessageSize = session.link.connection.sctp?.maxMessageSize ?? 0;
  try {
    return await sendFile(session.channel, session.messages, file, { maxMessageSize, onProgress });
  } finally {
    await file.close();
  }
}

async function receiveInto(
  session: FileSession,
  directory: string,
  onProgress: (bytes: number) => void,
): Promise<TransferResult> {
  let destination: Destination | undefined;
  const open = async (name: string): Promise<Destination> => {
    destination = await Destination.open(directory, name, false);
    return destination;
  };
  try {
    return await receiveFile(session.channel, session.messages, open, { onProgress });
  } catch (error) {
    await destination?.discard();
    throw error;
  }
}

/** The receiver waits, answering pings, until the sender is done; the time that takes is the sender's to watch. */
async function closedByPeer(session: FileSession, feed: () => void): Promise<void> {
  const feeding = setInterval(feed, 1000);
  try {
    await session.channel.closed;
  } finally {
    clearInterval(feeding);
  }
}

/** When each step of opening was over; only the side that made the offer knows them all. */
function marksOf({ link }: FileSession): OpeningMarks | undefined {
  if (link.answeredAt === undefined) return undefined;
  const { created, gathered, iceConnected, dtlsConnected, sctpConnected, firstChannelOpen } =
    link.connection.timings;
  return {
    created,
    gathered,
    answered: link.answeredAt,
    iceConnected,
    dtlsConnected,
    sctpConnected,
    channelOpen: firstChannelOpen ?? performance.now(),
  };
}

function progressReporter(feed: () => void): (bytes: number) => void {
  let reportedAt = 0;
  return (bytes) => {
    feed();
    const now = performance.now();
    if (now - reportedAt < REPORT_INTERVAL) return;
    reportedAt = now;
    report({ type: 'progress', bytes });
  };
}

function report(message: Report): void {
  if (process.connected) process.send!(message);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
