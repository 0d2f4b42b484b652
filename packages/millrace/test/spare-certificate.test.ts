import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultCertificate, type RTCCertificate } from '../src/certificate.ts';
import { SpareCertificate } from '../src/spare-certificate.ts';

const MINUTE = 60_000;

/** A spare of which it is known when it makes one, and what is to be done later. */
function counted() {
  const certificates = Array.from({ length: 4 }, defaultCertificate);
  const made: RTCCertificate[] = [];
  const later: Array<() => void> = [];
  const clock = { now: 0 };
  const spare = new SpareCertificate(
    () => {
      made.push(certificates[made.length]!);
      return made.at(-1)!;
    },
    (refill) => later.push(refill),
    () => clock.now,
  );
  return { spare, made, later, clock };
}

describe('certificates made ahead', () => {
  test('the first is made when it is asked for, the next one afterwards, and each is taken once', () => {
    const { spare, made, later } = counted();
    assert.deepEqual([made.length, later.length], [0, 0]);
    const first = spare.take();
    assert.deepEqual([made.length, later.length], [1, 1]);
    later[0]!();
    assert.equal(made.length, 2);
    const second = spare.take();
    assert.equal(made.length, 2, 'it was there');
    const third = spare.take();
    assert.equal(made.length, 3, 'with none left it is made at once');
    assert.equal(later.length, 2, 'asked for once');
    assert.equal(new Set([first, second, third]).size, 3);
  });

  test('one that has waited for more than ten minutes, or whose time lies ahead, is not used', () => {
    for (const [wait, isUsed] of [
      [10 * MINUTE, true],
      [10 * MINUTE + 1, false],
      [-1, false],
    ] as const) {
      const { spare, made, later, clock } = counted();
      spare.take();
      later[0]!();
      clock.now += wait;
      spare.take();
      assert.equal(made.length, isUsed ? 2 : 3, `${wait} ms`);
    }
  });
});
