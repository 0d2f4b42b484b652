// Either side is killed at random points, as often as MILLRACE_KILLS says (default 8), and started again with the same
// words. Points are amounts of bytes that have arrived, not times: a slow machine is killed in the same places.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from '@millrace/example-send-file/testing/command';
import { SeededRandom } from '@millrace/sans-io/testing';
import { createRoom, formatInvite } from '@millrace/signaling/client';
import { startSignalingServer } from '@millrace/signaling/server';
import { assertSameTree, namesBelow, plant, workplace } from './programs.ts';

const KILLS = Number(process.env.MILLRACE_KILLS ?? 8);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
/** Milliseconds between two looks at what has arrived. */
const LOOK_INTERVAL = 5;
/** Milliseconds after which the room forgets who is silent. */
const MEMBER_TIMEOUT = 5000;
/** And many small ones: some kills come between writing a file and giving it its name. */
const SMALL_FILES = 150;
const SIZES = [0, 1, 65_536, 700_001, 3_000_000, 30_000_000, 5_000_000, 12, 9_000_000, 1_048_576];

/** Where mDNS goes, too: nowhere else. */
const HERE = ['--host', '127.0.0.1'];
const NEAR_THE_END = 0.9;
/** Milliseconds after which nobody comes any more. */
const VAIN = 20_000;

type Side = 'send' | 'receive';

test(`killed ${KILLS} times at random points, send and receive end with the same tree (SEED=${SEED})`, async (t) => {
  const { random, place, points } = await prepare(t);
  // So many die in so short a time: without this the room would be full of the dead.
  await using server = await startSignalingServer({ memberTimeout: MEMBER_TIMEOUT });
  const invite = formatInvite(await createRoom({ url: server.url }));
  const start = (side: Side): Command =>
    place.run(side, ...(side === 'send' ? ['from/tree'] : ['to']), invite, '--timeout', '60');
  const running: Record<Side, Command> = { send: start('send'), receive: start('receive') };
  const isOver = ({ child }: Command): boolean => child.exitCode !== null;
  const restart = async (side: Side): Promise<void> => {
    const { code, stderr } = await running[side].ended;
    assert.ok(code === 0 || code === null, `${side} ended with ${code}: ${stderr}`);
    running[side] = start(side);
  };

  for (const point of points) {
    while ((await arrived(place.path('to'))) < point && !(isOver(running.send) && isOver(running.receive)))
      await pause(LOOK_INTERVAL);
    const side = random.unit() < 0.5 ? 'send' : 'receive';
    running[side].child.kill('SIGKILL');
    await restart(side);
    const other = side === 'send' ? 'receive' : 'send';
    if (isOver(running[other])) await restart(other);
  }
  // The last bytes may have arrived as a side was killed: the other is content, and has to be asked again.
  const bothEnd = async (): Promise<void> => {
    const first = await Promise.race(
      (['send', 'receive'] as const).map((side) => running[side].ended.then(() => side)),
    );
    const other = first === 'send' ? 'receive' : 'send';
    const isDone = await Promise.race([
      running[other].ended.then(() => true),
      pause(8000, false, { ref: false }),
    ]);
    if (isDone) return;
    await restart(first);
    await bothEnd();
  };
  await bothEnd();
  for (const side of ['send', 'receive'] as const) {
    const { code, stderr } = await running[side].ended;
    assert.equal(code, 0, `${side}: ${stderr}`);
  }
  await assertSameTree(place.path('to'), place.path('from'));
});

test(`so they do when the sender is the meeting place and the receiver was given a code (SEED=${SEED})`, async (t) => {
  const { random, place, points, total } = await prepare(t);
  const senderWords = ['from/tree', '--timeout', '60', ...HERE];
  const first = place.run('send', ...senderWords);
  const code = await first.printed(/ ([1-9]\d*-[a-z]+-[a-z]+)\b/);
  const words: Record<Side, string[]> = {
    send: senderWords,
    receive: ['to', code, '--timeout', '60', ...HERE],
  };
  const running: Record<Side, Command> = { send: first, receive: place.run('receive', ...words.receive) };
  // This process may have stood still between looking and killing: then a side may be done, and does not come back.
  let isLate = false;

  for (const point of points) {
    if (point > total * NEAR_THE_END) break;
    while ((await arrived(place.path('to'))) < point) await pause(LOOK_INTERVAL);
    const side = random.unit() < 0.5 ? 'send' : 'receive';
    running[side].child.kill('SIGKILL');
    const { code, stderr } = await running[side].ended;
    if (code === 0) break;
    assert.equal(code, null, `${side} ended with ${code}: ${stderr}`);
    isLate = (await arrived(place.path('to'))) > total * NEAR_THE_END;
    running[side] = place.run(side, ...words[side]);
  }
  for (const side of ['send', 'receive'] as const) {
    const other = running[side === 'send' ? 'receive' : 'send'];
    const isForsaken = other.ended.then(() => pause(VAIN, true, { ref: false }));
    if (isLate && (await Promise.race([running[side].ended.then(() => false), isForsaken]))) {
      running[side].child.kill('SIGKILL');
      await running[side].ended;
      await assertSameTree(place.path('to'), place.path('from'));
      return;
    }
    const { code, stderr } = await running[side].ended;
    assert.equal(code, 0, `${side}: ${stderr}`);
  }
  await assertSameTree(place.path('to'), place.path('from'));
  assert.deepEqual(await namesBelow(place.path('.state')), ['millrace', 'millrace/appointments']);
});

async function prepare(t: TestContext) {
  const random = new SeededRandom(SEED);
  const place = await workplace(t);
  const files: Record<string, Uint8Array | undefined> = { 'tree/empty': undefined };
  for (const [i, size] of SIZES.entries()) random.fill((files[`tree/${i % 3}/${i}`] = new Uint8Array(size)));
  for (let i = 0; i < SMALL_FILES; i++)
    random.fill((files[`tree/small ${i % 7}/${i}`] = new Uint8Array(random.below(40_000))));
  plant(place.path('from'), files);
  const total = Object.values(files).reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0);
  const points = Array.from({ length: KILLS }, () => random.unit() * total).sort((a, b) => a - b);
  return { random, place, points, total };
}

async function arrived(root: string): Promise<number> {
  let bytes = 0;
  for (const name of await namesBelow(root).catch(() => [])) {
    const stats = await stat(`${root}/${name}`).catch(() => undefined); // it has been renamed meanwhile
    if (stats?.isFile()) bytes += stats.size;
  }
  return bytes;
}
