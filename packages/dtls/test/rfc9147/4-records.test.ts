import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Connections } from '../fixtures/connections.ts';
import { connections, deliver, sealed, transmitted } from '../fixtures/connections.ts';
import {
  connected13,
  connections13,
  epochOf,
  openedPieces,
  openedRecords,
  sealedIn,
} from '../fixtures/connections-13.ts';
import { handshakeRecord, record } from '../fixtures/records.ts';

const text = (string: string): Uint8Array => new Uint8Array(Buffer.from(string, 'latin1'));
const [ALERT, HANDSHAKE, APPLICATION_DATA, ACK] = [21, 22, 23, 26];

/** What the server counts when it gets `datagram`, every reason as often as it was counted. */
function dropped(all: Connections, datagram: Uint8Array, now = 0): string[] {
  const before = { ...all.server.drops };
  deliver(all.server, all.fromServer, datagram, now);
  return Object.entries(all.server.drops).flatMap(([reason, count]) =>
    new Array<string>(count - before[reason as keyof typeof before]).fill(reason),
  );
}

/** The same record with its header and its keys, but as `change` would write the header: what other stacks send. */
function changedHeader(bytes: Uint8Array, bits: number): Uint8Array {
  const changed = bytes.slice();
  changed[0] = changed[0]! ^ bits;
  return changed;
}

describe('RFC 9147 §4 the unified header', () => {
  test('of a record has the fixed bits, a sequence number of 16 bits, a length and the epoch', () => {
    const all = connected13();
    const bytes = sealed(all.client, 'x');
    assert.deepEqual([bytes[0], (bytes[3]! << 8) | bytes[4]!, bytes.length], [0x2c | 3, 18, 23]);
    assert.deepEqual([all.client.headroom, all.client.tailroom, all.client.maxPlaintext], [5, 17, 7978]);
  });

  test('the sequence number is encrypted: two records do not show that they follow each other', () => {
    const all = connected13();
    const shown = [1, 2, 3, 4]
      .map(() => sealed(all.client, 'same'))
      .map((bytes) => (bytes[1]! << 8) | bytes[2]!);
    assert.equal(
      shown.every((number, i) => i === 0 || number === shown[i - 1]! + 1),
      false,
    );
  });

  test('with a connection id, which was not negotiated, the rest of the datagram is dropped', () => {
    const all = connected13();
    const bytes = new Uint8Array([
      ...changedHeader(sealed(all.client, 'a'), 0x10),
      ...sealed(all.client, 'b'),
    ]);
    assert.deepEqual(dropped(all, bytes), ['bad-version']);
    assert.deepEqual(all.fromServer.messages, []);
  });

  test('several records in a datagram are told in order, and a bad one among them harms none', () => {
    const all = connected13();
    const bad = sealed(all.client, 'bad');
    bad[bad.length - 1] = bad.at(-1)! ^ 1;
    const bytes = new Uint8Array([...sealed(all.client, 'a'), ...bad, ...sealed(all.client, 'b')]);
    assert.deepEqual(dropped(all, bytes), ['bad-mac']);
    assert.deepEqual(all.fromServer.messages, ['a', 'b']);
  });

  test('every way to cut a record short is dropped', () => {
    const all = connected13();
    const whole = sealed(all.client, 'cut short');
    for (let length = 1; length < whole.length; length++) {
      assert.deepEqual(dropped(all, whole.slice(0, length)), ['truncated-record'], `${length} bytes`);
    }
    assert.deepEqual(dropped(all, whole), []);
  });

  test('every bit that flips makes a record that is dropped', () => {
    const all = connected13();
    const whole = sealed(all.client, 'flip');
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = whole.slice();
      changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7));
      assert.equal(dropped(all, changed).length > 0, true, `bit ${bit}`);
    }
    assert.deepEqual([dropped(all, whole), all.fromServer.messages], [[], ['flip']]);
  });

  test('of 1.2 has no meaning here, protected or not', () => {
    const all = connected13();
    assert.deepEqual(dropped(all, record(APPLICATION_DATA, text('x'), { epoch: 1 })), ['unknown-epoch']);
    assert.deepEqual(dropped(all, record(APPLICATION_DATA, text('x'), { epoch: 3 })), ['unknown-epoch']);
  });

  test('of 1.3 has no meaning in a connection of 1.2, nor before one whose server speaks 1.2 alone', () => {
    const unified = Uint8Array.of(0x2f, 0, 0, 0, 20, ...new Uint8Array(20));
    const all = connections({ client: { maxVersion: '1.3', groups: [29] }, server: {} });
    assert.deepEqual(dropped(all, unified), ['unknown-epoch']);
    all.pair.run(100);
    assert.deepEqual([all.server.tlsVersion, dropped(all, unified)], ['FEFD', ['unknown-epoch']]);
    deliver(all.client, all.fromClient, unified);
    assert.deepEqual([all.client.state, all.server.state], ['connected', 'connected']);
  });

  test('the version of a plaintext record is ignored', () => {
    for (const version of [0, 0x0303, 0xfefc, 0xffff]) {
      const all = connections13();
      const relabelled = (datagram: Uint8Array): Uint8Array => {
        if (datagram[0] === HANDSHAKE) datagram.set([version >> 8, version & 0xff], 1);
        return datagram;
      };
      for (const datagram of transmitted(all.client)) {
        deliver(all.server, all.fromServer, relabelled(datagram));
      }
      for (const datagram of transmitted(all.server)) {
        deliver(all.client, all.fromClient, relabelled(datagram));
      }
      assert.equal(all.client.state, 'connected', version.toString(16));
    }
  });
});

