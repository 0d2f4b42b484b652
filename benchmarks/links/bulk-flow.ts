// Messages one way over one reliable ordered channel of a link with distance, as fast as the send buffer lets them go.
// Counted where they arrive, in a window of time that begins after a warm-up; also in tenths of a second, so that a
// stall can be seen.
import type { Channel, Flow } from '@millrace/bench-harness';

/** The sender fills its buffer up to here and goes on when it has fallen to a half. */
const BUFFER_BYTES = 4 * 1024 * 1024;
const BUCKET_MS = 100;

export const flow: Flow = {
  async offerer({ settings, connect, heard }) {
    const { channels, close } = await connect();
    const channel = channels[0]!;
    const message = new Uint8Array(settings.messageBytes!).fill(0x5a);
    let over = false;
    const finished = heard().then(() => {
      over = true;
    });
    while (!over) {
      while (channel.bufferedAmount < BUFFER_BYTES) channel.send(message);
      await Promise.race([lowWater(channel, BUFFER_BYTES / 2), finished]);
    }
    close();
    return undefined;
  },

  async answerer({ settings, accept, tell, startCosts }) {
    const { channels, close } = await accept();
    const channel = channels[0]!;
    let bytes = 0;
    let last = performance.now();
    let longestGap = 0;
    channel.onMessage((message) => {
      bytes += message.byteLength;
      const now = performance.now();
      longestGap = Math.max(longestGap, now - last);
      last = now;
    });
    await pause(settings.warmUpSeconds! * 1000);
    startCosts();
    const [since, before] = [performance.now(), bytes];
    longestGap = 0;
    const buckets: number[] = [];
    for (let bucket = 1, seen = bytes; bucket <= (settings.seconds! * 1000) / BUCKET_MS; bucket++) {
      await pause(since + bucket * BUCKET_MS - performance.now());
      buckets.push(((bytes - seen) * 8) / 1000 / BUCKET_MS);
      seen = bytes;
    }
    // The window of a test is short, and may fall into a moment in which nothing moves.
    while (bytes - before < (settings.leastBytes ?? 0)) await pause(BUCKET_MS);
    const millis = performance.now() - since;
    tell(0);
    const megabitsPerSecond = ((bytes - before) * 8) / 1000 / millis;
    close();
    return { megabitsPerSecond, longestGap: Math.max(longestGap, performance.now() - last), buckets };
  },
};

/** Resolves when no more than `threshold` bytes wait to be sent. */
function lowWater(channel: Channel, threshold: number): Promise<void> {
  return new Promise((resolve) => {
    // The look at the clock makes up for stacks without the event, and for one that fired before it was waited for.
    const timer = setInterval(
      () => {
        if (channel.bufferedAmount <= threshold) done();
      },
      channel.reportsLow ? 20 : 2,
    );
    const done = (): void => {
      clearInterval(timer);
      resolve();
    };
    channel.onLow(threshold, done);
    if (channel.bufferedAmount <= threshold) done();
  });
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, millis)));
}
