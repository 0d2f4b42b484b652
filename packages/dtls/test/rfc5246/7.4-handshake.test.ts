import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { writeCertificate } from '../../src/handshake/messages/certificate.ts';
import { writeCertificateRequest } from '../../src/handshake/messages/certificate-request.ts';
import { writeClientHello } from '../../src/handshake/messages/client-hello.ts';
import { writeClientKeyExchange } from '../../src/handshake/messages/client-key-exchange.ts';
import { writeServerKeyExchange } from '../../src/handshake/messages/server-key-exchange.ts';
import type { DtlsCrypto } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { ECDSA_P256, identityOf, OTHER_ECDSA_P256 } from '../fixtures/certificates.ts';
import { type Connections, connected, connections, deliver, transmitted } from '../fixtures/connections.ts';
import { clientHello } from '../fixtures/hellos.ts';
import { fragment, handshakeRecord, hex, record, recordsOf } from '../fixtures/records.ts';

/** A back end whose signatures are wrong. */
const FORGER: DtlsCrypto = { ...nodeDtlsCrypto, sign: () => hex('3006020101020101') };

/** A back end that derives another Finished. */
const LIAR: DtlsCrypto = {
  ...nodeDtlsCrypto,
  hmac(algorithm, key, bytes) {
    const digest = nodeDtlsCrypto.hmac(algorithm, key, bytes);
    if (Buffer.from(bytes).includes(' finished')) digest[0] = digest[0]! ^ 1;
    return digest;
  },
};

function outcome(all: Connections): string[] {
  all.pair.run(1000);
  return [all.fromClient, all.fromServer].map(
    ({ closed }) => `${closed?.by} ${closed?.code} ${closed?.alert}`,
  );
}

describe('RFC 5246 §7.4 proof of possession', () => {
  test('a server that cannot sign with the key of its certificate is refused', () => {
    const all = connections({ server: { crypto: FORGER } });
    assert.deepEqual(outcome(all), ['local bad-signature 51', 'remote alert 51']);
  });

  test('a client that cannot sign with the key of its certificate is refused', () => {
    const all = connections({ client: { crypto: FORGER } });
    assert.deepEqual(outcome(all), ['remote alert 51', 'local bad-signature 51']);
  });

  test('a certificate of someone else does not help', () => {
    const thief = { ...identityOf(ECDSA_P256), certificate: OTHER_ECDSA_P256.certificate };
    const all = connections({ server: { certificate: thief } });
    assert.deepEqual(outcome(all), ['local bad-signature 51', 'remote alert 51']);
  });

  test('§7.4.9 a wrong Finished of the client is refused', () => {
    const all = connections({ client: { crypto: LIAR } });
    assert.deepEqual(outcome(all), ['remote alert 51', 'local bad-finished 51']);
  });

  test('§7.4.9 a wrong Finished of the server is refused', () => {
    const all = connections();
    const lying = connections({ server: { crypto: LIAR } });
    // The server must accept the client's Finished, so its lie is only in what it writes.
    let calls = 0;
    const late: DtlsCrypto = {
      ...nodeDtlsCrypto,
      hmac: (algorithm, key, bytes) =>
        (Buffer.from(bytes).includes('server finished') && calls++ === 0 ? LIAR : nodeDtlsCrypto).hmac(
          algorithm,
          key,
          bytes,
        ),
    };
    const third = connections({ server: { crypto: late } });
    assert.equal(
      all.pair.run(1000, () => all.client.state === 'connected'),
      true,
    );
    assert.equal(outcome(lying)[1], 'local bad-finished 51');
    third.pair.run(1000);
    assert.deepEqual(third.fromClient.closed, { by: 'local', code: 'bad-finished', alert: 51 });
    assert.deepEqual(third.fromServer.closed, { by: 'remote', code: 'alert', alert: 51 });
  });

  test('a handshake changed on its way does not end in a connection', () => {
    // One bit of each datagram of the exchange in turn; nothing throws, and nobody is fooled.
    const length = connected().sent.map(({ bytes }) => bytes.length);
    const random = new SeededRandom(7);
    for (let datagram = 0; datagram < 3; datagram++) {
      for (let i = 0; i < 40; i++) {
        const victim = random.below(length[datagram]!);
        const all = connections();
        let count = 0;
        const change = (bytes: Uint8Array): boolean => {
          if (count++ === datagram) bytes[victim] = bytes[victim]! ^ (1 << random.below(8));
          return false;
        };
        all.pair.ab.lose = change;
        all.pair.ba.lose = change;
        all.pair.run(40_000);
        // In step, both ended or both connected (a change may only have cost a datagram).
        const states = [all.client.state, all.server.state];
        assert.equal(states.includes('connecting'), false, `${datagram} ${victim} ${states}`);
        assert.equal(states[0] === 'connected', states[1] === 'connected', `${datagram} ${victim} ${states}`);
      }
    }
  });
});

