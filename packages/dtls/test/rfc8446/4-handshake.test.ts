import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXTENSION, numbersExtension, useSrtpExtension } from '../../src/handshake/extensions.ts';
import { parseClientHello, writeClientHello } from '../../src/handshake/messages/client-hello.ts';
import {
  parseServerHello,
  type ServerHello,
  writeServerHello,
} from '../../src/handshake/messages/server-hello.ts';
import {
  selectedVersionExtension,
  supportedVersionsExtension,
} from '../../src/handshake/supported-versions.ts';
import { writeHelloRetryRequest } from '../../src/handshake13/hello-retry-request.ts';
import { keyShareExtension, keySharesExtension } from '../../src/handshake13/key-share.ts';
import { writeCertificate13 } from '../../src/handshake13/messages/certificate.ts';
import { writeCertificateRequest13 } from '../../src/handshake13/messages/certificate-request.ts';
import {
  parseEncryptedExtensions,
  writeEncryptedExtensions,
} from '../../src/handshake13/messages/encrypted-extensions.ts';
import { CIPHER_SUITES_13, fingerprintOf } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { createEpoch13 } from '../../src/record/protection-13.ts';
import { ECDSA_P256, ECDSA_P384, identityOf, RSA_2048 } from '../fixtures/certificates.ts';
import { deliver, sealed, transmitted } from '../fixtures/connections.ts';
import { type Change, connected13, connections13, meddled, sealedIn } from '../fixtures/connections-13.ts';

const [CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_REQUEST] = [
  1, 2, 8, 11, 13,
];
const [CERTIFICATE_VERIFY, FINISHED] = [15, 20];
const NOTHING = new Uint8Array(0);
const only =
  (wanted: number, change: (body: Uint8Array) => ReturnType<Change>): Change =>
  (type, body) =>
    type === wanted ? change(body) : body;
const flipped = (body: Uint8Array): Uint8Array =>
  body.map((byte, i) => (i === body.length - 1 ? byte ^ 1 : byte));

const EARLY_DATA = 42;

/** One certificate, whose list of extensions is not empty. */
function certificateWithExtension(body: Uint8Array): Uint8Array {
  const certificate = body.subarray(7, body.length - 2);
  const entry = [...u24Bytes(certificate.length), ...certificate, 0, 4, 0, 5, 0, 0];
  return Uint8Array.of(0, ...u24Bytes(entry.length), ...entry);
}

const u24Bytes = (value: number): number[] => [value >> 16, (value >> 8) & 0xff, value & 0xff];

type Extra = ReadonlyArray<readonly [number, Uint8Array | undefined]>;

function serverHelloWith(changes: Partial<ServerHello>, extra: Extra = []): Change {
  return only(SERVER_HELLO, (body) => {
    const hello = parseServerHello(body)!;
    return writeServerHello({ ...hello, extensions: withExtra(hello.extensions, extra), ...changes });
  });
}

function clientHelloWith(extra: Extra, changes: object = {}): Change {
  return only(CLIENT_HELLO, (body) => {
    const hello = parseClientHello(body)!;
    return writeClientHello({ ...hello, extensions: withExtra(hello.extensions, extra), ...changes });
  });
}

function withExtra(extensions: ReadonlyMap<number, Uint8Array>, extra: Extra): Map<number, Uint8Array> {
  const changed = new Map(extensions);
  for (const [type, data] of extra) {
    if (data === undefined) changed.delete(type);
    else changed.set(type, data);
  }
  return changed;
}

/** One line: what the client makes of a server that is changed, and the alert it sends. */
type Case = readonly [name: string, change: Change, code: string, alert: number | undefined];

function refuses(role: 'client' | 'server', cases: readonly Case[], setup: object = {}): void {
  for (const [name, change, code, alert] of cases) {
    test(name, () => {
      const all = connections13(setup);
      meddled(all, role === 'client' ? { server: change } : { client: change });
      const { closed, connected } = role === 'client' ? all.fromClient : all.fromServer;
      assert.deepEqual(closed, { by: 'local', code, ...(alert === undefined ? {} : { alert }) });
      assert.equal(connected, 0);
    });
  }
}

