// Whole connections over wires that lose, repeat, reorder and change datagrams, on a virtual clock.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WireOptions } from '@millrace/sans-io/testing';
import { type Connections, connections, type PairSetup, sealed } from './fixtures/connections.ts';

const LOSSY: WireOptions = {
  delay: 10,
  jitter: 20,
  loss: 0.2,
  duplicate: 0.1,
  reorder: 0.2,
  reorderDelay: 40,
};

/** Both sides send numbered messages; the wires do with them what they do. */
function talk(all: Connections, count: number): void {
  for (let i = 0; i < count; i++) {
    for (const [side, wire] of [
      [all.client, all.pair.ab],
      [all.server, all.pair.ba],
    ] as const) {
      if (side.state !== 'connected') continue;
      const record = sealed(side, `message ${i}`);
      wire.send(record, 0, record.length, all.pair.now, undefined);
    }
    all.pair.run(5);
  }
  all.pair.run(1000);
}

function checkMessages(messages: readonly string[], count: number): void {
  const allowed = new Set(Array.from({ length: count }, (_, i) => `message ${i}`));
  for (const message of messages)
    assert.equal(allowed.delete(message), true, `twice or never sent: ${message}`);
}

type Setups = ReadonlyArray<[name: string, seeds: number, setup: PairSetup]>;
const IN_1_3 = { minVersion: '1.3', maxVersion: '1.3' } as const;
const COOKIE = { secret: new Uint8Array(32), clientAddress: new Uint8Array(6) };

/** One test for each setup. */
function connectAll(setups: Setups): void {
  for (const [name, seeds, setup] of setups) {
    test(`${name}: connects with every seed, and each message comes at most once`, () => {
      for (let seed = 1; seed <= seeds; seed++) {
        const all = connections({ ...setup, seed });
        const done = all.pair.run(
          30_000,
          () => all.client.state === 'connected' && all.server.state === 'connected',
        );
        assert.equal(done, true, `seed ${seed}: ${all.client.state} ${all.server.state}`);
        talk(all, 8);
        for (const recorder of [all.fromClient, all.fromServer]) {
          assert.equal(recorder.connected, 1, `seed ${seed}`);
          assert.equal(recorder.closed, undefined, `seed ${seed}`);
          checkMessages(recorder.messages, 8);
        }
      }
    });
  }
}

function flipBits(setup: PairSetup): void {
  test('bits that flip: both sides connect or both end with a reason, and only good records are told', () => {
    let connected = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const all = connections({ ...setup, wire: { delay: 10, loss: 0.05, corrupt: 0.08 }, seed });
      all.pair.run(
        35_000,
        () => all.client.state !== 'connecting' && all.server.state !== 'connecting' && all.pair.now > 500,
      );
      talk(all, 8);
      all.pair.run(35_000);
      for (const [side, recorder] of [
        [all.client, all.fromClient],
        [all.server, all.fromServer],
      ] as const) {
        assert.notEqual(side.state, 'connecting', `seed ${seed}`);
        assert.equal(recorder.connected === 1 || recorder.closed !== undefined, true, `seed ${seed}`);
        checkMessages(recorder.messages, 8);
      }
      if (all.client.state === 'connected' && all.server.state === 'connected') connected++;
    }
    assert.equal(connected > 75, true, `${connected} of 150 connected`);
  });
}

describe('RFC 6347 §4.2.4 the handshake over a bad network', () => {
  const setups: Setups = [
    ['a fifth lost, some repeated, some overtaken', 150, { wire: LOSSY }],
    ['the same in small fragments', 100, { wire: LOSSY, client: { mtu: 250 }, server: { mtu: 250 } }],
    ['two in five lost', 60, { wire: { delay: 15, loss: 0.4 } }],
    ['with a cookie', 40, { wire: LOSSY, server: { helloVerify: COOKIE } }],
    ['a long and thin path', 40, { wire: { delay: 300, rate: 8, queue: 4000, loss: 0.05 } }],
  ];
  connectAll(setups);

  flipBits({});
});

describe('RFC 9147 §5.8 and §7 the handshake of 1.3 over a bad network', () => {
  const both = { client: IN_1_3, server: IN_1_3 };
  const small = { ...IN_1_3, mtu: 250 };
  const smallGroup = { ...IN_1_3, groups: [29] };
  connectAll([
    ['a fifth lost, some repeated, some overtaken', 100, { ...both, wire: LOSSY }],
    ['the same in small fragments', 60, { wire: LOSSY, client: small, server: small }],
    ['the same with a key that fits one datagram', 60, { wire: LOSSY, client: smallGroup, server: IN_1_3 }],
    ['two in five lost', 60, { ...both, wire: { delay: 15, loss: 0.4 } }],
    ['with a cookie', 40, { wire: LOSSY, client: IN_1_3, server: { ...IN_1_3, helloVerify: COOKIE } }],
    [
      'with another group asked for',
      40,
      { wire: LOSSY, client: { ...IN_1_3, keyShares: 0 }, server: IN_1_3 },
    ],
    ['a long and thin path', 40, { ...both, wire: { delay: 300, rate: 8, queue: 4000, loss: 0.05 } }],
    [
      'three bytes for one',
      40,
      { wire: LOSSY, client: IN_1_3, server: { ...IN_1_3, amplificationLimit: 3 } },
    ],
  ]);
  flipBits(both);
});
