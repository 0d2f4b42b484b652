// One message at a time, there and back, over a reliable ordered channel that carries nothing else.
import type { Flow } from '@millrace/bench-harness';

export const flow: Flow = {
  async offerer({ settings, connect, tell }) {
    const { channels, close } = await connect();
    const channel = channels[0]!;
    const message = new Uint8Array(settings.messageBytes!).fill(0x5a);
    const latencies: number[] = [];
    const end = performance.now() + settings.seconds! * 1000;
    do {
      const started = performance.now();
      const { promise, resolve } = Promise.withResolvers<void>();
      channel.onMessage(() => resolve());
      channel.send(message);
      await promise;
      latencies.push(performance.now() - started);
    } while (performance.now() < end);
    tell(0);
    close();
    return { latencies };
  },

  async answerer({ settings, accept, heard }) {
    const { channels, close } = await accept();
    const channel = channels[0]!;
    const message = new Uint8Array(settings.messageBytes!).fill(0xa5);
    channel.onMessage(() => channel.send(message));
    await heard();
    close();
    return undefined;
  },
};
