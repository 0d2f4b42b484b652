import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEVER } from '@millrace/sans-io';
import { alertName, type DropReason } from '../../src/index.ts';
import { connected, connections, deliver, sealed, transmitted } from '../fixtures/connections.ts';
import { hex, record } from '../fixtures/records.ts';

describe('RFC 5246 §7.2.1 closure alerts', () => {
  for (const side of ['client', 'server'] as const) {
    test(`close() of the ${side} is heard by the other side, which answers with its own`, () => {
      // A -> close_notify -> Z; A <- close_notify <- Z
      const all = connected();
      const before = all.sent.length;
      all[side].close(all.pair.now);
      all.pair.run(1000);
      const [near, far] =
        side === 'client' ? [all.fromClient, all.fromServer] : [all.fromServer, all.fromClient];
      assert.deepEqual(near.closed, { by: 'local', code: 'closed', alert: 0 });
      assert.deepEqual(far.closed, { by: 'remote', code: 'close-notify', alert: 0 });
      assert.equal(all.sent.length - before, 2);
      assert.deepEqual([all.client.state, all.server.state], ['closed', 'closed']);
    });
  }

  test('what came before the alert is told before the end, and nothing after it', () => {
    const all = connected();
    const last = sealed(all.client, 'last');
    all.client.close(0);
    const [alert] = transmitted(all.client);
    const datagram = new Uint8Array([...last, ...alert!]);
    deliver(all.server, all.fromServer, datagram);
    assert.deepEqual(all.fromServer.messages, ['last']);
    assert.equal(all.fromServer.closed?.code, 'close-notify');
    deliver(all.server, all.fromServer, last);
    assert.deepEqual([all.fromServer.messages, all.server.drops.closed], [['last'], 1]);
  });

  test('closing twice, or after the end, does nothing more', () => {
    const all = connected();
    all.client.close(0);
    all.client.close(0);
    all.pair.run(1000);
    all.client.close(1000);
    all.server.close(1000);
    all.pair.run(1000);
    assert.deepEqual([all.fromClient.closedCount, all.fromServer.closedCount], [1, 1]);
  });

  test('a connection that was never started closes without a word', () => {
    const all = connections({ start: false });
    all.client.close(0);
    all.pair.run(10);
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'closed' });
    assert.equal(all.sent.length, 0);
  });

  test('closing in the middle of the handshake tells the peer in the clear', () => {
    const all = connections();
    deliver(all.server, all.fromServer, transmitted(all.client)[0]!);
    transmitted(all.server);
    all.server.close(0);
    const [alert] = transmitted(all.server);
    deliver(all.client, all.fromClient, alert!);
    assert.deepEqual(all.fromClient.closed, { by: 'remote', code: 'close-notify', alert: 0 });
    assert.equal(all.server.deadline(), NEVER);
  });

  test('a lost close_notify is said again to a peer that keeps talking, but not for ever', () => {
    const all = connected();
    all.client.close(0);
    transmitted(all.client); // lost
    let answers = 0;
    for (let now = 10; now < 2000; now += 10) {
      deliver(all.client, all.fromClient, sealed(all.server, 'still talking'), now);
      answers += transmitted(all.client, now).length;
    }
    assert.equal(answers, 5);
  });

  test('sealing or exporting after the end is an error of the caller', () => {
    const all = connected();
    all.client.close(0);
    assert.throws(() => all.client.seal(new Uint8Array(100), 0, 1), { code: 'NOT_CONNECTED' });
    assert.throws(() => all.client.exportKeyingMaterial('x', undefined, 1), { code: 'NOT_CONNECTED' });
    assert.throws(() => all.client.exportSrtpKeys(), { code: 'NOT_CONNECTED' });
  });
});

describe('RFC 5246 §7.2.2 error alerts', () => {
  test('every fatal alert in the handshake ends it with its number', () => {
    for (let alert = 1; alert < 256; alert++) {
      const all = connections();
      deliver(all.client, all.fromClient, record(21, Uint8Array.of(2, alert)));
      assert.deepEqual(all.fromClient.closed, { by: 'remote', code: 'alert', alert });
      assert.equal(all.client.state, 'failed');
    }
  });

  test('alerts have their registered names', () => {
    assert.deepEqual([0, 40, 42, 255].map(alertName), [
      'close_notify',
      'handshake_failure',
      'bad_certificate',
      'alert 255',
    ]);
  });

  test('warnings other than close_notify change nothing', () => {
    const all = connections();
    for (const alert of [90, 100, 112])
      deliver(all.client, all.fromClient, record(21, Uint8Array.of(1, alert)));
    assert.equal(
      all.pair.run(1000, () => all.client.state === 'connected'),
      true,
    );
  });

  test('malformed alerts are dropped', () => {
    const all = connections();
    for (const bytes of [hex(''), hex('02'), hex('022800'), hex('0028'), hex('0328')]) {
      deliver(all.client, all.fromClient, record(21, bytes));
    }
    assert.equal(all.client.drops['bad-alert'], 5);
    assert.equal(all.client.state, 'connecting');
  });

  test('a plaintext alert cannot end an established connection', () => {
    const all = connected();
    for (const content of [hex('0228'), hex('0100')]) {
      deliver(all.client, all.fromClient, record(21, content));
      deliver(all.server, all.fromServer, record(21, content));
    }
    assert.deepEqual([all.client.state, all.server.state], ['connected', 'connected']);
    assert.deepEqual([all.client.drops['old-epoch'], all.server.drops['old-epoch']], [2, 2]);
  });

  test('a lost fatal alert is said again when the peer repeats its flight', () => {
    const all = connections({ client: { cipherSuites: [0xc02f] } });
    let losses = 1;
    all.pair.ba.lose = () => losses-- > 0;
    all.pair.run(1000);
    assert.deepEqual(all.fromClient.closed, { by: 'remote', code: 'alert', alert: 40 });
  });
});

describe('RFC 5246 §7.1 change cipher spec', () => {
  test('is checked for its form and otherwise left aside', () => {
    const all = connections();
    const bad: DropReason = 'bad-change-cipher-spec';
    for (const content of [hex(''), hex('00'), hex('02'), hex('0101')]) {
      deliver(all.server, all.fromServer, record(20, content));
    }
    assert.equal(all.server.drops[bad], 4);
    deliver(all.server, all.fromServer, record(20, hex('01'))); // far too early
    assert.equal(all.server.drops[bad], 4);
    assert.equal(
      all.pair.run(1000, () => all.server.state === 'connected'),
      true,
    );
  });
});
