// Connections opened per second: so many altogether, a few at a time, each closed as soon as both sides have it.
import type { Flow } from '@millrace/bench-harness';

export const flow: Flow = {
  async offerer({ settings, connect, heard, tell, startCosts }) {
    const total = settings.connections!;
    const accepted = Array.from({ length: total }, () => Promise.withResolvers<void>());
    const listening = (async (): Promise<void> => {
      for (let i = 0; i < total; i++) accepted[await heard()]!.resolve();
    })();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < total) {
        // `connect` numbers connections in the order of the calls.
        const id = next++;
        const { close } = await connect();
        await accepted[id]!.promise;
        close();
        tell(id);
      }
    };
    startCosts();
    const started = performance.now();
    await Promise.all(Array.from({ length: settings.atOnce! }, worker));
    const seconds = (performance.now() - started) / 1000;
    await listening;
    return { connections: total, connectionsPerSecond: total / seconds };
  },

  async answerer({ settings, accept, heard, tell, startCosts }) {
    const total = settings.connections!;
    const closing = Array.from({ length: total }, () => Promise.withResolvers<void>());
    startCosts();
    const accepting = Array.from({ length: total }, async (_, id): Promise<void> => {
      const { close } = await accept();
      tell(id);
      await closing[id]!.promise;
      close();
    });
    for (let i = 0; i < total; i++) closing[await heard()]!.resolve();
    await Promise.all(accepting);
    return undefined;
  },
};
