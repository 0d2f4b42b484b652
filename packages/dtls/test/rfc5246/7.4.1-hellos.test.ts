import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CIPHER_SUITES } from '../../src/cipher-suites.ts';
import { EXTENSION, numbersExtension, useSrtpExtension } from '../../src/handshake/extensions.ts';
import { type ClientHello, writeClientHello } from '../../src/handshake/messages/client-hello.ts';
import {
  parseServerHello,
  type ServerHello,
  writeServerHello,
} from '../../src/handshake/messages/server-hello.ts';
import { type CloseReason, fingerprintOf } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { ECDSA_P384, identityOf, OTHER_ECDSA_P256, RSA_2048 } from '../fixtures/certificates.ts';
import {
  connected,
  connections,
  deliver,
  type Overrides,
  type PairSetup,
  sealed,
  transmitted,
} from '../fixtures/connections.ts';
import { clientHello, NOTHING, serverHello } from '../fixtures/hellos.ts';
import { handshakeRecord, hex, recordsOf } from '../fixtures/records.ts';

/** The answer of a server: its hello, or why it refuses. */
function answer(hello: ClientHello, server: Overrides = {}): ServerHello | CloseReason {
  const all = connections({ server });
  deliver(all.server, all.fromServer, handshakeRecord(1, 0, writeClientHello(hello)));
  const [first] = transmitted(all.server);
  if (all.fromServer.closed !== undefined) {
    assert.deepEqual(recordsOf(first!)[0]?.content, Uint8Array.of(2, all.fromServer.closed.alert!));
    return all.fromServer.closed;
  }
  return parseServerHello(recordsOf(first!)[0]!.content.subarray(12))!;
}

function codeOf(result: ServerHello | CloseReason | undefined): string {
  return result !== undefined && 'code' in result ? `${result.code} ${result.alert}` : 'accepted';
}

describe('RFC 5246 §7.4.1.2 ClientHello, as a server takes it', () => {
  const cases: Array<[name: string, hello: ClientHello, outcome: string, server?: Overrides]> = [
    ['one as it should be', clientHello(), 'accepted'],
    ['version 1.0', clientHello({ version: 0xfeff }), 'protocol-version 70'],
    ['a version of TLS', clientHello({ version: 0x0303 }), 'protocol-version 70'],
    ['a later version than ours', clientHello({ version: 0xfefc }), 'accepted'],
    ['a session id to resume', clientHello({ sessionId: new Uint8Array(32) }), 'accepted'],
    [
      'no common cipher suite',
      clientHello({ cipherSuites: [0xc02c, 0x1301] }),
      'no-common-cipher-suite 40',
      { cipherSuites: [0xc02b] },
    ],
    ['suites for another kind of key', clientHello({ cipherSuites: [0xc02f] }), 'no-common-cipher-suite 40'],
    ['no null compression', clientHello({ compressionMethods: [1] }), 'illegal-parameter 47'],
    ['more compressions than null', clientHello({ compressionMethods: [1, 0] }), 'accepted'],
    [
      'groups unknown to us',
      clientHello({}, [[EXTENSION.supportedGroups, numbersExtension([0x11ec, 25])]]),
      'no-common-group 40',
    ],
    ['no list of groups', clientHello({}, [[EXTENSION.supportedGroups, undefined]]), 'accepted'],
    [
      'a malformed list of groups',
      clientHello({}, [[EXTENSION.supportedGroups, hex('0003 001d00')]]),
      'decode-error 50',
    ],
    [
      'an empty list of groups',
      clientHello({}, [[EXTENSION.supportedGroups, hex('0000')]]),
      'decode-error 50',
    ],
    [
      'signature schemes unknown to us',
      clientHello({}, [[EXTENSION.signatureAlgorithms, numbersExtension([0x0203])]]),
      'no-common-signature-scheme 40',
    ],
    [
      'no signature schemes, which means SHA-1',
      clientHello({}, [[EXTENSION.signatureAlgorithms, undefined]]),
      'no-common-signature-scheme 40',
    ],
    [
      'malformed signature schemes',
      clientHello({}, [[EXTENSION.signatureAlgorithms, hex('0004 0403')]]),
      'decode-error 50',
    ],
    [
      'no uncompressed points',
      clientHello({}, [[EXTENSION.ecPointFormats, hex('01 01')]]),
      'illegal-parameter 47',
    ],
    ['no list of point formats', clientHello({}, [[EXTENSION.ecPointFormats, undefined]]), 'accepted'],
    ['malformed use_srtp', clientHello({}, [[EXTENSION.useSrtp, hex('0002 0001')]]), 'decode-error 50'],
    [
      'extensions nobody knows',
      clientHello({}, [
        [0x0a0a, NOTHING],
        [0xdada, hex('00')],
      ]),
      'accepted',
    ],
  ];
  for (const [name, hello, outcome, server] of cases) {
    test(`${name}: ${outcome}`, () => assert.equal(codeOf(answer(hello, server)), outcome));
  }

  test('a malformed one is refused with decode_error', () => {
    const all = connections();
    deliver(all.server, all.fromServer, handshakeRecord(1, 0, hex('fefd00')));
    assert.equal(codeOf(all.fromServer.closed), 'decode-error 50');
  });

  test('the answer has only extensions that were asked for', () => {
    const bare = answer(
      clientHello({}, [
        [EXTENSION.renegotiationInfo, undefined],
        [EXTENSION.ecPointFormats, undefined],
        [EXTENSION.extendedMasterSecret, undefined],
      ]),
      { extendedMasterSecret: 'preferred', srtpProfiles: [7] },
    );
    assert.equal('extensions' in bare && bare.extensions.size, 0);
    const full = answer(clientHello({}, [[EXTENSION.useSrtp, useSrtpExtension([1, 7])]]), {
      srtpProfiles: [7, 1],
    });
    assert.deepEqual(
      'extensions' in full ? [...full.extensions.keys()].sort() : [],
      [11, 14, 23, 0xff01].sort(),
    );
  });
});

