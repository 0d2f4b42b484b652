// What somebody on the path, who does not control signaling, can and cannot do: the claims of docs/security.md that are
// about DTLS. For both versions.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { DtlsConnection, type DtlsOptions, fingerprintOf } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { ECDSA_P384, identityOf } from '../fixtures/certificates.ts';
import {
  type Connections,
  clientOptions,
  connected,
  connections,
  deliver,
  type Overrides,
  Recorder,
  sealed,
  serverOptions,
  transmitted,
} from '../fixtures/connections.ts';

const MALLORY = identityOf(ECDSA_P384);
const VERSIONS = ['1.2', '1.3'] as const;
type Version = (typeof VERSIONS)[number];
const of = (version: Version): Overrides => ({ minVersion: version, maxVersion: version });
const BOTH: Overrides = { minVersion: '1.2', maxVersion: '1.3' };

/** Lets two connections talk, through `change`, until nothing more is said; lost time is made up for by timers. */
function talk(
  a: DtlsConnection,
  b: DtlsConnection,
  change: (datagram: Uint8Array, from: 'a' | 'b') => Uint8Array | undefined = (datagram) => datagram,
): { readonly sinkA: Recorder; readonly sinkB: Recorder; readonly bytes: Record<'a' | 'b', number> } {
  const [sinkA, sinkB] = [new Recorder(), new Recorder()];
  const bytes = { a: 0, b: 0 };
  const slot = new Uint8Array(2048);
  const pass = (from: DtlsConnection, to: DtlsConnection, name: 'a' | 'b', now: number): boolean => {
    const length = from.transmit(slot, 0, slot.length, now);
    if (length === 0) return false;
    bytes[name] += length;
    const changed = change(slot.slice(0, length), name);
    if (changed !== undefined) to.receive(changed, 0, changed.length, now);
    to.drain(name === 'a' ? sinkB : sinkA);
    return true;
  };
  for (let now = 0; now < 40_000; now += 25) {
    for (const each of [a, b]) if (each.deadline() <= now) each.expire(now);
    for (let turn = 0; turn < 50; turn++) if (!pass(a, b, 'a', now) && !pass(b, a, 'b', now)) break;
    a.drain(sinkA);
    b.drain(sinkB);
  }
  return { sinkA, sinkB, bytes };
}

function started(options: DtlsOptions): DtlsConnection {
  const connection = new DtlsConnection(options);
  connection.start(0);
  return connection;
}

