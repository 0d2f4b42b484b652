// 64 MiB each way, one direction after the other, compared by SHA-256.

import assert from 'node:assert/strict';
import type { Run } from '../harness/run.ts';
import type { Scenario } from './scenario.ts';

const HIGH_WATER = 1024 * 1024; // bytes
const MIB = 1024 * 1024;

async function bulk(run: Run): Promise<void> {
  const session = await run.session();
  const [near, far] = await session.open();
  const bytes = run.capacity(run.options.quick ? 'bulkBytesQuick' : 'bulkBytes');
  const messageBytes = run.capacity('bulkMessageBytes');
  const { subject, peer } = run.roles;
  if (bytes < 64 * MIB) {
    const slow = [peer, subject].find(({ implementation }) => implementation.capacity.reason !== '');
    run.note(`${bytes / MIB} MiB: ${slow?.implementation.name} ${slow?.implementation.capacity.reason}`);
  }
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    let waits = 0;
    let lowEvents = 0;
    const ends = { from: from.end, to: to.end };
    await run.claim('bulk', `${bytes / MIB} MiB from ${from.end.name} arrive whole`, ends, async () => {
      await to.expectBulk(bytes);
      const plan = { bytes, messageBytes, highWater: HIGH_WATER, seed: 42 };
      const [sent, received] = await Promise.all([from.sendBulk(plan), to.receiveBulk(run.stallMs)]);
      assert.equal(received.sha256, sent.sha256, 'SHA-256');
      assert.equal(received.messages, Math.ceil(bytes / messageBytes), 'messages');
      ({ waits, lowEvents } = sent);
      const direction = from.end.implementation === subject.implementation ? 'out' : 'in';
      run.measure(direction, (bytes * 8) / 1000 / received.milliseconds, `Mbit/s from ${from.end.name}`);
    });
    if (waits === 0) continue; // it took everything at once
    await run.claim('low-event', `${from.end.name} fires bufferedamountlow`, { from: from.end }, async () => {
      assert.ok(lowEvents > 0, 'bufferedamountlow was never fired');
    });
  }
}

export const bulkTransfer: readonly Scenario[] = [
  { title: '64 MiB each way', patience: 180_000, packetPath: true, alone: true, run: bulk },
];