describe('RFC 8446 §4.1.3 ServerHello', () => {
  refuses('client', [
    ['with a suite that was not offered', serverHelloWith({ cipherSuite: 0x1304 }), 'illegal-parameter', 47],
    ['with a suite of 1.2', serverHelloWith({ cipherSuite: 0xc02b }), 'illegal-parameter', 47],
    ['with compression', serverHelloWith({ compressionMethod: 1 }), 'illegal-parameter', 47],
    ['with a session id', serverHelloWith({ sessionId: new Uint8Array(4) }), 'illegal-parameter', 47],
    ['of another legacy version', serverHelloWith({ version: 0xfefc }), 'protocol-version', 70],
    [
      'that selects a version that was not offered',
      serverHelloWith({}, [[EXTENSION.supportedVersions, selectedVersionExtension(0xfefd)]]),
      'illegal-parameter',
      47,
    ],
    ['without key share', serverHelloWith({}, [[EXTENSION.keyShare, undefined]]), 'missing-extension', 109],
    [
      'with the share of a group that was not offered',
      serverHelloWith({}, [
        [EXTENSION.keyShare, keyShareExtension({ group: 23, keyExchange: new Uint8Array(65) })],
      ]),
      'illegal-parameter',
      47,
    ],
    [
      'with a share that is no key',
      serverHelloWith({}, [
        [EXTENSION.keyShare, keyShareExtension({ group: 29, keyExchange: new Uint8Array(32) })],
      ]),
      'illegal-parameter',
      47,
    ],
    [
      'with a cut share',
      serverHelloWith({}, [[EXTENSION.keyShare, Uint8Array.of(0, 29, 0, 32)]]),
      'decode-error',
      50,
    ],
    [
      'with an extension not asked for',
      serverHelloWith({}, [[0x1234, NOTHING]]),
      'unsupported-extension',
      110,
    ],
    [
      'with an extension that belongs elsewhere',
      serverHelloWith({}, [[EXTENSION.supportedGroups, numbersExtension([29])]]),
      'illegal-parameter',
      47,
    ],
    [
      'where a ClientHello is',
      only(SERVER_HELLO, (body) => ({ type: CLIENT_HELLO, body })),
      'role-conflict',
      10,
    ],
    ['that is cut', only(SERVER_HELLO, (body) => body.slice(0, 30)), 'decode-error', 50],
  ]);

  test('with a plain answer of 1.2 is refused by a client of 1.3 alone', () => {
    const all = connections13({ server: { minVersion: '1.2', maxVersion: '1.2' }, client: {} });
    all.pair.run(100);
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'protocol-version', alert: 70 });
    assert.deepEqual(all.fromClient.closed, { by: 'remote', code: 'alert', alert: 70 });
  });
});

