import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXTENSION } from '../../src/handshake/extensions.ts';
import { parseClientHello, writeClientHello } from '../../src/handshake/messages/client-hello.ts';
import { parseServerHello, writeServerHello } from '../../src/handshake/messages/server-hello.ts';
import { binderOf, selectedIdentityExtension } from '../../src/handshake13/pre-shared-key.ts';
import { fingerprintOf, type ResumableSession, SessionCache } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { ECDSA_P256, ED25519, identityOf, OTHER_ECDSA_P256 } from '../fixtures/certificates.ts';
import { type Connections, deliver, type Overrides, sealed } from '../fixtures/connections.ts';
import {
  type Change,
  connected13,
  connections13,
  epochOf,
  meddled,
  openedPieces,
} from '../fixtures/connections-13.ts';

const [CLIENT_HELLO, SERVER_HELLO] = [1, 2];

interface Caches {
  readonly client: SessionCache;
  readonly server: SessionCache;
}

/** Caches with the session of one full handshake. */
function afterOne(overrides: { client?: Overrides; server?: Overrides } = {}): Caches {
  const caches = { client: new SessionCache(), server: new SessionCache() };
  const all = connected13(withCaches(caches, overrides));
  assert.equal(all.client.isResumed, false);
  return caches;
}

function withCaches(
  caches: Caches,
  overrides: { client?: Overrides; server?: Overrides } = {},
): { client: Overrides; server: Overrides; seed: number } {
  return {
    client: { sessions: caches.client, ...overrides.client },
    server: { sessions: caches.server, ...overrides.server },
    seed: 3,
  };
}

/** The types of all handshake messages, as somebody with the keys of the handshake sees them. */
function messagesOf(all: Connections, from: 'client' | 'server'): number[] {
  const epoch = epochOf(all, from, 'HANDSHAKE_TRAFFIC_SECRET');
  const sent = all.sent.filter((each) => each.from === (from === 'client' ? 'a' : 'b'));
  return sent
    .flatMap(({ bytes }) => openedPieces(bytes, [epoch]))
    .filter(({ type }) => type === 22)
    .map(({ content }) => content[0]!);
}

function session(number: number, expiresAt = 1000): ResumableSession {
  const empty = new Uint8Array(0);
  return {
    ticket: Uint8Array.of(number),
    preSharedKey: Uint8Array.of(9, 9),
    suite: 0x1301,
    remoteCertificate: empty,
    ownCertificate: empty,
    since: 0,
    expiresAt,
    ageAdd: 0,
  };
}

