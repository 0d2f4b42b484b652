// How long until a channel is open: connections one after the other, each with fresh peers, from before the peer
// connection is made until its channel is open at the offering side. The first connections warm the code and are
// left out.
import { type Flow, PHASES } from '@millrace/bench-harness';

export const flow: Flow = {
  async offerer({ settings, connect, heard, tell, startCosts }) {
    const measured: Record<string, number[]> = { openMs: [] };
    for (let i = 0; i < settings.warmUp! + settings.connections!; i++) {
      if (i === settings.warmUp!) startCosts();
      const { openedAfter, phases, close } = await connect();
      await heard();
      if (i >= settings.warmUp!) {
        measured.openMs!.push(openedAfter);
        let before = 0;
        for (const phase of PHASES) {
          const after = phases[phase];
          if (after === undefined) continue;
          (measured[`${phase}Ms`] ??= []).push(Math.max(0, after - before));
          before = Math.max(before, after);
        }
      }
      close();
      tell(i);
      await heard();
    }
    return measured;
  },

  async answerer({ settings, accept, heard, tell, startCosts }) {
    for (let i = 0; i < settings.warmUp! + settings.connections!; i++) {
      if (i === settings.warmUp!) startCosts();
      const { close } = await accept();
      tell(i);
      await heard();
      close();
      tell(i);
    }
    return undefined;
  },
};