describe('RFC 8446 §4.1.4 HelloRetryRequest', () => {
  const retry = (group: number | undefined, cookie?: Uint8Array, suite = 0x1301): Change =>
    only(SERVER_HELLO, () => writeHelloRetryRequest(suite, group, cookie));
  const retryWith = (changes: Partial<ServerHello>, extra: Extra = []): Change =>
    only(SERVER_HELLO, (body) => {
      const hello = parseServerHello(writeHelloRetryRequest(0x1301, 23, undefined))!;
      assert.ok(body.length > 0);
      return writeServerHello({ ...hello, extensions: withExtra(hello.extensions, extra), ...changes });
    });
  refuses(
    'client',
    [
      ['for a group of which there was a share', retry(29), 'illegal-parameter', 47],
      ['for a group that was not offered', retry(24), 'illegal-parameter', 47],
      ['that would change nothing', retry(undefined), 'illegal-parameter', 47],
      ['with a suite that was not offered', retry(23, undefined, 0x1305), 'illegal-parameter', 47],
      [
        'without a version',
        retryWith({}, [[EXTENSION.supportedVersions, undefined]]),
        'protocol-version',
        70,
      ],
      ['with a session id', retryWith({ sessionId: new Uint8Array(4) }), 'illegal-parameter', 47],
      ['with compression', retryWith({ compressionMethod: 1 }), 'illegal-parameter', 47],
      ['of another legacy version', retryWith({ version: 0xfeff }), 'protocol-version', 70],
      ['with an extension not asked for', retryWith({}, [[0x1234, NOTHING]]), 'unsupported-extension', 110],
      ['with an empty cookie', retryWith({}, [[EXTENSION.cookie, Uint8Array.of(0, 0)]]), 'decode-error', 50],
    ],
    { client: { groups: [29, 23], keyShares: 1 } },
  );

  test('the second one ends the handshake', () => {
    const all = connections13({ client: { groups: [29, 23], keyShares: 1 }, server: { groups: [23] } });
    let hellos = 0;
    meddled(all, { server: (type, body) => (hellos++ === 0 ? body : retry(23)(type, body)) });
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'unexpected-message', alert: 10 });
  });

  test('a share of the group asked for is sent, and both connect', () => {
    for (const keyShares of [0, 1]) {
      const all = connected13({ client: { groups: [29, 24], keyShares }, server: { groups: [24] } });
      assert.deepEqual([all.client.group, all.server.group], ['secp384r1', 'secp384r1']);
    }
  });

  test('a server takes a group of which it has a share, before it asks for one it likes better', () => {
    const all = connected13({ client: { groups: [29, 23], keyShares: 1 }, server: { groups: [23, 29] } });
    assert.equal(all.client.group, 'x25519');
    assert.equal(all.sent.filter(({ from }) => from === 'a').length, 2);
  });

  test('after which the suite must stay', () => {
    const all = connections13({ client: { groups: [29, 23], keyShares: 1 }, server: { groups: [23] } });
    let hellos = 0;
    const change = only(SERVER_HELLO, (body) =>
      hellos++ === 0 ? body : writeServerHello({ ...parseServerHello(body)!, cipherSuite: 0x1302 }),
    );
    meddled(all, { server: change });
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'illegal-parameter', alert: 47 });
  });

  test('after which the version must stay', () => {
    const both = { minVersion: '1.2', groups: [29, 23], keyShares: 1 } as const;
    const all = connections13({ client: both, server: { groups: [23] } });
    let hellos = 0;
    const change = only(SERVER_HELLO, (body) => {
      const hello = parseServerHello(body)!;
      const extensions = withExtra(hello.extensions, [[EXTENSION.supportedVersions, undefined]]);
      return hellos++ === 0 ? body : writeServerHello({ ...hello, cipherSuite: 0xc02b, extensions });
    });
    meddled(all, { server: change });
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'illegal-parameter', alert: 47 });
  });

  test('after which the share must be the one asked for', () => {
    const all = connections13({ client: { groups: [29, 23], keyShares: 1 }, server: { groups: [23] } });
    meddled(all, { client: clientHelloWith([[EXTENSION.keyShare, keySharesExtension([])]]) });
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'illegal-parameter', alert: 47 });
  });
});

