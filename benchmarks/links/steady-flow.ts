// So many messages per second one way, each with the time it was sent: how long they take. Both processes read one
// monotonic clock, that of the machine.
import type { Flow } from '@millrace/bench-harness';

const nanos = (): bigint => process.hrtime.bigint();

export const flow: Flow = {
  async offerer({ settings, connect, heard, tell }) {
    const { channels, close } = await connect();
    const channel = channels[0]!;
    const message = new Uint8Array(settings.messageBytes!);
    const clock = new DataView(message.buffer);
    const gap = 1000 / settings.perSecond!;
    const count = settings.seconds! * settings.perSecond!;
    const { promise, resolve } = Promise.withResolvers<void>();
    const started = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      // A late timer makes up for what it missed; every message keeps the time it is sent.
      while (sent < count && performance.now() - started >= sent * gap) {
        clock.setBigUint64(0, nanos());
        channel.send(message.slice());
        sent++;
      }
      if (sent < count) return;
      clearInterval(timer);
      resolve();
    }, 1);
    await promise;
    tell(count);
    await heard();
    close();
    return undefined;
  },

  async answerer({ accept, heard, tell }) {
    const { channels, close } = await accept();
    const channel = channels[0]!;
    const latencies: number[] = [];
    let wanted = Number.POSITIVE_INFINITY;
    const { promise, resolve } = Promise.withResolvers<void>();
    channel.onMessage((message) => {
      const bytes = message instanceof Uint8Array ? message : new Uint8Array(message);
      const sent = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
      latencies.push(Number(nanos() - sent) / 1e6);
      if (latencies.length >= wanted) resolve();
    });
    wanted = await heard();
    if (latencies.length >= wanted) resolve();
    await promise;
    tell(0);
    close();
    return { latencies };
  },
};
