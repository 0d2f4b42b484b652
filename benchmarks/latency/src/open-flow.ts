// How long until a channel is open: connections one after the other, each with fresh peers, from before the peer
// connection is made until its channel is open at the offering side. The first connections warm the code and are
// left out.
import type { Flow } from '@millrace/bench-harness';

export const flow: Flow = {
  async offerer({ settings, connect, heard, tell }) {
    const openMs: number[] = [];
    for (let i = 0; i < settings.warmUp! + settings.connections!; i++) {
      const { openedAfter, close } = await connect();
      await heard();
      if (i >= settings.warmUp!) openMs.push(openedAfter);
      close();
      tell(i);
      await heard();
    }
    return { openMs };
  },

  async answerer({ settings, accept, heard, tell }) {
    for (let i = 0; i < settings.warmUp! + settings.connections!; i++) {
      const { close } = await accept();
      tell(i);
      await heard();
      close();
      tell(i);
    }
    return undefined;
  },
};