for (const version of VERSIONS) {
  describe(`RFC 8827 §6.5 somebody on the path of DTLS ${version}`, () => {
    test('who puts himself in between with a certificate of his own is refused by both, before any data', () => {
      const own = { ...of(version), certificate: MALLORY };
      const victims = [clientOptions(of(version)), serverOptions(of(version))];
      const client = started(victims[0]!);
      const toClient = started(serverOptions({ ...own, remoteFingerprints: victims[1]!.remoteFingerprints }));
      const server = started(victims[1]!);
      const toServer = started(clientOptions({ ...own, remoteFingerprints: victims[0]!.remoteFingerprints }));
      talk(client, toClient);
      talk(toServer, server);
      for (const victim of [client, server]) {
        assert.equal(victim.closeReason?.code, 'fingerprint-mismatch');
        assert.throws(() => victim.seal(new Uint8Array(100), 0, 10), { code: 'NOT_CONNECTED' });
        assert.equal(victim.remoteCertificate, undefined);
      }
    });

    test('the certificate alone, without its private key, is of no use', () => {
      const honest = serverOptions(of(version));
      const thief = started({
        ...honest,
        // Signs with his own key for the certificate of the other.
        certificate: { ...honest.certificate, privateKey: identityOf(ECDSA_P384).privateKey },
        crypto: {
          ...nodeDtlsCrypto,
          sign: (key, _scheme, bytes) => nodeDtlsCrypto.sign(key, 'ecdsa_secp384r1_sha384', bytes),
        },
      });
      const client = started(clientOptions(of(version)));
      talk(client, thief);
      assert.equal(client.closeReason?.code, 'bad-signature');
    });

    test('whichever bit of the handshake he turns, both end up with the same keys or without a connection', () => {
      for (let turned = 0; turned < 60; turned++) {
        const client = started(clientOptions(of(version), turned));
        const server = started(serverOptions(of(version), turned + 1));
        let count = 0;
        talk(client, server, (datagram) => {
          // One bit in each of the first datagrams, at another place each time.
          if (count++ < 6) datagram[(turned * 37 + count * 101) % datagram.length]! ^= 1 << (turned % 8);
          return datagram;
        });
        if (client.state !== 'connected' || server.state !== 'connected') continue;
        const label = 'EXPORTER-test';
        assert.deepEqual(
          client.exportKeyingMaterial(label, undefined, 32),
          server.exportKeyingMaterial(label, undefined, 32),
        );
      }
    });

    test('what he has recorded tells no message, and a record that he sends again is dropped', () => {
      const all = connected({ client: of(version), server: of(version) });
      const record = sealed(all.client, 'attack at dawn');
      assert.equal(Buffer.from(record).includes('attack'), false);
      deliver(all.server, all.fromServer, record.slice());
      deliver(all.server, all.fromServer, record.slice());
      assert.deepEqual(all.fromServer.messages, ['attack at dawn']);
      assert.equal(all.server.drops.replayed, 1);
    });

    test(`he sees ${version === '1.2' ? 'both certificates' : 'no certificate'}`, () => {
      const all = connected({ client: { ...of(version), mtu: 8000 }, server: { ...of(version), mtu: 8000 } });
      const seen = Buffer.concat(all.sent.map(({ bytes }) => bytes));
      for (const side of [all.client, all.server])
        assert.equal(seen.includes(side.remoteCertificate!), version === '1.2');
    });

    test('no datagram that he makes up ends, changes or reaches into a connection that stands', () => {
      const all = connected({ client: of(version), server: of(version) });
      const before = all.fromServer.messages.length;
      const forgeries = [
        [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40], // a fatal alert in the clear
        [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 1, 0], // a close_notify in the clear
        [21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 99, 0, 26, ...new Array(26).fill(7)],
        [23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 4, 1, 2, 3, 4], // data in the clear
        [20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 1, 1],
        [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], // a ClientHello
        [0x2f, 0, 7, 0, 26, ...new Array(26).fill(7)],
        [0x2e, 0, 7, 0, 26, ...new Array(26).fill(7)],
      ];
      for (const bytes of forgeries) {
        for (const [side, sink] of [
          [all.client, all.fromClient],
          [all.server, all.fromServer],
        ] as const)
          deliver(side, sink, Uint8Array.from(bytes), 5000);
      }
      assert.equal(all.client.state, 'connected');
      assert.equal(all.server.state, 'connected');
      assert.equal(all.fromServer.messages.length, before);
      deliver(all.server, all.fromServer, sealed(all.client, 'still here'), 5000);
      assert.equal(all.fromServer.messages.at(-1), 'still here');
    });

    test('who drops everything holds up the connection, and it ends by its own timer', () => {
      const client = started(clientOptions(of(version)));
      const server = started(serverOptions(of(version)));
      talk(client, server, () => undefined);
      assert.equal(client.closeReason?.code, 'timeout');
      assert.equal(server.closeReason?.code, 'timeout');
    });

    test('secrets are told to nobody who has not asked for them, and show in no object', () => {
      const all = connected({ client: { ...of(version), keyLog: true }, server: of(version) });
      assert.equal(all.fromServer.lines.length, 0);
      const secrets = all.fromClient.lines.map((line) => line.split(' ')[2]!);
      assert.equal(secrets.length > 0, true);
      for (const connection of [all.client, all.server]) {
        const shown = inspect(connection, { depth: Infinity, showHidden: true, maxArrayLength: null });
        for (const secret of secrets) {
          assert.equal(shown.includes(secret), false);
          assert.equal(shown.includes([...Buffer.from(secret, 'hex')].slice(0, 8).join(', ')), false);
        }
      }
    });
  });
}

describe('RFC 8446 §4.1.3 protection against downgrades', () => {
  const supportedVersions = 43;

  test('a hello from which 1.3 has been struck out leads to no connection', () => {
    const client = started(clientOptions({ ...BOTH, groups: [29] })); // a hello of one datagram
    const server = started(serverOptions(BOTH));
    talk(client, server, (datagram, from) =>
      from === 'a' ? withoutExtension(datagram, supportedVersions) : datagram,
    );
    assert.equal(client.closeReason?.code, 'downgraded');
    assert.equal(server.state, 'failed');
  });

  test('two that speak both versions use 1.3, and either falls back for a peer of 1.2', () => {
    const versionOf = ({ client }: Connections): string | undefined => client.tlsVersion;
    assert.equal(versionOf(connected({ client: BOTH, server: BOTH })), 'FEFC');
    assert.equal(versionOf(connected({ client: BOTH, server: of('1.2') })), 'FEFD');
    assert.equal(versionOf(connected({ client: of('1.2'), server: BOTH })), 'FEFD');
  });

  test('a peer can be told to speak no less than 1.3', () => {
    const { client, server, pair } = connections({ client: of('1.2'), server: of('1.3') });
    pair.run(60_000, () => client.state === 'failed' && server.state === 'failed');
    assert.equal(client.state, 'failed');
  });
});