describe('RFC 8446 §4.6.1, §2.2 resumption', () => {
  test('without a cache there are no tickets, and nothing is resumed', () => {
    const caches = { client: new SessionCache(), server: new SessionCache() };
    connected13({ client: { sessions: caches.client } });
    connected13({ server: { sessions: caches.server } });
    assert.deepEqual([caches.client.size, caches.server.size], [0, 0]);
  });

  test('a second connection needs no certificates; both sides know who the other is, and have new keys', () => {
    const caches = afterOne();
    assert.deepEqual([caches.client.size, caches.server.size], [1, 1]);
    const all = connected13(withCaches(caches));
    assert.deepEqual([all.client.isResumed, all.server.isResumed], [true, true]);
    assert.deepEqual(messagesOf(all, 'server'), [2, 8, 20]);
    assert.deepEqual(messagesOf(all, 'client'), [1, 20]);
    assert.deepEqual(all.client.remoteCertificate, OTHER_ECDSA_P256.certificate);
    assert.deepEqual(all.server.remoteCertificate, ECDSA_P256.certificate);
    assert.equal(all.client.group, 'x25519'); // psk_dhe_ke: a fresh key all the same
    deliver(all.server, all.fromServer, sealed(all.client, 'hello'));
    assert.deepEqual(all.fromServer.messages, ['hello']);
    const [mine, other] = [all.client, all.server].map((each) =>
      each.exportKeyingMaterial('EXPERIMENTAL', undefined, 32),
    );
    assert.deepEqual(mine, other);
  });

  test('§8.1 each ticket serves once, and each connection brings another', () => {
    const caches = afterOne();
    for (let i = 0; i < 5; i++) {
      const all = connected13(withCaches(caches));
      assert.equal(all.client.isResumed, true);
      assert.deepEqual([caches.client.size, caches.server.size], [1, 1]);
    }
    caches.client.clear();
    assert.equal(connected13(withCaches(caches)).client.isResumed, false);
  });

  test('a hello that is replayed resumes nothing', () => {
    const caches = afterOne();
    const first = connections13(withCaches(caches));
    const hello = new Uint8Array(9000);
    const bytes = hello.slice(0, first.client.transmit(hello, 0, 9000, 0));
    const [one, two] = [connections13(withCaches(caches)), connections13(withCaches(caches))];
    for (const [all, count] of [
      [one, 3],
      [two, 6],
    ] as const) {
      deliver(all.server, all.fromServer, bytes);
      const length = all.server.transmit(hello, 0, 9000, 0);
      const opened = openedPieces(hello.slice(0, length), [
        epochOf(all, 'server', 'HANDSHAKE_TRAFFIC_SECRET'),
      ]);
      assert.equal(opened.length, count); // with certificates, the second time
      assert.equal(all.server.state, 'connecting'); // and nothing is told without a Finished
    }
  });

  test('RFC 9257 §4.1 a hello that is turned back to a server of its own sender resumes nothing', () => {
    // In WebRTC either peer may be the server of the next connection, so that a session serves both ways.
    for (const [certificate, of, remote] of [
      [ECDSA_P256, 'client', OTHER_ECDSA_P256],
      [OTHER_ECDSA_P256, 'server', ECDSA_P256],
    ] as const) {
      const caches = afterOne();
      const own = {
        sessions: caches[of],
        certificate: identityOf(certificate),
        remoteFingerprints: [fingerprintOf(remote.certificate, nodeDtlsCrypto)],
      };
      const all = connections13({ client: own, server: own });
      all.pair.run(100);
      assert.deepEqual([all.client.isResumed, all.server.isResumed], [undefined, undefined]);
      assert.deepEqual([all.client.state, all.server.state], ['failed', 'failed']);
    }
  });

  test('through a HelloRetryRequest, for a share or for a cookie', () => {
    const helloVerify = { secret: new Uint8Array(32), clientAddress: new Uint8Array(6) };
    for (const overrides of [{ client: { keyShares: 0 } }, { server: { helloVerify } }]) {
      const caches = afterOne();
      const all = connected13(withCaches(caches, overrides));
      assert.deepEqual([all.client.isResumed, all.server.isResumed], [true, true]);
    }
  });

  test('RFC 8827 §6.5 a session whose peer is not the one of the fingerprint is not resumed', () => {
    const [p256, other] = [ECDSA_P256, OTHER_ECDSA_P256].map(({ certificate }) => [
      fingerprintOf(certificate, nodeDtlsCrypto),
    ]);
    // Both have changed their certificates in between; the caches still hold a session of the old ones.
    const [changed, changedPrint] = [
      identityOf(ED25519),
      [fingerprintOf(ED25519.certificate, nodeDtlsCrypto)],
    ];
    for (const overrides of [
      { server: { certificate: changed }, client: { remoteFingerprints: changedPrint } },
      { client: { certificate: changed }, server: { remoteFingerprints: changedPrint } },
    ]) {
      const caches = afterOne();
      const all = connected13(withCaches(caches, overrides));
      assert.deepEqual([all.client.isResumed, all.server.isResumed], [false, false]);
    }
    // And with a fingerprint that nobody has, the client offers no session, and connects to nobody.
    const caches = afterOne();
    const all = connections13(withCaches(caches, { client: { remoteFingerprints: p256! } }));
    all.pair.run(100);
    assert.equal(all.fromClient.closed?.code, 'fingerprint-mismatch');
    assert.notDeepEqual(p256, other);
  });

  test('who checks no fingerprint resumes nothing', () => {
    const caches = afterOne();
    const all = connected13(withCaches(caches, { client: { remoteFingerprints: 'any' } }));
    assert.equal(all.client.isResumed, false);
  });

  test('a session of another suite, or one that has expired, is not resumed', () => {
    const caches = afterOne();
    const all = connected13(withCaches(caches, { server: { cipherSuites: [0x1302] } }));
    assert.equal(all.client.isResumed, false);
    const late = {
      client: new SessionCache({ lifetime: 1000 }),
      server: new SessionCache({ lifetime: 1000 }),
    };
    connected13(withCaches(late));
    assert.equal(late.client.find(999, () => true) === undefined, false);
    assert.equal(
      late.client.find(1500, () => true),
      undefined,
    );
    assert.equal(late.client.size, 0);
  });

  test('a ticket of another server is unknown to this one: there is a whole handshake, and all is verified', () => {
    const caches = afterOne();
    const all = connected13(withCaches({ client: caches.client, server: new SessionCache() }));
    assert.deepEqual([all.client.isResumed, all.server.isResumed], [false, false]);
    assert.deepEqual(messagesOf(all, 'client'), [1, 11, 15, 20]);
  });

  test('a server that selects a session with a suite of another hash is refused', () => {
    const all = connections13(withCaches(afterOne()));
    meddled(all, {
      server: (type, body) => {
        if (type !== SERVER_HELLO) return body;
        const hello = parseServerHello(body)!;
        assert.ok(hello.extensions.has(EXTENSION.preSharedKey));
        return writeServerHello({ ...hello, cipherSuite: 0x1302 });
      },
    });
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'illegal-parameter', alert: 47 });
  });

  test('a server of 1.2 takes the hello that shows a ticket', () => {
    const caches = afterOne();
    const all = connections13({
      client: { sessions: caches.client, minVersion: '1.2' },
      server: { minVersion: '1.2', maxVersion: '1.2' },
    });
    all.pair.run(100);
    assert.deepEqual([all.client.tlsVersion, all.client.isResumed], ['FEFD', false]);
  });

  const broken: ReadonlyArray<[name: string, change: Change, code: string, alert: number]> = [
    [
      'a binder that is wrong',
      (type, body) => (type === CLIENT_HELLO ? flipped(body) : body),
      'bad-finished',
      51,
    ],
    [
      'a ticket without the modes',
      helloWith((extensions) => extensions.filter(([type]) => type !== EXTENSION.pskKeyExchangeModes)),
      'missing-extension',
      109,
    ],
    [
      'a ticket that is not the last extension',
      helloWith((extensions) => [...extensions, [0x1234, new Uint8Array(0)]]),
      'illegal-parameter',
      47,
    ],
    [
      'a ticket that is cut',
      helloWith((extensions) =>
        extensions.map(([type, data]) => [type, type === EXTENSION.preSharedKey ? data.slice(0, -1) : data]),
      ),
      'decode-error',
      50,
    ],
  ];
  for (const [name, change, code, alert] of broken) {
    test(`${name} ends the handshake`, () => {
      const all = connections13(withCaches(afterOne()));
      meddled(all, { client: change });
      assert.deepEqual(all.fromServer.closed, { by: 'local', code, alert });
    });
  }

  test('§9.2 a hello that shows a session needs no signature schemes, unless nothing is resumed', () => {
    for (const isKnown of [true, false]) {
      const { client, server } = afterOne();
      const { preSharedKey } = client.find(0, () => true)!;
      const key = preSharedKey.slice();
      const all = connections13(withCaches({ client, server: isKnown ? server : new SessionCache() }));
      const without = helloWith((extensions) =>
        extensions.filter(([type]) => type !== EXTENSION.signatureAlgorithms),
      );
      meddled(all, {
        client: (type, body) => {
          if (type !== CLIENT_HELLO) return body;
          const changed = without(type, body) as Uint8Array;
          changed.set(
            binderOf(nodeDtlsCrypto, 'sha-256', key, new Uint8Array(0), changed, 35),
            changed.length - 32,
          );
          return changed;
        },
      });
      // The client, whose hello was another one, cannot read the answer; the server has none to give if it knows no session.
      assert.equal(all.server.isHalfConnected, isKnown);
      assert.equal(all.fromServer.closed?.code, isKnown ? undefined : 'missing-extension');
    }
  });

  test('a server that selects what was not offered is refused', () => {
    for (const [caches, code] of [
      [afterOne(), 'illegal-parameter'],
      [{ client: new SessionCache(), server: new SessionCache() }, 'unsupported-extension'],
    ] as const) {
      const all = connections13(withCaches(caches));
      meddled(all, {
        server: (type, body) => {
          if (type !== SERVER_HELLO) return body;
          const hello = parseServerHello(body)!;
          const chosen = [EXTENSION.preSharedKey, selectedIdentityExtension(1)] as const;
          return writeServerHello({ ...hello, extensions: new Map([...hello.extensions, chosen]) });
        },
      });
      assert.equal(all.fromClient.closed?.code, code);
    }
  });

  test('a lost ticket comes again until it is acknowledged', () => {
    const caches = { client: new SessionCache(), server: new SessionCache() };
    const all = connections13(withCaches(caches));
    let count = 0;
    all.pair.ba.lose = () => count++ === 1 || count === 3;
    all.pair.run(5000);
    assert.equal(caches.client.size, 1);
    assert.deepEqual([all.client.deadline(), all.server.deadline()], [Infinity, Infinity]);
  });

  test('the cache keeps as many sessions as it may, and overwrites the keys of those that go', () => {
    const cache = new SessionCache({ maxSessions: 2 });
    const sessions = [1, 2, 3].map((number) => session(number));
    for (const each of sessions) cache.add(each);
    assert.deepEqual([cache.size, cache.findByTicket(Uint8Array.of(1), 0)], [2, undefined]);
    assert.deepEqual(
      sessions.map(({ preSharedKey }) => preSharedKey[0]),
      [0, 9, 9],
    );
    cache.clear();
    assert.deepEqual([cache.size, sessions[2]!.preSharedKey[0]], [0, 0]);
  });
});

function flipped(body: Uint8Array): Uint8Array {
  return body.map((byte, i) => (i === body.length - 1 ? byte ^ 1 : byte));
}

function helloWith(change: (extensions: Array<[number, Uint8Array]>) => Array<[number, Uint8Array]>): Change {
  return (type, body) => {
    if (type !== CLIENT_HELLO) return body;
    const hello = parseClientHello(body)!;
    return writeClientHello({ ...hello, extensions: new Map(change([...hello.extensions])) });
  };
}
