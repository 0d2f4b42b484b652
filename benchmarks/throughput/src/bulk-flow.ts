// Messages as fast as the send buffer lets them go, over one or many channels, one way or both. Counted where they
// arrive, in a window of time that begins after a warm-up; what either process costs is counted in the same window.
import type { Channel, ChannelOptions, Connection, Flow, FlowContext, Settings } from '@millrace/bench-harness';
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

/** What a receiver tells: its window has begun, or is over. */
const BEGUN = 1;
const OVER = 2;
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
    const receiving = directions === 2 ? receive(context, connection, 'offerer') : undefined;
    await send(context, connection, directions === 1);
    const measured = await receiving;
    connection.close();
    return measured;
  },

  async answerer(context) {
    const { directions, channels } = context.settings as BulkSettings;
    const connection = await context.accept(channels);
    const receiving = receive(context, connection, 'answerer');
    if (directions === 2) await send(context, connection, false);
    const measured = await receiving;
    connection.close();
    return measured;
  },
};

/** Sends until the other side has seen enough. */
async function send(
  { settings, heard, tell, startCosts }: FlowContext,
  { channels }: Connection,
  isOnlySender: boolean,
): Promise<void> {
  const sending = keepFull(channels, settings.messageBytes!);
  await expect(heard, BEGUN);
  if (isOnlySender) startCosts();
  await expect(heard, OVER);
  sending.stop();
  if (settings.maxRetransmits! < 0) return;
  // Where messages may be lost, the other side wants to know how many have left.
  const until = performance.now() + LEAVE_MS;
  while (buffered(channels) > 0 && performance.now() < until) await pause(5);
  tell(sending.bytes - buffered(channels));
}

async function receive(
  { settings, heard, tell, startCosts }: FlowContext,
  { channels }: Connection,
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
  };
  if (settings.maxRetransmits! < 0) return measured;
  const sent = await heard();
  for (let seen = -1; seen !== bytes || performance.now() - lastAt < QUIET_MS; await pause(10)) {
    if (seen !== bytes) lastAt = performance.now();
    seen = bytes;
  }
  measured.lossPercent = Math.max(0, 100 * (1 - bytes / sent));
  return measured;
}

async function expect(heard: () => Promise<number>, value: number): Promise<void> {
  const got = await heard();
  if (got !== value) throw new Error(`heard ${got} where ${value} was due`);
}

function buffered(channels: readonly Channel[]): number {
  return channels.reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0);
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