describe('RFC 9147 §4.2.1, §6.1 epochs', () => {
  test('a record of an epoch that has no keys is dropped once connected', () => {
    const all = connected13();
    for (const bits of [0, 1]) {
      const bytes = changedHeader(sealed(all.client, 'x'), 3 ^ bits);
      assert.deepEqual(dropped(all, bytes), ['unknown-epoch']);
    }
  });

  test('plaintext is dropped once connected, whatever it says', () => {
    const all = connected13();
    for (const bytes of [
      record(ALERT, Uint8Array.of(2, 40)),
      record(ACK, Uint8Array.of(0, 0)),
      handshakeRecord(1, 9, new Uint8Array(40)),
    ]) {
      assert.deepEqual(dropped(all, bytes), ['old-epoch']);
    }
    assert.equal(all.server.state, 'connected');
  });

  test('§5.8.1 the keys of the handshake stay for twice as long as packets live, from the first record after them on', () => {
    const all = connected13({ server: { epochRetention: 1000 } });
    const epoch = epochOf(all, 'client', 'HANDSHAKE_TRAFFIC_SECRET');
    const late = (sequence: number): Uint8Array => sealedIn(epoch, ACK, Uint8Array.of(0, 0), sequence);
    assert.deepEqual(dropped(all, late(900), 100_000), []); // nothing has come under the keys after them
    deliver(all.server, all.fromServer, sealed(all.client, 'x'), 100_000);
    assert.deepEqual(dropped(all, late(901), 101_900), []);
    assert.deepEqual(dropped(all, late(902), 102_000), ['unknown-epoch']);
  });
});

describe('RFC 9147 §4.5.1 replay', () => {
  test('a record is told once', () => {
    const all = connected13();
    const bytes = sealed(all.client, 'once');
    assert.deepEqual([dropped(all, bytes), dropped(all, bytes)], [[], ['replayed']]);
    assert.deepEqual(all.fromServer.messages, ['once']);
  });

  test('one that is behind the window is dropped, one within it is told', () => {
    const all = connected13();
    const records = Array.from({ length: 1100 }, (_, i) => sealed(all.client, `${i}`));
    deliver(all.server, all.fromServer, records.at(-1)!);
    assert.deepEqual(dropped(all, records[0]!), ['too-old']);
    assert.deepEqual(dropped(all, records[500]!), []);
    assert.deepEqual(all.fromServer.messages, ['1099', '500']);
  });

  test('each epoch has its own window', () => {
    const all = connected13();
    for (let i = 0; i < 20; i++) deliver(all.server, all.fromServer, sealed(all.client, 'old'));
    all.client.updateKeys();
    all.pair.run(100);
    assert.deepEqual(dropped(all, sealed(all.client, 'new')), []);
    assert.equal(all.fromServer.messages.at(-1), 'new');
  });
});

describe('RFC 9147 §4.5.2 records that do not open', () => {
  test('are dropped in silence, before and after the handshake', () => {
    const all = connections13();
    deliver(all.server, all.fromServer, transmitted(all.client, 0, 9000)[0]!);
    transmitted(all.server, 0, 9000);
    const forged = Uint8Array.of(0x2e, 0, 0, 0, 40, ...new Uint8Array(40).fill(7));
    assert.deepEqual(dropped(all, forged), ['bad-mac']);
    assert.deepEqual([transmitted(all.server, 1), all.server.state], [[], 'connecting']);
  });

  test('§4.5.3 as many as the limit end the connection, one fewer does not', () => {
    const all = connected13({ server: { forgeryLimit: 3 } });
    const forged = Uint8Array.of(0x2f, 0, 0, 0, 40, ...new Uint8Array(40).fill(7));
    for (let i = 0; i < 2; i++) deliver(all.server, all.fromServer, forged);
    assert.equal(all.server.state, 'connected');
    deliver(all.server, all.fromServer, forged);
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'too-many-forgeries' });
  });
});