describe('amplification', () => {
  test('until its address is proven, a client gets no more than three bytes for each of its own, if so asked', () => {
    for (const version of VERSIONS) {
      for (const groups of [[29], [0x11ec]]) {
        if (version === '1.2' && groups[0] !== 29) continue;
        const server = started(serverOptions({ ...of(version), amplificationLimit: 3 }));
        const { answered, hello } = answersTo(server, clientOptions({ ...of(version), groups }));
        assert.ok(answered > hello, `${version}: an answer of ${answered} bytes shows nothing`);
        assert.ok(answered <= 3 * hello, `${version}: ${answered} bytes for ${hello}`);
      }
    }
  });

  test('with a cookie demanded a client gets less than it has sent; less than twice that, be its hello the smallest', () => {
    const helloVerify = { secret: new Uint8Array(32).fill(1), clientAddress: new Uint8Array(6) };
    for (const version of VERSIONS) {
      const smallest = {
        groups: [29],
        keyShares: 0, // of which a server has to ask for one as well
        cipherSuites: [version === '1.3' ? 0x1302 : 0xc02b], // by the longer hash
      };
      for (const [overrides, most] of [
        [{}, 1],
        [smallest, 2],
      ] as const) {
        const server = started(serverOptions({ ...of(version), helloVerify }));
        const { answered, hello } = answersTo(server, clientOptions({ ...of(version), ...overrides }));
        assert.ok(answered > 0 && answered < most * hello, `${version}: ${answered} bytes for ${hello}`);
      }
    }
  });
});

/** What a server sends, over all its time, to whoever has said no more than one hello, in as many datagrams as it takes. */
function answersTo(
  server: DtlsConnection,
  client: DtlsOptions,
): { readonly answered: number; readonly hello: number } {
  let hello = 0;
  let answered = 0;
  for (const datagram of transmitted(started(client))) {
    hello += datagram.length;
    server.receive(datagram, 0, datagram.length, 0);
  }
  for (let now = 0; now < 40_000; now += 25) {
    if (server.deadline() <= now) server.expire(now);
    for (const { length } of transmitted(server, now)) answered += length;
  }
  return { answered, hello };
}

test('RFC 8122 §5 a fingerprint by a weaker hash beside a stronger one proves nothing', () => {
  const honest = serverOptions(BOTH).certificate;
  const client = started(
    clientOptions({
      ...BOTH,
      remoteFingerprints: [
        fingerprintOf(MALLORY.certificate, nodeDtlsCrypto, 'sha-1'),
        fingerprintOf(honest.certificate, nodeDtlsCrypto, 'sha-512'),
      ],
      acceptSha1Fingerprint: true,
    }),
  );
  const mallory = started(serverOptions({ ...BOTH, certificate: MALLORY }));
  talk(client, mallory);
  assert.equal(client.closeReason?.code, 'fingerprint-mismatch');
});

/** The ClientHello of one record and one fragment, less an extension; anything else as it is. */
function withoutExtension(datagram: Uint8Array, type: number): Uint8Array {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  if (datagram[0] !== 22 || datagram[13] !== 1) return datagram;
  let at = 25 + 2 + 32;
  at += 1 + datagram[at]!; // session id
  at += 1 + datagram[at]!; // cookie
  at += 2 + view.getUint16(at); // suites
  at += 1 + datagram[at]!; // compression
  const listAt = at;
  for (at += 2; at < datagram.length; at += 4 + view.getUint16(at + 2)) {
    if (view.getUint16(at) !== type) continue;
    const length = 4 + view.getUint16(at + 2);
    const out = new Uint8Array(datagram.length - length);
    out.set(datagram.subarray(0, at));
    out.set(datagram.subarray(at + length), at);
    const put = new DataView(out.buffer);
    put.setUint16(11, put.getUint16(11) - length);
    for (const lengthAt of [14, 22]) {
      const whole = (out[lengthAt]! << 16) | put.getUint16(lengthAt + 1);
      out[lengthAt] = (whole - length) >> 16;
      put.setUint16(lengthAt + 1, (whole - length) & 0xffff);
    }
    put.setUint16(listAt, put.getUint16(listAt) - length);
    return out;
  }
  return datagram;
}
