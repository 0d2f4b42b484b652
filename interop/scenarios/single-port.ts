// millrace as a server on one UDP port: several connections at once, all of them lite, told apart by what comes.

import assert from 'node:assert/strict';
import type { End } from '../harness/end.ts';
import type { Run } from '../harness/run.ts';
import type { Session } from '../harness/session.ts';
import { arrives } from './arrival.ts';
import type { Scenario } from './scenario.ts';

async function bothTalk(session: Session, text: string): Promise<void> {
  const [near, far] = await session.open();
  await arrives(near, far, [{ text: `${text} to the answerer` }]);
  await arrives(far, near, [{ text: `${text} to the offerer` }]);
}

async function singlePort(run: Run): Promise<void> {
  const { subject } = run.roles;
  if (subject.implementation.name !== 'millrace') {
    run.note(`${subject.implementation.name} has no single port: nothing was tried`);
    return;
  }
  const lines: string[] = [];
  const pass = (from: End, candidate: { readonly candidate?: string } | null): boolean => {
    if (from.implementation === subject.implementation && candidate?.candidate)
      lines.push(candidate.candidate);
    return true;
  };
  const count = run.options.quick ? 2 : 5;
  const sessions: Session[] = [];
  for (let i = 0; i < count; i++)
    sessions.push(await run.session({ configuration: { singlePort: true }, pass }));
  const { offerer: from, answerer: to } = sessions[0]!;
  await run.claim(
    'single-port',
    `${count} connections at once to a lite server on one port`,
    { from, to },
    () => Promise.all(sessions.map((session, i) => bothTalk(session, `${i}`))).then(() => undefined),
  );
  const own = run.roles.offers === 'subject' ? from : to;
  await run.claim(
    'lite',
    'its descriptions say that it is lite, its candidates name one port',
    { from: own },
    async () => {
      for (const { descriptions } of sessions) {
        const description = run.roles.offers === 'subject' ? descriptions.offer : descriptions.answer;
        assert.match(description?.sdp ?? '', /^a=ice-lite\r?$/m);
        lines.push(...(description?.sdp?.match(/^a=candidate:.*$/gm) ?? []));
      }
      assert.ok(lines.length > 0, 'no candidate was seen');
      assert.equal(new Set(lines.map((line) => line.split(' ')[5])).size, 1);
      assert.ok(lines.every((line) => / typ host/.test(line)));
    },
  );
  await Promise.all(sessions.flatMap(({ offerer, answerer }) => [offerer.close(), answerer.close()]));
}

export const serving: readonly Scenario[] = [
  { title: 'a lite server on one port', patience: 60_000, packetPath: true, run: singlePort },
];
