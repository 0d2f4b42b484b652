import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fairness, shares } from '../lossy-link.ts';

describe('BBR on a link of 100 Mbit/s with a queue of one bandwidth-delay product', () => {
  for (const roundTripTime of [1, 20, 50, 200])
    for (const [loss, least] of [
      [0, 0.9],
      [0.01, 0.9],
      [0.03, 0.8],
    ] as const)
      test(`${roundTripTime} ms, ${loss * 100} % loss: at least ${least * 100} %`, () => {
        const from = 1_000 + 20 * roundTripTime;
        const [share] = shares(['bbr'], roundTripTime, loss, from, from + 4_000);
        assert.ok(share! >= least, `${share}`);
      });

  test('a flow that begins a second later gets its share within 20 s', () => {
    const both = shares(['bbr', 'bbr'], 50, 0, 3_000, 20_000, 1_000);
    assert.ok(fairness(both) >= 0.9, `${both}`);
  });

  test('a CUBIC flow that begins a second later gets at least a quarter', () => {
    const [, late] = shares(['bbr', 'cubic'], 50, 0, 3_000, 20_000, 1_000);
    assert.ok(late! >= 0.25, `${late}`);
  });

  test('beside CUBIC each gets at least a quarter', () => {
    const [one, other] = shares(['bbr', 'cubic'], 50, 0, 2_000, 20_000);
    assert.ok(Math.min(one!, other!) >= 0.25, `${one} and ${other}`);
  });
});
