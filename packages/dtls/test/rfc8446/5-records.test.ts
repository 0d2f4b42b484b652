// RFC 8446 §5, §5.4 and §6: what comes under the keys of the peer is the peer's own doing. Where it has no business to be, the
// connection ends; in plaintext, where anybody may have said it, it is dropped (RFC 9147 §4.5.2).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Connections,
  connected,
  deliver,
  recordUnderKeys,
  transmitted,
} from '../fixtures/connections.ts';
import { connected13, connections13, epochOf, sealedIn } from '../fixtures/connections-13.ts';
import { fragment, record } from '../fixtures/records.ts';

const [CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA] = [20, 21, 22, 23];
const NOTHING = new Uint8Array(0);
const UNEXPECTED = { by: 'local', code: 'unexpected-message', alert: 10 };

/** A server that waits for the client's last flight. */
function halfway(): Connections {
  const all = connections13();
  for (const datagram of transmitted(all.client)) deliver(all.server, all.fromServer, datagram);
  for (const datagram of transmitted(all.server)) deliver(all.client, all.fromClient, datagram);
  return all;
}

/** What the server makes of a record of the client's, in the middle of the handshake and after it. */
function ends(content: Uint8Array, type: number): unknown[] {
  return [halfway(), connected13()].map((all, i) => {
    const epoch = epochOf(all, 'client', i === 0 ? 'HANDSHAKE_TRAFFIC_SECRET' : 'TRAFFIC_SECRET_0');
    deliver(all.server, all.fromServer, sealedIn(epoch, type, content, 900));
    assert.deepEqual(all.fromServer.messages, []);
    return all.fromServer.closed;
  });
}

describe('RFC 8446 §5 the type of a protected record', () => {
  for (const type of [0, 24, 25, 27, 99, 255]) {
    test(`${type} is none, and ends the connection (§5.4 for 0, nothing but padding)`, () => {
      assert.deepEqual(ends(NOTHING, type), [UNEXPECTED, UNEXPECTED]);
    });
  }

  test('a ChangeCipherSpec that is protected ends the connection; one in plaintext is dropped', () => {
    assert.deepEqual(ends(Uint8Array.of(1), CHANGE_CIPHER_SPEC), [UNEXPECTED, UNEXPECTED]);
    const all = halfway();
    deliver(all.server, all.fromServer, record(CHANGE_CIPHER_SPEC, Uint8Array.of(1), { sequence: 9 }));
    assert.equal(all.server.state, 'connecting');
  });

  test('§5.4 an alert or a handshake message without content ends the connection; data without content does not', () => {
    for (const type of [ALERT, HANDSHAKE]) assert.deepEqual(ends(NOTHING, type), [UNEXPECTED, UNEXPECTED]);
    assert.deepEqual(ends(NOTHING, APPLICATION_DATA)[1], undefined);
  });

  test('RFC 9147 §6.1 application data under the keys of the handshake ends the connection, before and after its end', () => {
    const all = halfway();
    const epoch = epochOf(all, 'client', 'HANDSHAKE_TRAFFIC_SECRET');
    const late = connected13();
    const later = epochOf(late, 'client', 'HANDSHAKE_TRAFFIC_SECRET');
    for (const [each, keys] of [
      [all, epoch],
      [late, later],
    ] as const) {
      deliver(each.server, each.fromServer, sealedIn(keys, APPLICATION_DATA, Uint8Array.of(1), 900));
      assert.deepEqual([each.fromServer.messages, each.fromServer.closed], [[], UNEXPECTED]);
    }
  });
});