describe('RFC 8446 §4.1.2, §9.2 ClientHello', () => {
  const share = { group: 29, keyExchange: new Uint8Array(32).fill(9) };
  refuses('server', [
    ['without groups', clientHelloWith([[EXTENSION.supportedGroups, undefined]]), 'missing-extension', 109],
    ['without shares', clientHelloWith([[EXTENSION.keyShare, undefined]]), 'missing-extension', 109],
    [
      'without schemes',
      clientHelloWith([[EXTENSION.signatureAlgorithms, undefined]]),
      'missing-extension',
      109,
    ],
    ['with a cookie of 1.2', clientHelloWith([], { cookie: new Uint8Array(4) }), 'illegal-parameter', 47],
    [
      'with two compression methods',
      clientHelloWith([], { compressionMethods: [0, 1] }),
      'illegal-parameter',
      47,
    ],
    [
      'with suites of 1.2 alone',
      clientHelloWith([], { cipherSuites: [0xc02b] }),
      'no-common-cipher-suite',
      40,
    ],
    [
      'with two shares of a group',
      clientHelloWith([[EXTENSION.keyShare, keySharesExtension([share, share])]]),
      'illegal-parameter',
      47,
    ],
    [
      'with a share of a group that it does not offer',
      clientHelloWith([[EXTENSION.keyShare, keySharesExtension([{ ...share, group: 23 }])]]),
      'illegal-parameter',
      47,
    ],
    [
      'with a share that is no key',
      clientHelloWith([
        [EXTENSION.keyShare, keySharesExtension([{ group: 29, keyExchange: new Uint8Array(32) }])],
      ]),
      'illegal-parameter',
      47,
    ],
    [
      'without a common group',
      clientHelloWith([
        [EXTENSION.supportedGroups, numbersExtension([256])],
        [EXTENSION.keyShare, keySharesExtension([])],
      ]),
      'no-common-group',
      40,
    ],
    [
      'without a common scheme',
      clientHelloWith([[EXTENSION.signatureAlgorithms, numbersExtension([0x0401])]]),
      'no-common-signature-scheme',
      40,
    ],
    [
      'with versions that are not ours',
      clientHelloWith([[EXTENSION.supportedVersions, supportedVersionsExtension([0x7f7f])]]),
      'protocol-version',
      70,
    ],
    [
      'with a cut list of versions',
      clientHelloWith([[EXTENSION.supportedVersions, Uint8Array.of(4, 0xfe)]]),
      'decode-error',
      50,
    ],
  ]);

  refuses('server', [
    [
      'with a cookie that nobody has asked for (RFC 9147 §5.1)',
      clientHelloWith([[EXTENSION.cookie, Uint8Array.of(0, 2, 1, 1)]]),
      'illegal-parameter',
      47,
    ],
  ]);

  test('with a session id of 1.2 is taken, and the session id is not echoed (RFC 9147 §5)', () => {
    const all = connections13();
    let echoed: number | undefined;
    meddled(all, {
      client: clientHelloWith([], { sessionId: new Uint8Array(32).fill(1) }),
      server: only(SERVER_HELLO, (body) => {
        echoed = parseServerHello(body)!.sessionId.length;
        return body;
      }),
    });
    assert.equal(echoed, 0);
  });

  test('with early data is answered without, and what was sent early is never told (§4.2.10)', () => {
    const all = connections13();
    const early = createEpoch13(nodeDtlsCrypto, CIPHER_SUITES_13.get(0x1301)!, new Uint8Array(32), 1, 'seal');
    for (let i = 0; i < 40; i++) {
      deliver(all.server, all.fromServer, sealedIn(early, 23, Uint8Array.of(i), i));
    }
    const answered: number[] = [];
    meddled(all, {
      client: clientHelloWith([[EARLY_DATA, NOTHING]]),
      server: only(ENCRYPTED_EXTENSIONS, (body) => {
        answered.push(...parseEncryptedExtensions(body)!.keys());
        return body;
      }),
    });
    assert.deepEqual([answered, all.fromServer.messages], [[], []]);
    assert.equal(all.server.heldBytes <= 16_384, true);
  });

  test('with extensions, suites, groups and shares nobody knows (RFC 8701) is taken', () => {
    const all = connections13();
    const strange = keySharesExtension([
      { group: 0x0a0a, keyExchange: Uint8Array.of(0) },
      { group: 0x1a1a, keyExchange: Uint8Array.of(0) },
    ]);
    let seen = '';
    meddled(all, {
      client: clientHelloWith([
        [0x2a2a, NOTHING],
        [EXTENSION.supportedVersions, supportedVersionsExtension([0x3a3a, 0xfefc])],
        [EXTENSION.supportedGroups, numbersExtension([0x0a0a, 0x1a1a, 29])],
        [EXTENSION.keyShare, strange],
      ]),
      server: (type, body) => {
        if (type === SERVER_HELLO) seen += parseServerHello(body)!.random[0] === 0xcf ? 'retry ' : 'hello ';
        return body;
      },
    });
    assert.match(seen, /^retry /); // the strange shares tell nothing: it asks for one that it knows
  });
});

