// Ends: of a channel, from either side, with its id free again afterwards; and of a connection.

import assert from 'node:assert/strict';
import { describe, payload } from '../agent/payload.ts';
import type { ChannelEnd } from '../harness/end.ts';
import type { Run } from '../harness/run.ts';
import { arrives, binary } from './arrival.ts';
import type { Scenario } from './scenario.ts';

const CLOSE_PATIENCE = 5000; // ms

async function bothClosed(...channels: ChannelEnd[]): Promise<void> {
  await Promise.all(channels.map((channel) => channel.closed(CLOSE_PATIENCE)));
}

async function channelClose(run: Run): Promise<void> {
  const session = await run.session();
  const [first, firstFar] = await session.open();
  for (const opener of [session.offerer, session.answerer]) {
    for (const closer of [session.offerer, session.answerer]) {
      const [near, far] = await session.channel(opener, 'to be closed');
      const [mine, other] = closer === opener ? [near, far] : [far, near];
      const which = `a channel of ${opener.name}, closed by ${closer.name},`;
      await arrives(mine, other, [{ text: 'a word before' }]);
      await run.claim(
        'channel-close',
        `${which} closes on the other side`,
        { from: closer, to: other.end },
        async () => {
          await mine.close();
          await other.closed(CLOSE_PATIENCE);
          await other.event('close', CLOSE_PATIENCE);
        },
      );
      await run.claim(
        'channel-close-own',
        `${which} reaches closed on its own side`,
        { from: closer },
        async () => {
          await mine.closed(CLOSE_PATIENCE);
          await mine.event('close', CLOSE_PATIENCE);
        },
      );
    }
  }
  const ends = { from: session.offerer, to: session.answerer };
  await run.claim('channel-close-others', 'other channels work on', ends, async () => {
    await arrives(first, firstFar, [{ text: 'still' }]);
    await arrives(firstFar, first, [{ text: 'here' }]);
  });
}

async function drain(run: Run): Promise<void> {
  const session = await run.session();
  await session.open();
  const count = run.capacity('drainMessages');
  for (const [from, to] of session.directions) {
    const [near, far] = await session.channel(from, 'to be drained');
    const items = binary(count, 800, 5);
    const sentence = `${count} messages sent by ${from.name} in the turn of its close all arrive before it`;
    await run.claim('close-drains', sentence, { from, to }, async () => {
      await near.sendAndClose(...items);
      const seen = await far.receive(count, CLOSE_PATIENCE);
      assert.deepEqual(seen, await Promise.all(items.map((item) => describe(payload(item)))));
      await far.event('close', CLOSE_PATIENCE);
      const { events } = await far.facts();
      assert.ok(
        events.lastIndexOf('message') < events.indexOf('close'),
        `the order was ${events.join(', ')}`,
      );
    });
  }
}

async function idReuse(run: Run): Promise<void> {
  const session = await run.session();
  await session.open();
  for (const [from, to] of session.directions) {
    await run.claim(
      'id-reuse',
      `${from.name} uses the id of a closed channel again`,
      { from, to },
      async () => {
        const ids: Array<number | null> = [];
        for (const label of ['one', 'two', 'three']) {
          const [near, far] = await session.channel(from, label);
          ids.push((await near.facts()).id ?? (await far.facts()).id);
          assert.equal((await far.facts()).label, label);
          await arrives(near, far, [{ text: label }]);
          await arrives(far, near, [{ text: label }]);
          await near.close();
          await bothClosed(near, far);
        }
        assert.equal(new Set(ids).size, 1, `the ids were ${ids.join(', ')}`);
      },
    );
  }
}

async function agreedIdReuse(run: Run): Promise<void> {
  const session = await run.session();
  await session.open();
  for (const [closer, other] of session.directions) {
    const sentence = `an agreed id serves three channels in turn, each closed by ${closer.name}`;
    await run.claim('agreed-id-reuse', sentence, { from: closer, to: other }, async () => {
      for (const label of ['one', 'two', 'three']) {
        const init = { negotiated: true, id: 40 };
        const near = await session.offerer.create(label, init);
        const far = await session.answerer.create(label, init);
        await Promise.all([near.opened(), far.opened()]);
        await arrives(near, far, [{ text: label }]);
        await arrives(far, near, [{ text: label }]);
        await (closer === near.end ? near : far).close();
        await bothClosed(near, far);
      }
    });
  }
}

async function connectionClose(run: Run): Promise<void> {
  for (const closes of ['offerer', 'answerer'] as const) {
    const session = await run.session();
    const [near, far] = await session.open();
    const closer = session[closes];
    const other = session.other(closer);
    const watched = other === near.end ? near : far;
    await run.claim(
      'connection-close',
      `${other.name} sees ${closer.name} close`,
      { from: closer, to: other },
      async () => {
        await closer.close();
        await watched.closed(CLOSE_PATIENCE);
        await watched.event('close', CLOSE_PATIENCE);
      },
    );
    run.note(`${other.name} is then ${(await other.states()).connection}`);
    const own = closer === near.end ? near : far;
    await run.claim(
      'own-channels-closed',
      `the channels of ${closer.name} are closed`,
      { from: closer },
      () => own.closed(CLOSE_PATIENCE),
    );
  }
}

export const closing: readonly Scenario[] = [
  { title: 'channel close from each side', patience: 60_000, run: channelClose },
  { title: 'close right after sending', patience: 30_000, packetPath: true, run: drain },
  { title: 'id reuse', patience: 40_000, run: idReuse },
  { title: 'reuse of an agreed id', patience: 40_000, run: agreedIdReuse },
  { title: 'connection close from each side', patience: 40_000, run: connectionClose },
];
