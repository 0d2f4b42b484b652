import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Connections, connected, deliver, sealed, transmitted } from '../fixtures/connections.ts';
import { connected13, epochOf, sealedIn } from '../fixtures/connections-13.ts';
import { fragment } from '../fixtures/records.ts';

const HANDSHAKE = 22;
const bits = (bytes: Uint8Array): number => bytes[0]! & 3;

function talk(all: Connections, text: string): void {
  deliver(all.server, all.fromServer, sealed(all.client, text), all.pair.now);
  deliver(all.client, all.fromClient, sealed(all.server, text), all.pair.now);
}

/** The KeyUpdate that the client of a connected pair would send first; its messages 0 to 3 are those of the handshake. */
function keyUpdate(all: Connections, body: Uint8Array, sequence = 800): Uint8Array {
  return sealedIn(epochOf(all, 'client', 'TRAFFIC_SECRET_0'), HANDSHAKE, fragment(24, 4, body), sequence);
}

describe('RFC 9147 §8, RFC 8446 §4.6.3 KeyUpdate', () => {
  test('either side changes its keys, alone or both, many times; data goes on', () => {
    for (const asks of [false, true]) {
      const all = connected13();
      for (let i = 0; i < 9; i++) {
        const side = i % 2 === 0 ? all.client : all.server;
        assert.equal(side.updateKeys(asks), true);
        talk(all, `before ${i}`);
        all.pair.run(500);
        talk(all, `after ${i}`);
      }
      assert.equal(all.fromServer.messages.length, 18);
      assert.equal(all.fromClient.messages.length, 18);
      const epochs = [3 + (asks ? 9 : 5), 3 + (asks ? 9 : 4)].map((epoch) => epoch & 3);
      assert.deepEqual([bits(sealed(all.client, 'x')), bits(sealed(all.server, 'x'))], epochs);
      assert.deepEqual([all.client.deadline(), all.server.deadline()], [Infinity, Infinity]);
    }
  });

  test('by keyUpdateAfter either side has both change their keys after so many records, and counts them', () => {
    for (const side of ['client', 'server'] as const) {
      const all = connected13({ [side]: { keyUpdateAfter: 10 } });
      for (let i = 0; i < 100; i++) {
        talk(all, `${i}`);
        all.pair.run(10);
      }
      const { sent, received } = all[side].keyUpdates;
      assert.ok(sent >= 8 && sent <= 10, `${sent}`);
      assert.equal(received, sent);
      const other = side === 'client' ? all.server : all.client;
      assert.deepEqual(other.keyUpdates, { sent, received });
      assert.deepEqual([all.fromServer.messages.length, all.fromClient.messages.length], [100, 100]);
    }
  });

  test('one side alone changes its keys as often as it likes: the other acknowledges under its own, older ones', () => {
    for (const side of ['client', 'server'] as const) {
      const all = connected13();
      for (let i = 0; i < 9; i++) {
        assert.equal(all[side].updateKeys(), true, `the change ${i}`);
        all.pair.run(500);
        talk(all, `${i}`);
      }
      assert.equal(bits(sealed(all[side], 'x')), 0); // epoch 12
      assert.deepEqual([all.fromServer.messages.length, all.fromClient.messages.length], [9, 9]);
    }
  });

  test('the new keys are not used before the KeyUpdate is acknowledged', () => {
    const all = connected13();
    all.client.updateKeys();
    const [update] = transmitted(all.client);
    deliver(all.server, all.fromServer, update!);
    assert.equal(bits(sealed(all.client, 'x')), 3);
    assert.equal(all.client.updateKeys(), false);
    deliver(all.client, all.fromClient, transmitted(all.server)[0]!);
    assert.equal(bits(sealed(all.client, 'x')), 0); // epoch 4
    assert.equal(all.client.updateKeys(), true);
  });

  test('a lost KeyUpdate, and a lost acknowledgement, are made good', () => {
    for (const direction of ['ab', 'ba'] as const) {
      const all = connected13();
      let losses = 2;
      all.pair[direction].lose = () => losses-- > 0;
      all.client.updateKeys();
      all.pair.run(5000);
      assert.equal(bits(sealed(all.client, 'x')), 0);
      assert.deepEqual([all.client.deadline(), all.client.state], [Infinity, 'connected']);
      talk(all, 'goes on');
      assert.deepEqual(all.fromServer.messages, ['goes on']);
    }
  });

  test('records under the old keys that come late are told, for a while', () => {
    const all = connected13({ server: { epochRetention: 1000 } });
    const late = [sealed(all.client, 'late'), sealed(all.client, 'too late')];
    all.client.updateKeys();
    all.pair.run(100);
    const { now } = all.pair;
    deliver(all.server, all.fromServer, late[0]!, now + 500);
    deliver(all.server, all.fromServer, late[1]!, now + 1100);
    assert.deepEqual(all.fromServer.messages, ['late']);
    assert.equal(all.server.drops['unknown-epoch'], 1);
  });

  test('both at once, each asking the other: both change, and answer', () => {
    const all = connected13();
    all.client.updateKeys(true);
    all.server.updateKeys(true);
    all.pair.run(5000);
    assert.deepEqual([bits(sealed(all.client, 'x')), bits(sealed(all.server, 'x'))], [1, 1]); // epoch 5
    talk(all, 'goes on');
    assert.deepEqual([all.fromServer.messages, all.fromClient.messages], [['goes on'], ['goes on']]);
  });

  test('keys change by themselves before their limit: a connection outlives it many times', () => {
    const all = connected13({ client: { recordLimit: 50 }, server: { recordLimit: 50 } });
    for (let i = 0; i < 500; i++) {
      talk(all, `${i}`);
      if (i % 5 === 0) all.pair.run(50);
    }
    assert.deepEqual([all.fromServer.messages.length, all.fromClient.messages.length], [500, 500]);
  });

  test('a peer that never acknowledges one: at the limit the connection closes itself and says so', () => {
    const all = connected13({ client: { recordLimit: 40 } });
    all.pair.ab.lose = () => true;
    let count = 0;
    while (sealed(all.client, 'x').length > 0) count++;
    assert.equal(count <= 40 && count > 30, true, `${count}`);
    const alerts = transmitted(all.client);
    for (const datagram of alerts) deliver(all.server, all.fromServer, datagram);
    all.client.drain(all.fromClient);
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'sequence-exhausted', alert: 0 });
    assert.deepEqual(all.fromServer.closed, { by: 'remote', code: 'close-notify', alert: 0 });
  });

  test('one with an unknown request, or of a wrong length, ends the connection', () => {
    for (const [body, code, alert] of [
      [Uint8Array.of(2), 'illegal-parameter', 47],
      [Uint8Array.of(0, 0), 'decode-error', 50],
    ] as const) {
      const all = connected13();
      deliver(all.server, all.fromServer, keyUpdate(all, body));
      assert.deepEqual(all.fromServer.closed, { by: 'local', code, alert });
    }
  });

  test('a second one under the keys of the first ends the connection', () => {
    const all = connected13();
    deliver(all.server, all.fromServer, keyUpdate(all, Uint8Array.of(0)));
    const epoch = epochOf(all, 'client', 'TRAFFIC_SECRET_0');
    deliver(all.server, all.fromServer, sealedIn(epoch, HANDSHAKE, fragment(24, 5, Uint8Array.of(0)), 801));
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'unexpected-message', alert: 10 });
  });

  test('one that is repeated is acknowledged again and changes nothing', () => {
    const all = connected13();
    for (let i = 0; i < 3; i++) {
      deliver(all.server, all.fromServer, keyUpdate(all, Uint8Array.of(0), 800 + i));
      assert.equal(transmitted(all.server).length, 1);
    }
    assert.equal(all.server.state, 'connected');
  });

  test('there is none in 1.2', () => {
    const { client } = connected();
    assert.equal(client.updateKeys(), false);
  });
});