describe('RFC 8446 §4.3 and §4.4 the messages under the keys of the handshake', () => {
  const replaced = (wanted: number, type: number): Change => only(wanted, (body) => ({ type, body }));
  refuses('client', [
    [
      'an extension that was not asked for',
      only(ENCRYPTED_EXTENSIONS, () => writeEncryptedExtensions(new Map([[16, NOTHING]]))),
      'unsupported-extension',
      110,
    ],
    [
      'an extension that belongs elsewhere',
      only(ENCRYPTED_EXTENSIONS, () => writeEncryptedExtensions(new Map([[EXTENSION.keyShare, NOTHING]]))),
      'illegal-parameter',
      47,
    ],
    ['extensions that are cut', only(ENCRYPTED_EXTENSIONS, () => Uint8Array.of(0, 4, 0)), 'decode-error', 50],
    ['no EncryptedExtensions', replaced(ENCRYPTED_EXTENSIONS, CERTIFICATE), 'unexpected-message', 10],
    ['no CertificateRequest', replaced(CERTIFICATE_REQUEST, CERTIFICATE), 'certificate-not-requested', 40],
    [
      'a request with a context',
      only(CERTIFICATE_REQUEST, (body) => Uint8Array.of(1, 7, ...body.subarray(1))),
      'illegal-parameter',
      47,
    ],
    [
      'a request without schemes',
      only(CERTIFICATE_REQUEST, () => Uint8Array.of(0, 0, 0)),
      'missing-extension',
      109,
    ],
    [
      'a request for schemes of other keys',
      only(CERTIFICATE_REQUEST, () => writeCertificateRequest13([0x0804, 0x0401])),
      'no-common-signature-scheme',
      40,
    ],
    [
      'another certificate',
      only(CERTIFICATE, () => writeCertificate13([ECDSA_P384.certificate])),
      'fingerprint-mismatch',
      42,
    ],
    ['no certificate', only(CERTIFICATE, () => writeCertificate13([])), 'decode-error', 50],
    [
      'a certificate with an extension that was not asked for',
      only(CERTIFICATE, certificateWithExtension),
      'unsupported-extension',
      110,
    ],
    [
      'an answer to early data that was not offered',
      only(ENCRYPTED_EXTENSIONS, () => writeEncryptedExtensions(new Map([[EARLY_DATA, NOTHING]]))),
      'unsupported-extension',
      110,
    ],
    ['a signature that is wrong', only(CERTIFICATE_VERIFY, flipped), 'bad-signature', 51],
    [
      'a signature by RSASSA-PKCS1-v1_5',
      only(CERTIFICATE_VERIFY, (body) => Uint8Array.of(4, 1, ...body.subarray(2))),
      'illegal-parameter',
      47,
    ],
    [
      'a signature by a scheme of another key',
      only(CERTIFICATE_VERIFY, (body) => Uint8Array.of(8, 4, ...body.subarray(2))),
      'illegal-parameter',
      47,
    ],
    ['no signature', replaced(CERTIFICATE_VERIFY, FINISHED), 'unexpected-message', 10],
    ['a Finished that is wrong', only(FINISHED, flipped), 'bad-finished', 51],
    [
      'a Finished that is too long',
      only(FINISHED, (body) => new Uint8Array(body.length + 1)),
      'decode-error',
      50,
    ],
  ]);
  refuses('server', [
    [
      'another certificate of the client',
      only(CERTIFICATE, () => writeCertificate13([ECDSA_P384.certificate])),
      'fingerprint-mismatch',
      42,
    ],
    ['no certificate of the client', only(CERTIFICATE, () => writeCertificate13([])), 'no-certificate', 116],
    [
      'a certificate with a context',
      only(CERTIFICATE, (body) => Uint8Array.of(1, 7, ...body.subarray(1))),
      'illegal-parameter',
      47,
    ],
    [
      'a certificate of the client with an extension',
      only(CERTIFICATE, certificateWithExtension),
      'unsupported-extension',
      110,
    ],
    ['a signature of the client that is wrong', only(CERTIFICATE_VERIFY, flipped), 'bad-signature', 51],
    ['a Finished of the client that is wrong', only(FINISHED, flipped), 'bad-finished', 51],
    ['no certificate at all', replaced(CERTIFICATE, FINISHED), 'unexpected-message', 10],
  ]);

  test('all kinds of keys prove who is who', () => {
    for (const fixture of [ECDSA_P256, ECDSA_P384, RSA_2048]) {
      const certificate = identityOf(fixture);
      const remoteFingerprints = [fingerprintOf(fixture.certificate, nodeDtlsCrypto)];
      const all = connected13({ client: { certificate }, server: { remoteFingerprints } });
      assert.deepEqual(all.server.remoteCertificate, fixture.certificate);
      const turned = connected13({ server: { certificate }, client: { remoteFingerprints } });
      assert.deepEqual(turned.client.remoteCertificate, fixture.certificate);
    }
  });
});

