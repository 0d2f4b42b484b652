// 64 KiB messages one way over one reliable ordered channel, as fast as the send buffer lets them go. Counted where
// they arrive, after a warm-up, from one arrival to another.
import type { Channel, Flow } from '@millrace/bench-harness';

/** The sender fills its buffer up to here and goes on when it has fallen to a quarter. */
const BUFFER_BYTES = 4 * 1024 * 1024;

export const flow: Flow = {
  async offerer({ settings, connect, heard }) {
    const { channel, close } = await connect();
    const message = new Uint8Array(settings.messageBytes!).fill(0x5a);
    let over = false;
    const finished = heard().then(() => {
      over = true;
    });
    while (!over) {
      while (channel.bufferedAmount < BUFFER_BYTES) channel.send(message);
      await Promise.race([lowWater(channel, BUFFER_BYTES / 4), finished]);
    }
    close();
    return undefined;
  },

  async answerer({ settings, accept, tell }) {
    const { channel, close } = await accept();
    const warmUp = settings.warmUpSeconds! * 1000;
    const length = settings.seconds! * 1000;
    const { promise, resolve } = Promise.withResolvers<{ megabitsPerSecond: number; messages: number }>();
    let first = 0;
    let since = 0;
    let bytes = 0;
    let messages = 0;
    channel.onMessage((message) => {
      const now = performance.now();
      if (first === 0) first = now;
      if (since === 0) {
        if (now - first >= warmUp) since = now;
        return;
      }
      bytes += message.byteLength;
      messages++;
      if (now - since >= length) resolve({ megabitsPerSecond: (bytes * 8) / 1000 / (now - since), messages });
    });
    const measured = await promise;
    tell(0);
    close();
    return measured;
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
      channel.reportsLow ? 20 : 1,
    );
    const done = (): void => {
      clearInterval(timer);
      resolve();
    };
    channel.onLow(threshold, done);
    if (channel.bufferedAmount <= threshold) done();
  });
}