describe('RFC 9147 §5.5 messages and records', () => {
  test('messages of a flight share a record under the same keys', () => {
    const all = connections13();
    for (const datagram of transmitted(all.client, 0, 9000)) deliver(all.server, all.fromServer, datagram);
    const flight = transmitted(all.server, 0, 9000);
    const keys = [epochOf(all, 'server', 'HANDSHAKE_TRAFFIC_SECRET')];
    const records = flight.flatMap((datagram) => openedRecords(datagram, keys));
    assert.deepEqual(
      records.map(({ epoch }) => epoch),
      [0, 2],
    );
    const pieces = flight.flatMap((datagram) => openedPieces(datagram, keys));
    assert.deepEqual(
      pieces.map(({ content }) => content[0]),
      [2, 8, 13, 11, 15, 20],
    );
  });
});

describe('RFC 9147 §4.1 before the keys', () => {
  test('records that come early wait, as many as the caps say', () => {
    const all = connections13({ client: { maxEarlyRecords: 2 } });
    deliver(all.server, all.fromServer, transmitted(all.client, 0, 9000)[0]!);
    transmitted(all.server, 0, 9000);
    const early = Uint8Array.of(0x2e, 0, 0, 0, 40, ...new Uint8Array(40));
    for (let i = 0; i < 3; i++) deliver(all.client, all.fromClient, early);
    assert.equal(all.client.drops['early-record-overflow'], 1);
    assert.equal(all.client.heldBytes, 90);
  });

  test('records of the handshake may overtake the ServerHello', () => {
    const all = connections13({ server: { mtu: 200 }, client: { maxEarlyRecords: 32 } });
    deliver(all.server, all.fromServer, transmitted(all.client, 0, 9000)[0]!);
    for (const datagram of transmitted(all.server, 0, 9000).reverse())
      deliver(all.client, all.fromClient, datagram);
    assert.equal(all.client.state, 'connected');
  });

  test('an alert in plaintext ends the handshake only until a protected record has come', () => {
    for (const isLate of [false, true]) {
      const all = connections13({ server: { mtu: 300 } });
      deliver(all.server, all.fromServer, transmitted(all.client, 0, 9000)[0]!);
      const flight = transmitted(all.server, 0, 9000);
      // Without the last record: the client still waits for Finished.
      if (isLate) for (const datagram of flight.slice(0, -1)) deliver(all.client, all.fromClient, datagram);
      else deliver(all.client, all.fromClient, flight[0]!.slice(0, 100));
      deliver(all.client, all.fromClient, record(ALERT, Uint8Array.of(2, 40)));
      assert.equal(all.client.state, isLate ? 'connecting' : 'failed');
      if (isLate) assert.equal(all.client.drops['old-epoch'], 1);
    }
  });

  test('nothing but hellos and alerts is taken in plaintext', () => {
    const all = connections13();
    assert.deepEqual(dropped(all, record(APPLICATION_DATA, text('x'))), ['plaintext-application-data']);
    deliver(all.server, all.fromServer, transmitted(all.client, 0, 9000)[0]!);
    for (const type of [8, 11, 13, 15, 20, 24, 4]) {
      assert.deepEqual(dropped(all, handshakeRecord(type, 1, new Uint8Array(8))), ['fragment-mismatch']);
    }
    assert.equal(all.server.state, 'connecting');
  });
});

describe('RFC 9147 §5.10 closing', () => {
  test('close_notify is protected, and ends both sides', () => {
    const all = connected13();
    all.client.close(0);
    const [bytes] = transmitted(all.client);
    assert.equal(bytes![0]! >> 5, 1);
    deliver(all.server, all.fromServer, bytes!);
    assert.deepEqual(all.fromServer.closed, { by: 'remote', code: 'close-notify', alert: 0 });
    all.client.drain(all.fromClient);
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'closed', alert: 0 });
    all.client.release(0);
    all.server.release(0);
    assert.deepEqual([all.client.deadline(), all.server.deadline()], [Infinity, Infinity]);
  });

  test('the alert of a side that fails comes through to the other, at each point', () => {
    for (const side of ['client', 'server'] as const) {
      const wrong = {
        remoteFingerprints: [{ algorithm: 'sha-256', value: new Array(32).fill('00').join(':') }],
      };
      const all = connections13({ [side]: wrong });
      all.pair.run(100);
      const [own, other] =
        side === 'client' ? [all.fromClient, all.fromServer] : [all.fromServer, all.fromClient];
      assert.deepEqual(own.closed, { by: 'local', code: 'fingerprint-mismatch', alert: 42 });
      assert.deepEqual(other.closed, { by: 'remote', code: 'alert', alert: 42 });
    }
  });

  test('an unknown handshake message after the handshake ends it', () => {
    const all = connected13();
    const epoch = epochOf(all, 'client', 'TRAFFIC_SECRET_0');
    const message = handshakeRecord(4, 4, new Uint8Array(13)).slice(13);
    deliver(all.server, all.fromServer, sealedIn(epoch, HANDSHAKE, message, 700));
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'unexpected-message', alert: 10 });
  });
});
