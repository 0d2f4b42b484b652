// A short message on one channel behind a mebibyte on another. Interleaved (RFC 8260), it waits for no more than a packet.
// Otherwise fragments of a message must have consecutive TSNs (RFC 9260 §6.9), and it waits for the message that has begun,
// but for none behind that. Only what the subject sends is judged: how others schedule their streams is theirs.

import assert from 'node:assert/strict';
import { type End, PATIENCE } from '../harness/end.ts';
import type { Run } from '../harness/run.ts';
import type { Session } from '../harness/session.ts';
import { binary } from './arrival.ts';
import type { Scenario } from './scenario.ts';

const MIB = 1024 * 1024;
const SHORT_BYTES = 64;
const LONGEST = 256 * 1024;

/** How many messages of `length` bytes arrive before a short one that was sent behind a mebibyte of them. */
async function overtaken(session: Session, from: End, length: number): Promise<number> {
  const [near, far] = await session.channel(from, 'long');
  const [nearShort, farShort] = await session.channel(from, 'short');
  const [short] = binary(1, SHORT_BYTES, 7);
  const long = binary(MIB / length, length, 8);
  await near.sendBehind(long, nearShort, short!);
  await Promise.all([far.receive(long.length, PATIENCE), farShort.receive(1, PATIENCE)]);
  const [came] = await farShort.arrivals();
  return (await far.arrivals()).filter((each) => each < came!).length;
}

async function claimAtMost(run: Run, most: number, length: number): Promise<void> {
  const session = await run.session();
  await session.open();
  const from = run.roles.offers === 'subject' ? session.offerer : session.answerer;
  const sentence =
    most === 0
      ? `64 bytes arrive before ${length} that were sent first on another channel`
      : `64 bytes wait for one message of ${length} on another channel, and not for the next`;
  await run.claim(`overtakes-${most}`, sentence, { from, to: session.other(from) }, async () => {
    const before = await overtaken(session, from, length);
    assert.ok(before <= most, `${before} of ${MIB / length} came first`);
  });
}

export const interleaving: readonly Scenario[] = [
  {
    title: 'a short message behind a mebibyte',
    patience: 30_000,
    run: (run) => claimAtMost(run, 1, Math.min(run.capacity('bulkMessageBytes'), LONGEST)),
  },
  {
    title: 'a short message behind a mebibyte, interleaved',
    patience: 30_000,
    interleaved: true,
    run: (run) => claimAtMost(run, 0, LONGEST),
  },
];