describe('RFC 8446 §7.5 exporter, RFC 5764 §4.1.1 use_srtp in EncryptedExtensions', () => {
  test('both sides export the same, and keys for SRTP', () => {
    for (const profile of [1, 7, 8]) {
      const srtp = { srtpProfiles: [profile] };
      const { client, server } = connected13({ client: srtp, server: srtp });
      assert.deepEqual([client.srtpProfile, server.srtpProfile], [profile, profile]);
      assert.deepEqual(client.exportSrtpKeys(), server.exportSrtpKeys());
      const context = Uint8Array.of(1);
      const [mine, other] = [client, server].map((each) =>
        each.exportKeyingMaterial('EXPERIMENTAL x', context, 50),
      );
      assert.deepEqual(mine, other);
      assert.notDeepEqual(mine, client.exportKeyingMaterial('EXPERIMENTAL x', undefined, 50));
      // RFC 8446 §7.5: no context and an empty one are the same.
      assert.deepEqual(
        client.exportKeyingMaterial('EXPERIMENTAL x', undefined, 50),
        server.exportKeyingMaterial('EXPERIMENTAL x', NOTHING, 50),
      );
    }
  });

  test('a profile that was not offered is refused', () => {
    const all = connections13({ client: { srtpProfiles: [7] } });
    const answer = writeEncryptedExtensions(new Map([[EXTENSION.useSrtp, useSrtpExtension([8])]]));
    meddled(all, { server: only(ENCRYPTED_EXTENSIONS, () => answer) });
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'illegal-parameter', alert: 47 });
  });
});

describe('RFC 8446 §2 what is told when', () => {
  test('a server tells nothing and sends no data before the Finished of the client', () => {
    const all = connections13();
    for (const datagram of transmitted(all.client, 0, 9000)) deliver(all.server, all.fromServer, datagram);
    for (const datagram of transmitted(all.server, 0, 9000)) deliver(all.client, all.fromClient, datagram);
    all.client.drain(all.fromClient);
    transmitted(all.client, 0, 9000); // lost
    assert.equal(all.client.state, 'connected');
    deliver(all.server, all.fromServer, sealed(all.client, 'early'));
    assert.deepEqual(
      [all.server.state, all.fromServer.messages, all.fromServer.connected],
      ['connecting', [], 0],
    );
    assert.throws(() => all.server.seal(new Uint8Array(100), 0, 4), { code: 'NOT_CONNECTED' });
    assert.equal(all.server.heldBytes > 0, true); // it waits
    all.pair.run(5000, () => all.server.state === 'connected');
    assert.deepEqual(all.fromServer.messages, ['early']);
  });

  test('the key log has the lines of 1.3, and only where it was asked for', () => {
    const all = connected13({ server: { keyLog: false } });
    const labels = all.fromClient.lines.map((line) => line.split(' ')[0]);
    assert.deepEqual(labels, [
      'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
      'SERVER_HANDSHAKE_TRAFFIC_SECRET',
      'CLIENT_TRAFFIC_SECRET_0',
      'SERVER_TRAFFIC_SECRET_0',
      'EXPORTER_SECRET',
    ]);
    assert.deepEqual(all.fromServer.lines, []);
  });

  test('two clients find out', () => {
    const all = connections13();
    const other = connections13({ seed: 5 });
    const hello = new Uint8Array(9000);
    const length = other.client.transmit(hello, 0, 9000, 0);
    deliver(all.client, all.fromClient, hello.slice(0, length));
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'role-conflict', alert: 10 });
  });
});
