// Messages as fast as the send buffer lets them go, over one or many channels, one way or both. Counted where they
// arrive, in a window of time that begins after a warm-up; what either process costs is counted in the same window.
import type {
  Channel,
  ChannelOptions,
  Connection,
  Flow,
  FlowContext,
  Settings,
} from '@millrace/bench-harness';
import { keepFull } from './keep-full.ts';

export interface BulkSettings extends Settings {
  readonly messageBytes: number;
  readonly channels: number;
  /** 1: from the offering side to the answering one. 2: both ways at once. */
  readonly directions: 1 | 2;
  readonly ordered: 0 | 1;
  /** -1: reliable. */
  readonly maxRetransmits: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** What a receiver tells: its window has begun, or is over. A sender that has stopped tells its bytes. */
const BEGUN = -1;
const OVER = -2;
/** What a sender has queued gets so long to leave before it is no longer waited for. */
const LEAVE_MS = 1_000;
/** An unreliable flow has arrived when nothing has come for so long. */
const QUIET_MS = 150;

export const flow: Flow = {
  async offerer(context) {
    const settings = context.settings as BulkSettings;
    const { ordered, maxRetransmits, directions } = settings;
    const options: ChannelOptions = {
      ordered: ordered === 1,
      ...(maxRetransmits < 0 ? {} : { maxRetransmits }),
    };
    const connection = await context.connect(Array.from({ length: settings.channels }, () => options));
    const remote = listen(context);
    const receiving = directions === 2 ? receive(context, connection, remote, 'offerer') : undefined;
    await send(context, connection, remote, directions === 1);
    const measured = await receiving;
    connection.close();
    return measured;
  },

  async answerer(context) {
    const { directions, channels } = context.settings as BulkSettings;
    const connection = await context.accept(channels);
    const remote = listen(context);
    const receiving = receive(context, connection, remote, 'answerer');
    if (directions === 2) await send(context, connection, remote, false);
    const measured = await receiving;
    connection.close();
    return measured;
  },
};

/** What the other side tells, as a receiver and as a sender. */
interface Remote {
  readonly begun: Promise<void>;
  readonly over: Promise<void>;
  readonly sentBytes: Promise<number>;
}

function listen({ heard, settings }: FlowContext): Remote {
  const begun = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const sentBytes = Promise.withResolvers<number>();
  void (async (): Promise<void> => {
    for (let left = settings.directions === 2 ? 3 : 2; left > 0; left--) {
      const value = await heard();
      if (value === BEGUN) begun.resolve();
      else if (value === OVER) over.resolve();
      else sentBytes.resolve(value);
    }
  })();
  return { begun: begun.promise, over: over.promise, sentBytes: sentBytes.promise };
}

/** Sends until the other side has seen enough. */
async function send(
  { settings, tell, startCosts }: FlowContext,
  { channels }: Connection,
  remote: Remote,
  isOnlySender: boolean,
): Promise<void> {
  const sending = keepFull(channels, settings.messageBytes!);
  await remote.begun;
  if (isOnlySender) startCosts();
  await remote.over;
  sending.stop();
  // Where messages may be lost, the other side wants to know how many have left.
  const until = performance.now() + (settings.maxRetransmits! < 0 ? 0 : LEAVE_MS);
  while (buffered(channels) > 0 && performance.now() < until) await pause(5);
  tell(sending.bytes - buffered(channels));
}

async function receive(
  { settings, tell, startCosts }: FlowContext,
  { channels }: Connection,
  remote: Remote,
  side: 'offerer' | 'answerer',
): Promise<Record<string, number>> {
  let bytes = 0;
  let lastAt = 0;
  const onMessage = (message: Uint8Array | ArrayBuffer): void => {
    bytes += message.byteLength;
  };
  for (const channel of channels) channel.onMessage(onMessage);
  await pause(settings.warmUpSeconds! * 1000);
  tell(BEGUN);
  startCosts();
  const [since, before] = [performance.now(), bytes];
  await pause(settings.seconds! * 1000);
  const [millis, received] = [performance.now() - since, bytes - before];
  tell(OVER);
  const measured: Record<string, number> = {
    [`${side}Bytes`]: received,
    [`${side}MegabitsPerSecond`]: (received * 8) / 1000 / millis,
    [`${side}Messages`]: received / settings.messageBytes!,
    [`${side}MessagesPerSecond`]: (received / settings.messageBytes! / millis) * 1000,
  };
  // Closing before the other side has stopped would make its `send` throw.
  const sent = await remote.sentBytes;
  if (settings.maxRetransmits! < 0) return measured;
  for (let seen = -1; seen !== bytes || performance.now() - lastAt < QUIET_MS; await pause(10)) {
    if (seen !== bytes) lastAt = performance.now();
    seen = bytes;
  }
  measured.lossPercent = Math.max(0, 100 * (1 - bytes / sent));
  return measured;
}

function buffered(channels: readonly Channel[]): number {
  return channels.reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0);
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