describe('RFC 8446 §4 handshake messages that are not of their epoch', () => {
  test('§4.6.3 a KeyUpdate before the Finished ends the handshake', () => {
    const all = halfway();
    const epoch = epochOf(all, 'client', 'HANDSHAKE_TRAFFIC_SECRET');
    const update = fragment(24, 1, Uint8Array.of(0));
    deliver(all.server, all.fromServer, sealedIn(epoch, HANDSHAKE, update, 900));
    assert.deepEqual(all.fromServer.closed, UNEXPECTED);
  });

  test('§4.6.2 a CertificateRequest after the handshake, which nobody has allowed, ends the connection', () => {
    const all = connected13();
    const request = fragment(13, 6, Uint8Array.of(1, 7, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3));
    const epoch = epochOf(all, 'server', 'TRAFFIC_SECRET_0');
    deliver(all.client, all.fromClient, sealedIn(epoch, HANDSHAKE, request, 900));
    assert.deepEqual(all.fromClient.closed, UNEXPECTED);
    const [alert] = transmitted(all.client);
    deliver(all.server, all.fromServer, alert!);
    assert.deepEqual(all.fromServer.closed, { by: 'remote', code: 'alert', alert: 10 });
  });

  const others: ReadonlyArray<readonly [type: number, name: string]> = [
    [0, 'HelloRequest'],
    [1, '§4.1.2 ClientHello'],
    [2, 'ServerHello'],
    [5, '§4.5 EndOfEarlyData'],
    [8, 'EncryptedExtensions'],
    [9, 'RFC 9147 §9 RequestConnectionId'],
    [10, 'RFC 9147 §9 NewConnectionId'],
    [11, 'Certificate'],
    [15, 'CertificateVerify'],
    [20, 'Finished'],
    [77, 'message that nobody knows'],
  ];
  for (const [type, name] of others)
    test(`a ${name} under the keys of the application ends the connection`, () => {
      for (const side of ['client', 'server'] as const) {
        const all = connected13();
        const message = fragment(type, side === 'client' ? 4 : 6, new Uint8Array(40));
        const bytes = sealedIn(epochOf(all, side, 'TRAFFIC_SECRET_0'), HANDSHAKE, message, 900);
        const [other, sink] = side === 'client' ? [all.server, all.fromServer] : [all.client, all.fromClient];
        deliver(other, sink, bytes);
        assert.deepEqual(sink.closed, UNEXPECTED);
      }
    });

  test('in plaintext, where anybody may have said them, they are dropped: what is whole before the hello is forgotten', () => {
    for (const before of [true, false]) {
      const all = connections13();
      const forged = [8, 11, 13, 15, 20].map((type, i) =>
        record(HANDSHAKE, fragment(type, 1 + i, new Uint8Array(36))),
      );
      const hello = transmitted(all.client);
      if (before) for (const bytes of forged) deliver(all.server, all.fromServer, bytes);
      for (const datagram of hello) deliver(all.server, all.fromServer, datagram);
      const flight = transmitted(all.server);
      if (before) for (const bytes of forged) deliver(all.client, all.fromClient, bytes);
      else for (const bytes of forged) deliver(all.server, all.fromServer, bytes);
      for (const datagram of flight) deliver(all.client, all.fromClient, datagram);
      for (const datagram of transmitted(all.client)) deliver(all.server, all.fromServer, datagram);
      assert.deepEqual([all.client.state, all.server.state], ['connected', 'connected']);
    }
  });
});

describe('RFC 8446 §6 alerts', () => {
  const alert = (level: number, description: number): unknown[] =>
    ends(Uint8Array.of(level, description), ALERT);

  test('§6.2 every one but close_notify and user_canceled is an error, whatever its level; unknown ones too', () => {
    for (const level of [0, 1, 2, 7]) {
      for (const description of [10, 20, 40, 80, 109, 116, 200]) {
        const closed = { by: 'remote', code: 'alert', alert: description };
        assert.deepEqual(alert(level, description), [closed, closed]);
      }
    }
  });

  test('§6.1 close_notify closes, at any level; user_canceled says that it will follow', () => {
    const closed = { by: 'remote', code: 'close-notify', alert: 0 };
    for (const level of [1, 2]) assert.deepEqual(alert(level, 0), [closed, closed]);
    assert.deepEqual(alert(1, 90), [undefined, undefined]);
  });

  test('one that cannot be read ends the connection if it is protected, and is dropped if it is not', () => {
    const closed = { by: 'local', code: 'decode-error', alert: 50 };
    for (const content of [Uint8Array.of(2), Uint8Array.of(2, 40, 2, 40)]) {
      assert.deepEqual(ends(content, ALERT), [closed, closed]);
      const all = connections13();
      deliver(all.server, all.fromServer, record(ALERT, content));
      assert.deepEqual([all.server.state, all.server.drops['bad-alert']], ['connecting', 1]);
    }
  });

  test('of 1.2 a warning changes nothing', () => {
    const all = connected({ client: { maxVersion: '1.2', keyLog: true }, server: { maxVersion: '1.2' } });
    deliver(all.server, all.fromServer, recordUnderKeys(all, ALERT, Uint8Array.of(1, 80), 90));
    assert.equal(all.server.state, 'connected');
  });
});
