import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flight } from '../../src/handshake/flight.ts';
import { Transcript } from '../../src/handshake/transcript.ts';
import { AfterHandshake } from '../../src/handshake13/post-handshake.ts';
import { CIPHER_SUITES_13 } from '../../src/index.ts';
import { KeySchedule13 } from '../../src/key-schedule/tls13.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { resolveOptions } from '../../src/options.ts';
import { RecordLayer } from '../../src/record/layer.ts';
import { createEpoch13 } from '../../src/record/protection-13.ts';
import {
  type Connections,
  clientOptions,
  connected,
  deliver,
  sealed,
  transmitted,
} from '../fixtures/connections.ts';
import { connected13, epochOf, sealedIn, secretOf } from '../fixtures/connections-13.ts';
import { fragment } from '../fixtures/records.ts';

const AES_128 = CIPHER_SUITES_13.get(0x1301)!;

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

const total = (datagrams: readonly Uint8Array[]): number =>
  datagrams.reduce((sum, { length }) => sum + length, 0);

/** Writes down what is sent. */
class RecordedFlight extends Flight {
  readonly bodies: number[][] = [];

  override add(type: number, body: Uint8Array): Uint8Array {
    this.bodies.push([...body]);
    return super.add(type, body);
  }
}

/** A client after its handshake, by itself. */
function afterHandshake() {
  const settings = resolveOptions(clientOptions({ maxVersion: '1.3' }));
  const records = new RecordLayer(settings);
  const secrets = { client: new Uint8Array(32).fill(1), server: new Uint8Array(32).fill(2) };
  const epochs = records.createEpochs(nodeDtlsCrypto, AES_128);
  epochs.startSealing(3, secrets.client);
  epochs.startOpening(3, secrets.server);
  const flight = new RecordedFlight();
  flight.epoch = 3;
  const parts = { transcript: new Transcript(), secrets: [], counts: { helloRetries: 0 }, keyLog: [] };
  const step = new AfterHandshake({ settings, records, flight, ...parts }, AES_128, secrets, undefined);
  /** The numbers of the records in which it goes. */
  const send = (): number[] => {
    const from = records.nextSequence(flight.epoch);
    flight.write(new Uint8Array(2000), 0, 2000, records);
    return Array.from({ length: records.nextSequence(flight.epoch) - from }, (_, i) => from + i);
  };
  const acknowledge = (): void => {
    const { epoch } = flight;
    for (const sequence of send()) flight.onAcknowledged(epoch, sequence);
    step.onAcknowledged();
  };
  return { step, flight, send, acknowledge };
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
    deliver(all.server, all.fromServer, sealed(all.client, 'new'), now);
    deliver(all.server, all.fromServer, late[0]!, now + 500);
    deliver(all.server, all.fromServer, late[1]!, now + 1100);
    assert.deepEqual(all.fromServer.messages, ['new', 'late']);
    assert.equal(all.server.drops['unknown-epoch'], 1);
  });

  test('the old keys stay until something comes under the new ones, however long that takes', () => {
    const all = connected13({ server: { epochRetention: 1000 } });
    all.client.updateKeys();
    for (const update of transmitted(all.client)) deliver(all.server, all.fromServer, update);
    // The acknowledgement is lost for good: the client goes on under the old keys.
    for (const now of [2000, 200_000, 2_000_000]) {
      deliver(all.server, all.fromServer, sealed(all.client, `${now}`), now);
    }
    assert.deepEqual(all.fromServer.messages, ['2000', '200000', '2000000']);
  });

  test('the new keys wait for what was sent before the KeyUpdate as well', () => {
    const { step, flight, send } = afterHandshake();
    flight.extend();
    flight.add(4, new Uint8Array(20)); // a ticket, say
    assert.equal(step.updateKeys(false), true);
    const [ticket, update] = send();
    flight.onAcknowledged(3, update!);
    step.onAcknowledged();
    assert.equal(flight.epoch, 3); // the peer keeps the KeyUpdate until the ticket comes
    flight.onAcknowledged(3, ticket!);
    step.onAcknowledged();
    assert.equal(flight.epoch, 4);
  });

  test('who has asked for new keys does not ask again before they have come', () => {
    const { step, flight, acknowledge } = afterHandshake();
    for (let i = 0; i < 3; i++) {
      step.updateKeys(true);
      acknowledge();
    }
    const bytes = fragment(24, 0, Uint8Array.of(0));
    step.handle({ type: 24, sequence: 0, epoch: 3, bytes }, 0);
    step.updateKeys(true);
    assert.deepEqual(flight.bodies, [[1], [0], [0], [1]]);
  });

  test('RFC 9147 §5.2 the numbers of messages do not wrap: after the last one keys change no more', () => {
    const { step, flight, acknowledge } = afterHandshake();
    flight.skipTo(0xffff);
    assert.equal(step.updateKeys(false), true);
    acknowledge();
    assert.deepEqual([step.updateKeys(false), flight.bodies.length], [false, 1]);
  });

  test('a flood of them, each asking for another, leaves three epochs and one answer', () => {
    const all = connected13();
    let secret = secretOf(all, 'CLIENT_TRAFFIC_SECRET_0');
    const opened: number[] = [];
    for (let i = 0; i < 200; i++) {
      const epoch = createEpoch13(nodeDtlsCrypto, AES_128, secret, 3 + i, 'seal');
      const update = fragment(24, 4 + i, Uint8Array.of(1));
      deliver(all.server, all.fromServer, sealedIn(epoch, HANDSHAKE, update, 100));
      secret = KeySchedule13.nextGeneration(nodeDtlsCrypto, AES_128.hash, secret);
      opened.push(total(transmitted(all.server)));
    }
    assert.equal(all.server.keyUpdates.received, 200);
    assert.equal(all.server.keyUpdates.sent, 0); // none of ours is acknowledged
    // Each is acknowledged, by name of 32 records at most; our own KeyUpdate goes out once.
    assert.ok(Math.max(...opened) < 700, `${Math.max(...opened)} bytes`);
    assert.equal(all.server.heldBytes, 0);
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
