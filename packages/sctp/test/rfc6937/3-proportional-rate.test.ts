import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProportionalRate } from '../../src/tx/proportional-rate.ts';

const MTU = 1_000;

describe('RFC 6937 §3 proportional rate reduction', () => {
  test('half of what arrives goes out when the window halves, and recovery ends at the new window', () => {
    const prr = new ProportionalRate();
    prr.begin(100 * MTU, 50 * MTU);
    let flight = 99 * MTU;
    let sent = 0;
    for (let i = 0; i < 99; i++) {
      flight -= MTU;
      prr.onAck(MTU, flight, false, MTU);
      while (flight + MTU <= prr.limit) {
        flight += MTU;
        sent++;
        prr.onSent(MTU);
      }
      assert.ok(flight <= 99 * MTU);
    }
    assert.ok(Math.abs(flight - 50 * MTU) <= 2 * MTU, `${flight}`);
    assert.ok(sent >= 48 && sent <= 52, `${sent}`);
  });

  test('the first retransmission goes whatever the count says', () => {
    const prr = new ProportionalRate();
    prr.begin(100 * MTU, 50 * MTU);
    prr.onAck(0, 99 * MTU, false, MTU);
    assert.equal(prr.limit, 100 * MTU);
  });
});
