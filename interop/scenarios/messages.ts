// What a message may be: text and binary of every size up to the limit the far side announces.

import assert from 'node:assert/strict';
import type { Item } from '../agent/payload.ts';
import type { ChannelEnd, End } from '../harness/end.ts';
import { patient } from '../harness/patience.ts';
import type { Run } from '../harness/run.ts';
import type { Session } from '../harness/session.ts';
import { arrives, binary } from './arrival.ts';
import type { Scenario } from './scenario.ts';

const SIZES = [1, 2, 1000, 1199, 1200, 1201, 16_384, 65_535, 65_536, 262_144];
/** Where each message waits for a timer, it is missed by far. */
const RATE_PATIENCE = 2000; // ms
const UNSTATED = 65_536; // RFC 8841 §6.1: the limit where max-message-size is missing

/** What `to` is willing to receive, as its description says. */
function limitOf(session: Session, to: End): number {
  const { offer, answer } = session.descriptions;
  const { sdp } = (to.part === 'offerer' ? offer : answer)!;
  const stated = /^a=max-message-size:(\d+)/m.exec(sdp)?.[1];
  if (stated === undefined) return UNSTATED;
  return stated === '0' ? Number.POSITIVE_INFINITY : Number(stated);
}

/** Both directions of a channel, with the ends in the order (from, to). */
function bothWays(near: ChannelEnd, far: ChannelEnd): Array<[ChannelEnd, ChannelEnd]> {
  return [
    [near, far],
    [far, near],
  ];
}

async function strings(run: Run): Promise<void> {
  const session = await run.session();
  const items: Item[] = [
    { text: 'a' },
    { text: 'plain text' },
    { text: 'Größe, мельница, 水車, 🌊' },
    { text: '\u0000 and \u{10ffff}' },
    { text: 'é'.repeat(8192) },
    { text: 'x'.repeat(65_535) },
  ];
  for (const [near, far] of bothWays(...(await session.open()))) {
    const sentence = `text from ${near.end.name} arrives as text`;
    await run.claim('strings', sentence, { from: near.end, to: far.end }, () => arrives(near, far, items));
  }
}

async function binaries(run: Run): Promise<void> {
  const session = await run.session();
  for (const [near, far] of bothWays(...(await session.open()))) {
    const limit = limitOf(session, far.end);
    const sizes = SIZES.filter((size) => size <= limit);
    const sentence = `${sizes[0]} to ${sizes.at(-1)} bytes from ${near.end.name} arrive whole`;
    const items = sizes.map((bytes, i) => ({ bytes, seed: i + 1 }));
    await run.claim('binary', sentence, { from: near.end, to: far.end }, () => arrives(near, far, items));
  }
}

async function empty(run: Run): Promise<void> {
  const session = await run.session();
  for (const [near, far] of bothWays(...(await session.open()))) {
    const sentence = `empty messages from ${near.end.name} arrive empty, among others, and nothing breaks`;
    await run.claim('empty', sentence, { from: near.end, to: far.end }, () =>
      arrives(
        near,
        far,
        [{ text: '' }, { bytes: 0, seed: 1 }, { text: 'after' }, { text: '' }, { bytes: 3, seed: 2 }],
        {
          patience: 3000,
        },
      ),
    );
  }
}

async function tooLarge(run: Run): Promise<void> {
  const session = await run.session();
  for (const [near, far] of bothWays(...(await session.open()))) {
    const limit = limitOf(session, far.end);
    if (limit > 16 * 1024 * 1024) {
      run.note(`${far.end.name} takes ${limit} bytes: nothing to exceed`);
      continue;
    }
    const sentence = `${near.end.name} throws TypeError for ${limit + 1} bytes, and the channel works on`;
    await run.claim('too-large', sentence, { from: near.end }, async () => {
      const error = await near.sendError({ bytes: limit + 1, seed: 1 });
      assert.equal(error, 'TypeError', `send threw ${error ?? 'nothing'}`);
      await arrives(near, far, [{ text: 'still here' }], { patience: 3000 });
    });
  }
}

async function burst(run: Run): Promise<void> {
  const session = await run.session();
  const count = run.capacity('burstMessages');
  for (const [near, far] of bothWays(...(await session.open()))) {
    const sentence = `${count} messages of 800 bytes sent by ${near.end.name} in one turn arrive in order`;
    await run.claim('burst', sentence, { from: near.end, to: far.end }, async () => {
      const start = performance.now();
      await arrives(near, far, binary(count, 800, 7), { patience: 15_000 });
      run.note(`${near.end.name}: ${Math.round((count / (performance.now() - start)) * 1000)} messages/s`);
    });
  }
}

async function burstRate(run: Run): Promise<void> {
  const session = await run.session();
  const count = run.capacity('rateMessages');
  for (const [near, far] of bothWays(...(await session.open()))) {
    const sentence = `${count} messages of 800 bytes sent by ${near.end.name} in one turn take less than ${patient(RATE_PATIENCE) / 1000} s`;
    await run.claim('burst-rate', sentence, { from: near.end, to: far.end }, () =>
      arrives(near, far, binary(count, 800, 8), { patience: RATE_PATIENCE }),
    );
  }
}

export const messages: readonly Scenario[] = [
  { title: 'strings', patience: 20_000, run: strings },
  { title: 'binary from 1 B to 256 KiB', patience: 30_000, packetPath: true, run: binaries },
  { title: 'empty messages', patience: 20_000, run: empty },
  { title: 'messages over the limit', patience: 20_000, run: tooLarge },
  { title: 'a burst of small messages', patience: 50_000, packetPath: true, run: burst },
  { title: 'the rate of small messages', patience: 30_000, alone: true, run: burstRate },
];
