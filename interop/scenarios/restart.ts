// ICE restart from either side, with data under way. RFC 8445 §9, RFC 8839 §4.4.1.1.

import assert from 'node:assert/strict';
import { patient } from '../harness/patience.ts';
import type { Run } from '../harness/run.ts';
import { arrives, binary } from './arrival.ts';
import type { Scenario } from './scenario.ts';

const PATIENCE = 5000; // ms
const POLL = 25; // ms

function credentials({ sdp }: { sdp: string }): string {
  const of = (name: string): string => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(sdp)?.[1] ?? '';
  return `${of('ice-ufrag')} ${of('ice-pwd')}`;
}

async function restarts(run: Run): Promise<void> {
  const session = await run.session();
  const [near, far] = await session.open();
  const known = new Set([session.descriptions.offer!, session.descriptions.answer!].map(credentials));
  for (const from of [session.offerer, session.answerer]) {
    const to = session.other(from);
    await run.claim('restart', `${from.name} restarts ICE, ${to.name} answers`, { from, to }, async () => {
      const under = Promise.all([
        arrives(near, far, binary(40, 20_000, 1)),
        arrives(far, near, binary(40, 20_000, 2)),
      ]);
      under.catch(() => {}); // a restart that fails is what the claim fails with
      const { offer, answer } = await session.restart(from);
      for (const description of [offer, answer]) {
        assert.ok(!known.has(credentials(description)), 'the description has the credentials of before');
        known.add(credentials(description));
      }
      await under;
      // Where it is told: the pair in use is one of the new generation.
      for (const [end, description] of [
        [from, offer],
        [to, answer],
      ] as const) {
        const wanted = credentials(description).split(' ')[0];
        const limit = performance.now() + patient(PATIENCE);
        let seen: string | null = null;
        do {
          seen = await end.remote.call('generation', end.connection);
          if (seen === null || seen === wanted) break;
          await new Promise((resolve) => setTimeout(resolve, POLL));
        } while (performance.now() < limit);
        assert.ok(seen === null || seen === wanted, `${end.name} uses ${seen}, not ${wanted}`);
        if (end.name === 'millrace') assert.equal(seen, wanted);
      }
      await arrives(near, far, [{ text: 'after' }]);
      await arrives(far, near, [{ text: 'after' }]);
    });
  }
}

export const restart: readonly Scenario[] = [
  { title: 'ICE restart from either side', patience: 60_000, packetPath: true, run: restarts },
];
