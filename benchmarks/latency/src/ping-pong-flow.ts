// One message at a time, there and back, over a reliable ordered channel: alone, or beside a second channel whose
// buffer is kept full in the direction of the pings. One ping waits for the one before, so a stall is one slow ping.
import { type Flow, LatencyRecorder } from '@millrace/bench-harness';

/** The load: what waits in the buffer of the second channel, at most, and how large its messages are. */
const LOAD_BYTES = 256 * 1024;
const LOAD_MESSAGE_BYTES = 16 * 1024;
const POLL_MS = 1;

export const flow: Flow = {
  async offerer({ settings, connect, tell, startCosts }) {
    const isLoaded = settings.load === 1;
    const { channels, close } = await connect(isLoaded ? [{}, {}] : [{}]);
    const [channel, loaded] = channels;
    const load = new Uint8Array(LOAD_MESSAGE_BYTES).fill(0x11);
    let isOver = false;
    const topUp = (): void => {
      while (!isOver && loaded!.bufferedAmount < LOAD_BYTES) loaded!.send(load);
    };
    let timer: NodeJS.Timeout | undefined;
    if (isLoaded) {
      loaded!.onLow(LOAD_BYTES / 2, topUp);
      timer = setInterval(topUp, POLL_MS);
      topUp();
    }

    const message = new Uint8Array(settings.messageBytes!).fill(0x5a);
    const recorder = new LatencyRecorder();
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
    let warmUp = settings.warmUp!;
    const warmUntil = performance.now() + settings.warmUpSeconds! * 1000;
    let started = 0;
    let end = Number.POSITIVE_INFINITY;
    const ping = (): void => {
      started = performance.now();
      channel!.send(message);
    };
    channel!.onMessage(() => {
      const now = performance.now();
      if (warmUp > 0) {
        if (--warmUp <= 0 && now < warmUntil) warmUp = 1;
        if (warmUp === 0) {
          end = now + settings.seconds! * 1000;
          startCosts();
          tell(0);
        }
      } else recorder.recordMillis(now - started);
      if (now < end || recorder.count === 0) ping();
      else finish();
    });
    ping();
    await finished;
    isOver = true;
    clearInterval(timer);
    tell(1);
    close();
    return { roundTrips: recorder.count, latency: recorder.encode() };
  },

  async answerer({ settings, accept, heard, startCosts }) {
    const { channels, close } = await accept(settings.load === 1 ? 2 : 1);
    const [channel, loaded] = channels;
    const message = new Uint8Array(settings.messageBytes!).fill(0xa5);
    let bytes = 0;
    loaded?.onMessage((load) => {
      bytes += load.byteLength;
    });
    channel!.onMessage(() => channel!.send(message));
    await heard();
    startCosts();
    const [since, before] = [performance.now(), bytes];
    await heard();
    const loadMegabitsPerSecond = ((bytes - before) * 8) / 1000 / (performance.now() - since);
    close();
    return { loadMegabitsPerSecond };
  },
};
