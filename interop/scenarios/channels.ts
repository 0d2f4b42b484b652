// Channels: many at once, their attributes seen from the far side, agreed out of band, named in any script.

import assert from 'node:assert/strict';
import type { ChannelFacts } from '../agent/agent.ts';
import type { ChannelInit } from '../agent/w3c.ts';
import type { ChannelEnd } from '../harness/end.ts';
import type { Run } from '../harness/run.ts';
import type { Session } from '../harness/session.ts';
import { arrives, binary } from './arrival.ts';
import type { Scenario } from './scenario.ts';

/** Opens `labels` from one end at once and finds the far ends by label: they may come in any order. */
async function openTogether(
  session: Session,
  labels: readonly string[],
  from: 'offerer' | 'answerer',
): Promise<Array<[ChannelEnd, ChannelEnd]>> {
  const end = session[from];
  const near = await Promise.all(labels.map((label) => end.create(label)));
  const far = new Map<string, ChannelEnd>();
  for (const _ of labels) {
    const channel = await session.other(end).incoming();
    far.set((await channel.facts()).label, channel);
  }
  return near.map((channel, i) => [channel, far.get(labels[i]!)!]);
}

async function eight(run: Run): Promise<void> {
  const session = await run.session();
  await session.open();
  const ends = { from: session.offerer, to: session.answerer };
  await run.claim(
    'eight',
    'eight channels, four from each side, carry data at once both ways',
    ends,
    async () => {
      const pairs = [
        ...(await openTogether(session, ['o1', 'o2', 'o3', 'o4'], 'offerer')),
        ...(await openTogether(session, ['a1', 'a2', 'a3', 'a4'], 'answerer')),
      ];
      await Promise.all(pairs.flatMap((pair) => pair.map((channel) => channel.opened())));
      const ids = await Promise.all(pairs.map(async ([, far]) => (await far.facts()).id));
      assert.equal(
        new Set(ids.filter((id) => id !== null)).size,
        ids.filter((id) => id !== null).length,
        'ids',
      );
      await Promise.all(
        pairs.flatMap(([near, far], i) => [
          arrives(near, far, binary(5, 3000 + i, 10 + i)),
          arrives(far, near, binary(5, 5000 + i, 20 + i)),
        ]),
      );
    },
  );
}

const KINDS: Array<[kind: string, init: ChannelInit]> = [
  ['unordered', { ordered: false }],
  ['no-retransmits', { maxRetransmits: 0 }],
  ['unordered-no-retransmits', { ordered: false, maxRetransmits: 0 }],
  ['retransmits', { maxRetransmits: 5 }],
  ['unordered-retransmits', { ordered: false, maxRetransmits: 5 }],
  ['lifetime', { maxPacketLifeTime: 3000 }],
  ['unordered-lifetime', { ordered: false, maxPacketLifeTime: 3000 }],
];

function attributes(facts: ChannelFacts): object {
  const { ordered, maxRetransmits, maxPacketLifeTime } = facts;
  return { ordered, maxRetransmits, maxPacketLifeTime };
}

async function reliability(run: Run): Promise<void> {
  const session = await run.session();
  await session.open();
  for (const [from, to] of session.directions) {
    for (const [kind, init] of KINDS) {
      const [near, far] = await session.channel(from, kind, init);
      const wanted = {
        ordered: init.ordered ?? true,
        maxRetransmits: init.maxRetransmits ?? null,
        maxPacketLifeTime: init.maxPacketLifeTime ?? null,
      };
      await run.claim(
        'own-attributes',
        `${from.name} reports its own channel as ${kind}`,
        { from },
        async () => {
          assert.deepEqual(attributes(await near.facts()), wanted);
        },
      );
      await run.claim(
        `attributes-${kind}`,
        `${to.name} sees the channel as ${kind}`,
        { from, to },
        async () => {
          assert.deepEqual(attributes(await far.facts()), wanted);
        },
      );
      await run.claim(
        `flow-${kind}`,
        `a channel that is ${kind} carries data both ways`,
        { from, to },
        async () => {
          const order = wanted.ordered ? 'kept' : 'any';
          await arrives(near, far, binary(20, 1500, 3), { order });
          await arrives(far, near, binary(20, 1500, 4), { order });
        },
      );
    }
  }
}

async function negotiated(run: Run): Promise<void> {
  const session = await run.session();
  const { offerer, answerer } = session;
  const both = { from: offerer, to: answerer };
  const early = { negotiated: true, id: 0 };
  const nearEarly = await offerer.create('agreed', early);
  const farEarly = await answerer.create('agreed', early);
  await run.claim('negotiated-early', 'a channel agreed before the offer opens', both, async () => {
    await session.negotiate();
    await Promise.all([nearEarly.opened(), farEarly.opened()]);
    await arrives(nearEarly, farEarly, [{ text: 'one' }, { bytes: 5000, seed: 1 }]);
    await arrives(farEarly, nearEarly, [{ text: 'two' }, { bytes: 5000, seed: 2 }]);
  });
  for (const id of [10, 11, 1000]) {
    const sentence = `a channel agreed later with id ${id} opens, unordered on both sides`;
    await run.claim('negotiated-late', sentence, both, async () => {
      const init = { negotiated: true, id, ordered: false, protocol: 'agreed' };
      const near = await offerer.create(`agreed ${id}`, init);
      const far = await answerer.create(`agreed ${id}`, init);
      await Promise.all([near.opened(), far.opened()]);
      await arrives(near, far, binary(3, 1000, id), { order: 'any' });
      await arrives(far, near, binary(3, 1000, id + 1), { order: 'any' });
      for (const end of [near, far]) {
        const facts = await end.facts();
        assert.deepEqual([facts.id, facts.negotiated, facts.protocol], [id, true, 'agreed'], end.end.name);
      }
    });
  }
  await run.claim('negotiated-silent', 'no channel is announced in band', both, async () => {
    for (const end of [offerer, answerer]) {
      await assert.rejects(end.incoming(100), /a datachannel event: not within/);
    }
  });
}

const NAMES: Array<[label: string, protocol: string]> = [
  ['', ''],
  ['a label', 'a protocol'],
  ['мельница 🌊', 'протокол 水'],
  ['l'.repeat(1000), 'p'.repeat(1000)],
];

async function names(run: Run): Promise<void> {
  const session = await run.session();
  await session.open();
  for (const [from, to] of session.directions) {
    for (const [label, protocol] of NAMES) {
      const isAscii = /^[\x20-\x7e]*$/.test(label);
      const shown = label.length > 100 ? `${label.length} characters` : `'${label}', '${protocol}'`;
      const claim = isAscii ? 'names' : 'names-not-ascii';
      await run.claim(claim, `${to.name} reads the names ${shown}`, { from, to }, async () => {
        const [, far] = await session.channel(from, label, { protocol });
        const facts = await far.facts();
        assert.deepEqual([facts.label, facts.protocol], [label, protocol]);
      });
    }
  }
}

export const channels: readonly Scenario[] = [
  { title: 'eight channels at once', patience: 30_000, packetPath: true, run: eight },
  { title: 'unordered and partial reliability', patience: 60_000, run: reliability },
  { title: 'negotiated channels', patience: 30_000, run: negotiated },
  { title: 'labels and protocols', patience: 40_000, run: names },
];
