// How many round trips go by from both descriptions being known until each side has a message, by what is negotiated.
// All layers run, on a virtual clock.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualPair, type VirtualPairOptions } from './virtual-peers.ts';

const RTT = 100; // ms
const SEEDS = 100;

interface Opening {
  readonly atAnswerer: number;
  readonly atOfferer: number;
}

/** In round trips. */
function opening(options: Partial<VirtualPairOptions>): Opening {
  const { wire, ...rest } = options;
  const pair = new VirtualPair({ ...rest, wire: { delay: RTT / 2, ...wire } });
  assert.ok(pair.run(60_000), `seed ${options.seed}: never opened`);
  return { atAnswerer: pair.answerer.messageAt! / RTT, atOfferer: pair.offerer.messageAt! / RTT };
}

/** The later of the two, in `share` of all openings with a tenth of the datagrams lost. */
function lossy(share: number, options: Partial<VirtualPairOptions>): number {
  const all = Array.from({ length: SEEDS }, (_, seed) => {
    const { atAnswerer, atOfferer } = opening({ ...options, seed: seed + 1, wire: { loss: 0.1 } });
    return Math.max(atAnswerer, atOfferer);
  });
  return all.toSorted((a, b) => a - b)[Math.floor((SEEDS - 1) * share)]!;
}

const V1_2 = { minVersion: '1.2', maxVersion: '1.2' } as const;
const V1_3 = { minVersion: '1.3', maxVersion: '1.3' } as const;

describe('round trips until each side has a message', () => {
  // With DTLS 1.2 the server may send first, since its Finished is the last; with 1.3 the client. Without SNAP each sends with
  // its COOKIE ECHO, and a server of 1.3 has its INIT go with its flight.
  const cases: ReadonlyArray<
    readonly [version: '1.2' | '1.3', sped: boolean, snap: boolean, atClient: number, atServer: number]
  > = [
    ['1.2', false, false, 4, 4.5],
    ['1.2', false, true, 3, 3.5],
    ['1.2', true, false, 3, 3.5],
    ['1.2', true, true, 2, 2.5],
    ['1.3', false, false, 3, 3.5],
    ['1.3', false, true, 3, 2.5],
    ['1.3', true, false, 2.5, 2.5],
    ['1.3', true, true, 2, 1.5],
  ];
  for (const [version, sped, snap, atClient, atServer] of cases) {
    const what = `DTLS ${version}${snap ? ', SNAP' : ''}${sped ? ', SPED' : ''}`;
    const dtls = version === '1.2' ? V1_2 : V1_3;
    for (const client of ['answerer', 'offerer'] as const)
      test(`${what}, the ${client} is DTLS client: ${atClient} and ${atServer}`, () => {
        const { atAnswerer, atOfferer } = opening({ client, both: { sped, snap, dtls } });
        const [first, second] = client === 'answerer' ? [atAnswerer, atOfferer] : [atOfferer, atAnswerer];
        assert.deepEqual([first, second], [atClient, atServer]);
      });
  }

  for (const [version, dtls, atClient, atServer] of [
    ['1.2', V1_2, 4, 4.5],
    ['1.3', V1_3, 3, 3.5],
  ] as const)
    test(`DTLS ${version} alone, a channel that is not negotiated: ${atClient} at the answerer, who answers by ${atServer}`, () => {
      const { atAnswerer, atOfferer } = opening({
        inBand: true,
        both: { sped: false, snap: false, dtls },
      });
      assert.deepEqual([atAnswerer, atOfferer], [atClient, atServer]);
    });

  test('nothing but an INIT goes to a client that has not shown who it is', () => {
    const early: string[] = [];
    const pair = new VirtualPair({
      wire: { delay: RTT / 2 },
      both: { sped: false, snap: false, dtls: V1_3 },
    });
    pair.offerer.onEarly = (packet) => early.push(`${packet[12]} of ${packet.length - 12} bytes`);
    assert.ok(pair.run(60_000));
    assert.deepEqual(early, ['1 of 52 bytes']);
  });

  test('flights of several datagrams cost no round trip more', () => {
    assert.deepEqual(opening({ both: { dtls: { ...V1_3, mtu: 250 } } }), { atAnswerer: 2, atOfferer: 1.5 });
  });

  test('an answer that comes late costs what it is late: the hello has waited for it', () => {
    for (const late of [0.5, 0.75, 1, 1.25, 1.5, 2, 3]) {
      const { atAnswerer, atOfferer } = opening({ both: { dtls: V1_3 }, answerDelay: late * RTT });
      assert.deepEqual([atAnswerer, atOfferer], [late + 1.5, late + 1], `${late} round trips`);
    }
  });

  test('a channel of the offerer alone: its own hello brings its message up to half a round trip sooner, and never later', () => {
    for (const late of [0, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2]) {
      const [own, other] = (['offerer', 'answerer'] as const).map((client) =>
        opening({ client, inBand: true, both: { dtls: V1_3 }, answerDelay: late * RTT }),
      );
      assert.deepEqual(own, { atAnswerer: late + 1.5, atOfferer: late + 2 });
      const wait = Math.max(late, 0.5);
      assert.deepEqual(other, { atAnswerer: wait + 1.5, atOfferer: wait + 2 });
    }
  });

  test('only one side does it: as if neither did', () => {
    const neither = opening({ both: { sped: false, snap: false } });
    for (const one of ['offerer', 'answerer'] as const)
      assert.deepEqual(opening({ [one]: { sped: false, snap: false } }), neither);
  });

  for (const [version, dtls] of [
    ['1.2', V1_2],
    ['1.3', V1_3],
  ] as const)
    test(`DTLS ${version}: pairs that lead nowhere carry the hello as well, and cost no more than their pacing`, () => {
      const pacing = (8 * 20) / RTT; // three addresses on each side: the ninth pair works
      const { atAnswerer, atOfferer } = opening({ both: { dtls, addresses: 3 } });
      const alone = opening({ both: { dtls } });
      assert.ok(Math.abs(atAnswerer - alone.atAnswerer - pacing) < 0.001, `${atAnswerer}`);
      assert.ok(Math.abs(atOfferer - alone.atOfferer - pacing) < 0.001, `${atOfferer}`);
    });
});

describe('a tenth of the datagrams lost', () => {
  for (const [version, dtls] of [
    ['1.2', V1_2],
    ['1.3', V1_3],
  ] as const)
    test(`DTLS ${version}: of ${SEEDS} openings 95 have both messages within 6 round trips, at most 0.75 of those without`, () => {
      const most = lossy(0.95, { both: { dtls } });
      const without = lossy(0.95, { both: { dtls, sped: false, snap: false } });
      assert.ok(most <= 6 && most <= 0.75 * without, `${most} and ${without}`);
      assert.ok(lossy(0.5, { both: { dtls } }) <= 3);
    });

  test('flights of several datagrams come through as well', () => {
    const most = lossy(0.95, { both: { dtls: { ...V1_3, mtu: 300 } } });
    assert.ok(most <= 8, `${most}`);
  });
});
