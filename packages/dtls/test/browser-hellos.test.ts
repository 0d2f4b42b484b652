// What browsers send first, from the wire: DTLS 1.3 offered with a post-quantum share, cut into two datagrams.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXTENSION } from '../src/handshake/extensions.ts';
import { Fragments } from '../src/handshake/fragments.ts';
import { bodyOf } from '../src/handshake/header.ts';
import {
  type ClientHello,
  parseClientHello,
  writeClientHello,
} from '../src/handshake/messages/client-hello.ts';
import { parseServerHello, type ServerHello } from '../src/handshake/messages/server-hello.ts';
import { parseServerKeyExchange } from '../src/handshake/messages/server-key-exchange.ts';
import { isHelloRetryRequest } from '../src/handshake13/hello-retry-request.ts';
import { parseKeyShare, parseSelectedGroup } from '../src/handshake13/key-share.ts';
import { SRTP_PROFILES } from '../src/index.ts';
import { identityOf, RSA_2048 } from './fixtures/certificates.ts';
import { CHROMIUM_CLIENT_HELLO, FIREFOX_CLIENT_HELLO } from './fixtures/client-hellos.ts';
import {
  type Connections,
  connections,
  deliver,
  type Overrides,
  transmitted,
} from './fixtures/connections.ts';
import { recordsOf } from './fixtures/records.ts';
import { sweepTruncations } from './fixtures/sweeps.ts';

const BROWSERS = [
  ['Chromium 156', CHROMIUM_CLIENT_HELLO, 1413],
  ['Firefox 153 ESR', FIREFOX_CLIENT_HELLO, 1461],
] as const;

function helloOf(datagrams: readonly Uint8Array[]): Uint8Array {
  const fragments = new Fragments({ maxMessageBytes: 4096, maxReassemblyBytes: 16_384, maxMessagesAhead: 1 });
  for (const datagram of datagrams) fragments.add(datagram, 13, datagram.length, 0);
  return bodyOf(fragments.take()!);
}

function answerTo(
  datagrams: readonly Uint8Array[],
  server: Overrides = {},
): { all: Connections; hello: ServerHello } {
  const all = connections({ server });
  for (const datagram of datagrams) deliver(all.server, all.fromServer, datagram);
  assert.equal(all.fromServer.closed, undefined);
  const [first] = transmitted(all.server);
  return { all, hello: parseServerHello(recordsOf(first!)[0]!.content.subarray(12))! };
}

for (const [name, hello, length] of BROWSERS) {
  const [first, second] = hello;
  describe(`the ClientHello of ${name} (RFC 6347 §4.2.3, RFC 8446 §4.1.2, RFC 8701)`, () => {
    test('parses, and is written again byte for byte', () => {
      const body = helloOf(hello);
      assert.equal(body.length, length);
      const parsed = parseClientHello(body) as ClientHello;
      assert.deepEqual(writeClientHello(parsed), new Uint8Array(body));
      assert.equal(parsed.version, 0xfefd);
      assert.equal(parsed.extensions.has(43), true); // supported_versions
      assert.equal(parsed.extensions.get(51)!.length > 1216, true); // the share of X25519MLKEM768
    });

    test('is refused at every truncation', () => {
      const body = new Uint8Array(helloOf(hello));
      const bare = writeClientHello({ ...parseClientHello(body)!, extensions: new Map() }).length - 2;
      sweepTruncations(body, parseClientHello, [bare]);
    });

    const orders: Array<[string, readonly Uint8Array[]]> = [
      ['in order', [first, second]],
      ['the other way round', [second, first]],
      ['with each datagram twice', [first, first, second, second]],
      ['with the first one lost and sent again', [second, second, first]],
    ];
    for (const [order, datagrams] of orders) {
      test(`${order}, is answered with DTLS 1.2, AES-128-GCM and X25519`, () => {
        const { all, hello: answer } = answerTo(datagrams);
        assert.deepEqual([answer.version, answer.cipherSuite], [0xfefd, 0xc02b]);
        assert.deepEqual([...answer.extensions.keys()].sort(), [11, 23, 0xff01].sort());
        assert.equal(all.server.state, 'connecting');
      });
    }

    for (const [order, datagrams] of orders) {
      test(`${order}, is answered with DTLS 1.3 and the post-quantum share`, () => {
        const { all, hello: answer } = answerTo(datagrams, { maxVersion: '1.3', mtu: 2000 });
        assert.deepEqual([answer.version, answer.cipherSuite], [0xfefd, 0x1301]);
        assert.deepEqual([...answer.extensions.keys()], [EXTENSION.supportedVersions, EXTENSION.keyShare]);
        const { group, keyExchange } = parseKeyShare(answer.extensions.get(EXTENSION.keyShare)!)!;
        assert.deepEqual([group, keyExchange.length], [0x11ec, 1120]);
        assert.equal(all.server.state, 'connecting');
      });
    }

    test('with P-256 alone on our side, DTLS 1.3 asks for a share of it', () => {
      const { hello: answer } = answerTo(hello, { maxVersion: '1.3', groups: [23] });
      assert.equal(isHelloRetryRequest(answer), true);
      assert.equal(parseSelectedGroup(answer.extensions.get(EXTENSION.keyShare)!), 23);
    });

    test('half of it is not answered', () => {
      for (const half of hello) {
        const all = connections();
        deliver(all.server, all.fromServer, half);
        assert.deepEqual(transmitted(all.server), []);
      }
    });

    test('once answered, a repetition is answered with the same flight again', () => {
      const all = connections();
      for (const datagram of hello) deliver(all.server, all.fromServer, datagram, 0);
      const flight = transmitted(all.server, 0);
      for (const datagram of hello) deliver(all.server, all.fromServer, datagram, 60);
      const again = transmitted(all.server, 60);
      const contents = (datagrams: Uint8Array[]): Uint8Array[] =>
        datagrams.flatMap((datagram) => recordsOf(datagram).map(({ content }) => content));
      assert.deepEqual(contents(again), contents(flight));
    });

    test('a certificate with RSA is answered with the suite for it, signed with PSS', () => {
      const { all, hello: answer } = answerTo(hello, { certificate: identityOf(RSA_2048) });
      assert.equal(answer.cipherSuite, 0xc02f);
      for (const record of recordsOf(all.sent[0]?.bytes ?? new Uint8Array(0))) assert.equal(record.epoch, 0);
    });

    test('its SRTP profiles and its point formats are understood', () => {
      const { hello: answer } = answerTo(hello, { srtpProfiles: [SRTP_PROFILES.SRTP_AEAD_AES_128_GCM] });
      assert.deepEqual(answer.extensions.get(14), Uint8Array.of(0, 2, 0, 7, 0));
      assert.deepEqual(answer.extensions.get(11), Uint8Array.of(1, 0));
    });

    test('with P-256 alone on our side, P-256 is taken', () => {
      const all = connections({ server: { groups: [23] } });
      for (const datagram of hello) deliver(all.server, all.fromServer, datagram);
      const exchange = recordsOf(transmitted(all.server)[0]!).find(
        ({ handshakeType }) => handshakeType === 12,
      );
      assert.equal(parseServerKeyExchange(exchange!.content.subarray(12))?.group, 23);
    });
  });
}
