import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fairness, shares } from '../lossy-link.ts';

describe('RFC 9438 CUBIC on a link of 100 Mbit/s with a queue of one bandwidth-delay product', () => {
  for (const roundTripTime of [1, 20, 50])
    test(`fills it without loss at ${roundTripTime} ms`, () => {
      const [share] = shares(['cubic'], roundTripTime, 0, 2_000, 5_000);
      assert.ok(share! >= 0.93, `${share}`);
    });

  test('§5.1.2, §4.3: at 20 ms and 1 % loss as much as the response function gives', () => {
    const [share] = shares(['cubic'], 20, 0.01, 2_000, 60_000);
    // An average window of sqrt(1.5 / p) packets, of which 1,128 bytes are the user's.
    const expected = (Math.sqrt(1.5 / 0.01) * 1_128) / 20 / 12_500;
    assert.ok(share! >= expected, `${share} of ${expected}`);
  });

  test('§5.2: a flow that begins a second later gets its share within 30 s', () => {
    const both = shares(['cubic', 'cubic'], 50, 0, 3_000, 30_000, 1_000);
    assert.ok(fairness(both) >= 0.9, `${both}`);
  });

  test('§5.2: two flows share', () => {
    const [one, other] = shares(['cubic', 'cubic'], 50, 0, 2_000, 20_000);
    assert.ok(Math.min(one!, other!) > 0.3, `${one} and ${other}`);
  });
});
