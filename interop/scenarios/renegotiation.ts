// A second round of offer and answer on a live connection, from either side. It changes nothing and must break
// nothing: RFC 8842 §5.2 keeps the DTLS association, so the role already held has to come out again.

import assert from 'node:assert/strict';
import type { Run } from '../harness/run.ts';
import { arrives } from './arrival.ts';
import type { Scenario } from './scenario.ts';

function setupOf(description: { sdp: string }): string | undefined {
  return /^a=setup:(\w+)/m.exec(description.sdp)?.[1];
}

async function again(run: Run): Promise<void> {
  const session = await run.session();
  const [near, far] = await session.open();
  const first = setupOf(session.descriptions.answer!);
  const roles = new Map([
    [session.answerer, first],
    [session.offerer, first === 'active' ? 'passive' : 'active'],
  ]);
  for (const from of [session.offerer, session.answerer]) {
    const to = session.other(from);
    await run.claim('re-offer', `${from.name} offers again, ${to.name} answers`, { from, to }, async () => {
      const { offer, answer } = await session.negotiate(from);
      assert.ok(['actpass', roles.get(from)].includes(setupOf(offer)), `the offer says ${setupOf(offer)}`);
      assert.equal(setupOf(answer), roles.get(to), 'the DTLS role of the answer');
      await arrives(near, far, [{ text: 'after' }]);
      await arrives(far, near, [{ text: 'after' }]);
    });
    if (!from.implementation.offersHeldRole) continue;
    await run.claim('re-offer-role', `${from.name} offers the DTLS role it has`, { from }, async () => {
      assert.equal(setupOf(session.descriptions.offer!), roles.get(from));
    });
  }
}

export const renegotiation: readonly Scenario[] = [
  { title: 'a second offer and answer', patience: 40_000, run: again },
];
