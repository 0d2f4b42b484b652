import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEVER } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { ClientTransaction, TRANSACTION_DEFAULTS } from '@millrace/stun';

/** When a transaction that nobody answers is sent, and when it ends. */
function run(transaction: ClientTransaction, start: number): { sent: number[]; timeout: number } {
  const sent = [start];
  transaction.onSent(start);
  for (;;) {
    const now = transaction.deadline;
    assert.equal(transaction.due(now - 0.001), 'nothing');
    if (transaction.due(now) === 'timeout') return { sent, timeout: now };
    sent.push(now);
    transaction.onSent(now);
  }
}

describe('RFC 8489 §6.2.1 sending over UDP', () => {
  test('with the defaults a request goes out at 0, 500, 1500, 3500, 7500, 15500 and 31500 ms and fails at 39500', () => {
    const { sent, timeout } = run(new ClientTransaction(new SeededRandom(1)), 0);
    assert.deepEqual(sent, [0, 500, 1500, 3500, 7500, 15500, 31500]);
    assert.equal(timeout, 39_500);
  });

  test('the wait stops doubling at the limit, where one is set', () => {
    const tunables = { rto: 100, rtoMax: 400, sends: 5, lastWait: 3 };
    const { sent, timeout } = run(new ClientTransaction(new SeededRandom(1), tunables), 1000);
    assert.deepEqual(sent, [1000, 1100, 1300, 1700, 2100]);
    assert.equal(timeout, 2400);
  });

  test('nothing is due before the first transmission', () => {
    const transaction = new ClientTransaction(new SeededRandom(1));
    assert.equal(transaction.deadline, NEVER);
    assert.equal(transaction.due(1e9), 'nothing');
  });

  test('a response to a request that was sent once shows the round trip, one sent twice does not', () => {
    const transaction = new ClientTransaction(new SeededRandom(1));
    transaction.onSent(10);
    assert.equal(transaction.roundTripTime(35), 25);
    transaction.onSent(510);
    assert.equal(transaction.roundTripTime(535), undefined);
  });

  test('RFC 8445 §7.3.1.4: a cancelled transaction sends no more and still waits for its response', () => {
    const transaction = new ClientTransaction(new SeededRandom(1));
    transaction.onSent(0);
    transaction.cancel(100);
    assert.equal(transaction.due(500), 'nothing');
    assert.equal(transaction.deadline, 100 + TRANSACTION_DEFAULTS.rto * TRANSACTION_DEFAULTS.lastWait);
    assert.equal(transaction.due(transaction.deadline), 'timeout');
  });

  test('§5: ids differ, and one matches itself alone', () => {
    const random = new SeededRandom(3);
    const a = new ClientTransaction(random);
    const b = new ClientTransaction(random);
    assert.notDeepEqual(a.id, b.id);
    assert(a.matches(a.id, 0));
    assert(!a.matches(b.id, 0));
  });
});