describe('RFC 5246 §7.4.1.3 ServerHello, as a client takes it', () => {
  function reaction(hello: ServerHello, client: Overrides = {}): string {
    const all = connections({ client });
    transmitted(all.client);
    deliver(all.client, all.fromClient, handshakeRecord(2, 0, writeServerHello(hello)));
    return codeOf(all.fromClient.closed);
  }
  const cases: Array<[name: string, hello: ServerHello, outcome: string, client?: Overrides]> = [
    ['one as it should be', serverHello(), 'accepted'],
    ['a session id of its own', serverHello({ sessionId: new Uint8Array(32) }), 'accepted'],
    ['version 1.0', serverHello({ version: 0xfeff }), 'protocol-version 70'],
    ['version 1.3', serverHello({ version: 0xfefc }), 'protocol-version 70'],
    [
      'a suite that was not offered',
      serverHello({ cipherSuite: 0xc02f }),
      'illegal-parameter 47',
      { cipherSuites: [0xc02b] },
    ],
    ['a suite that is unknown', serverHello({ cipherSuite: 0x1301 }), 'illegal-parameter 47'],
    ['a compression', serverHello({ compressionMethod: 1 }), 'illegal-parameter 47'],
    [
      'an extension that was not offered',
      serverHello({}, [[0x002b, hex('fefd')]]),
      'unsupported-extension 110',
    ],
    [
      'use_srtp that was not offered',
      serverHello({}, [[14, useSrtpExtension([1])]]),
      'unsupported-extension 110',
    ],
    [
      'an SRTP profile that was not offered',
      serverHello({}, [[14, useSrtpExtension([2])]]),
      'illegal-parameter 47',
      { srtpProfiles: [1] },
    ],
    [
      'two SRTP profiles',
      serverHello({}, [[14, useSrtpExtension([1, 7])]]),
      'illegal-parameter 47',
      { srtpProfiles: [1, 7] },
    ],
    [
      'an MKI that was not offered',
      serverHello({}, [[14, hex('0002 0001 01 00')]]),
      'illegal-parameter 47',
      { srtpProfiles: [1] },
    ],
    ['no uncompressed points', serverHello({}, [[11, hex('01 02')]]), 'illegal-parameter 47'],
    ['an extended master secret with contents', serverHello({}, [[23, hex('00')]]), 'decode-error 50'],
  ];
  for (const [name, hello, outcome, client] of cases) {
    test(`${name}: ${outcome}`, () => assert.equal(reaction(hello, client), outcome));
  }
});

describe('RFC 5246 §7.4.1 negotiation', () => {
  const rsa = identityOf(RSA_2048);
  const rsaServer = {
    client: { remoteFingerprints: [fingerprintOf(RSA_2048.certificate, nodeDtlsCrypto)] },
    server: { certificate: rsa },
  };

  for (const suite of CIPHER_SUITES.values()) {
    for (const [group, name] of [
      [29, 'x25519'],
      [23, 'secp256r1'],
      [24, 'secp384r1'],
    ] as const) {
      test(`${suite.name} with ${name} connects and carries data both ways`, () => {
        const setup: PairSetup = suite.keyAlgorithm === 'rsa' ? rsaServer : {};
        const all = connected({
          ...setup,
          client: { ...setup.client, cipherSuites: [suite.id], groups: [group] },
        });
        for (const side of [all.client, all.server]) {
          assert.deepEqual([side.cipherSuite, side.group, side.tlsVersion], [suite.name, name, 'FEFD']);
        }
        deliver(all.server, all.fromServer, sealed(all.client, 'ping'));
        deliver(all.client, all.fromClient, sealed(all.server, 'pong'));
        assert.deepEqual([all.fromServer.messages, all.fromClient.messages], [['ping'], ['pong']]);
      });
    }
  }

  test('the order of the server decides', () => {
    const all = connected({
      client: { cipherSuites: [0xc02b, 0xcca9] },
      server: { cipherSuites: [0xcca9, 0xc02b] },
    });
    assert.equal(all.client.cipherSuite, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256');
  });

  test('certificates of the client may be RSA or on P-384', () => {
    for (const fixture of [RSA_2048, ECDSA_P384]) {
      const all = connected({
        client: { certificate: identityOf(fixture) },
        server: { remoteFingerprints: [fingerprintOf(fixture.certificate, nodeDtlsCrypto)] },
      });
      assert.deepEqual(all.server.remoteCertificate, fixture.certificate);
      assert.deepEqual(all.client.remoteCertificate, OTHER_ECDSA_P256.certificate);
    }
  });

  test('the certificate of the server may be on P-384', () => {
    const all = connected({
      client: { remoteFingerprints: [fingerprintOf(ECDSA_P384.certificate, nodeDtlsCrypto)] },
      server: { certificate: identityOf(ECDSA_P384) },
    });
    assert.deepEqual(all.client.remoteCertificate, ECDSA_P384.certificate);
  });

  test('nothing in common: each side learns why', () => {
    const all = connections({ client: { cipherSuites: [0xc02f] } });
    all.pair.run(1000);
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'no-common-cipher-suite', alert: 40 });
    assert.deepEqual(all.fromClient.closed, { by: 'remote', code: 'alert', alert: 40 });
  });
});