describe('RFC 5246 §7.3 messages out of turn', () => {
  const hello = (): Uint8Array => handshakeRecord(1, 0, writeClientHello(clientHello()));
  const anyKey = writeClientKeyExchange(nodeDtlsCrypto.createKeyShare('x25519').publicKey);
  const certificate = writeCertificate([ECDSA_P256.certificate]);

  function afterHello(...rest: Uint8Array[]): string {
    const all = connections();
    deliver(all.server, all.fromServer, hello());
    for (const bytes of rest) deliver(all.server, all.fromServer, bytes);
    const { closed } = all.fromServer;
    return `${closed?.code} ${closed?.alert}`;
  }

  test('a server that waits for the certificate takes nothing else', () => {
    assert.equal(afterHello(handshakeRecord(16, 1, anyKey)), 'unexpected-message 10');
    assert.equal(afterHello(handshakeRecord(1, 1, writeClientHello(clientHello()))), 'unexpected-message 10');
    assert.equal(afterHello(handshakeRecord(77, 1, hex(''))), 'unexpected-message 10');
  });

  test('§7.4.6 a client without a certificate is refused', () => {
    assert.equal(afterHello(handshakeRecord(11, 1, writeCertificate([]))), 'no-certificate 40');
  });

  test('a CertificateVerify may not be left out', () => {
    const all = connections();
    const messages = [handshakeRecord(11, 1, certificate), handshakeRecord(16, 2, anyKey)];
    assert.equal(afterHello(...messages), 'undefined undefined');
    assert.equal(afterHello(...messages, handshakeRecord(11, 3, certificate)), 'unexpected-message 10');
    assert.equal(all.server.state, 'connecting');
  });

  test('a Finished in the clear is dropped, not believed', () => {
    const all = connections();
    deliver(all.server, all.fromServer, hello());
    for (let sequence = 1; sequence < 5; sequence++) {
      deliver(all.server, all.fromServer, handshakeRecord(20, sequence, new Uint8Array(12)));
    }
    assert.equal(all.server.drops['fragment-mismatch'], 4);
    assert.equal(all.server.state, 'connecting');
  });

  test('malformed messages are refused with decode_error', () => {
    assert.equal(afterHello(handshakeRecord(11, 1, hex('00'))), 'decode-error 50');
    assert.equal(
      afterHello(handshakeRecord(11, 1, certificate), handshakeRecord(16, 2, hex('05'))),
      'decode-error 50',
    );
    assert.equal(
      afterHello(
        handshakeRecord(11, 1, certificate),
        handshakeRecord(16, 2, anyKey),
        handshakeRecord(15, 3, hex('04')),
      ),
      'decode-error 50',
    );
  });

  test('§7.4.8 a scheme that was not offered or does not fit the key is refused', () => {
    for (const scheme of ['0203', '0401', 'ffff']) {
      const verify = handshakeRecord(15, 3, hex(`${scheme} 0001 00`));
      const reason = afterHello(handshakeRecord(11, 1, certificate), handshakeRecord(16, 2, anyKey), verify);
      assert.equal(reason, 'illegal-parameter 47');
    }
  });

  test('RFC 8422 §5.11 a public key that is none is refused', () => {
    for (const key of [new Uint8Array(32), new Uint8Array(31).fill(9), new Uint8Array(65).fill(4)]) {
      const reason = afterHello(
        handshakeRecord(11, 1, certificate),
        handshakeRecord(16, 2, writeClientKeyExchange(key)),
      );
      assert.equal(reason, 'illegal-parameter 47');
    }
  });

  test('a client takes the messages of the server only in their order', () => {
    const flight = (): Uint8Array[] => {
      const all = connections({ seed: 5 });
      deliver(all.server, all.fromServer, transmitted(all.client)[0]!);
      return recordsOf(transmitted(all.server)[0]!).map(({ content }) => content);
    };
    const messages = flight();
    for (let skipped = 0; skipped < messages.length; skipped++) {
      const all = connections({ seed: 5 });
      transmitted(all.client);
      let sequence = 0;
      for (const [i, message] of messages.entries()) {
        if (i === skipped) continue;
        const renumbered = message.slice();
        renumbered[5] = sequence++;
        deliver(all.client, all.fromClient, record(22, renumbered));
      }
      // RFC 8827 §6.5: without the CertificateRequest the server would not know who its client is.
      const expected = [
        'unexpected-message',
        'unexpected-message',
        'unexpected-message',
        'certificate-not-requested',
      ];
      assert.equal(all.fromClient.closed?.code, expected[skipped], `without ${skipped}`);
    }
  });

  test('a server key exchange with a group or scheme of its own choice is refused', () => {
    const all = connections({ seed: 5, client: { groups: [29] } });
    const [first] = transmitted(all.client);
    deliver(all.server, all.fromServer, first!);
    const messages = recordsOf(transmitted(all.server)[0]!).map(({ content }) => content);
    const exchange = (group: number, scheme: number): Uint8Array =>
      fragment(
        12,
        2,
        writeServerKeyExchange({ group, publicKey: new Uint8Array(32), scheme, signature: hex('00') }),
      );
    for (const [group, scheme, code] of [
      [23, 0x0403, 'illegal-parameter'],
      [29, 0x0401, 'illegal-parameter'],
      [29, 0x0403, 'bad-signature'],
    ] as const) {
      const other = connections({ seed: 5, client: { groups: [29] } });
      transmitted(other.client);
      for (const message of [messages[0]!, messages[1]!, exchange(group, scheme)]) {
        deliver(other.client, other.fromClient, record(22, message));
      }
      assert.equal(other.fromClient.closed?.code, code);
    }
  });

  test('§7.4.4 a request that our key cannot satisfy ends the handshake', () => {
    const all = connections({ seed: 5 });
    const [first] = transmitted(all.client);
    deliver(all.server, all.fromServer, first!);
    const messages = recordsOf(transmitted(all.server)[0]!).map(({ content }) => content);
    for (const request of [
      { types: [1], schemes: [0x0403] },
      { types: [64], schemes: [0x0401] },
    ]) {
      const other = connections({ seed: 5 });
      transmitted(other.client);
      for (const message of messages.slice(0, 3))
        deliver(other.client, other.fromClient, record(22, message));
      deliver(other.client, other.fromClient, handshakeRecord(13, 3, writeCertificateRequest(request)));
      assert.equal(other.fromClient.closed?.code, 'no-common-signature-scheme');
    }
  });

  test('§7.4.1.1 a HelloRequest is ignored by a client that negotiates', () => {
    const all = connections();
    deliver(all.client, all.fromClient, handshakeRecord(0, 0, hex('')));
    assert.equal(all.client.state, 'connecting');
  });
});

describe('RFC 5763 §5 two peers with the same role', () => {
  test('two clients end at once, with a reason of their own', () => {
    const all = connections({ server: { role: 'client' } });
    all.pair.run(1000);
    for (const { closed } of [all.fromClient, all.fromServer]) assert.equal(closed?.code, 'role-conflict');
  });

  test('a server that hears a server ends at once', () => {
    for (const type of [2, 3]) {
      const all = connections();
      deliver(all.server, all.fromServer, handshakeRecord(type, 0, hex('00')));
      assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'role-conflict', alert: 10 });
    }
  });

  test('two servers hear nothing of each other and give up after the time set', () => {
    const all = connections({ client: { role: 'server', handshakeTimeout: 5000 } });
    all.pair.run(60_000);
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'timeout' });
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'timeout' });
    assert.equal(all.sent.length, 0);
  });
});
