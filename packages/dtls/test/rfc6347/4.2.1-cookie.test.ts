import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { writeHelloVerifyRequest } from '../../src/handshake/messages/hello-verify-request.ts';
import { connections, deliver, transmitted } from '../fixtures/connections.ts';
import { handshakeRecord, hex, recordsOf } from '../fixtures/records.ts';

const helloVerify = { secret: new Uint8Array(32).fill(1), clientAddress: hex('7f000001 1234') };

describe('RFC 6347 §4.2.1 denial-of-service countermeasures', () => {
  test('a server that asks for a cookie gets it, and the handshake goes on', () => {
    // A -> ClientHello -> Z; A <- HelloVerifyRequest <- Z; A -> ClientHello with cookie -> Z
    const all = connections({ server: { helloVerify } });
    assert.equal(
      all.pair.run(1000, () => all.client.state === 'connected'),
      true,
    );
    const types = all.sent.slice(0, 4).map(({ bytes }) => recordsOf(bytes)[0]?.handshakeType);
    assert.deepEqual(types, [1, 3, 1, 2]);
    assert.deepEqual([all.client.helloRetries, all.server.helloRetries], [1, 1]);
    assert.deepEqual(
      all.sent[1]?.bytes.slice(0, 3),
      hex('16 feff'), // version 1.0, whatever comes later
    );
  });

  test('the cookie depends on secret, address and hello, and on nothing the server keeps', () => {
    const ask = (options: typeof helloVerify, seed: number): string => {
      const all = connections({ server: { helloVerify: options }, seed });
      const [hello] = transmitted(all.client);
      deliver(all.server, all.fromServer, hello!);
      return Buffer.from(transmitted(all.server)[0]!.subarray(28)).toString('hex');
    };
    assert.equal(ask(helloVerify, 1), ask(helloVerify, 1));
    assert.notEqual(ask(helloVerify, 1), ask(helloVerify, 2));
    assert.notEqual(ask(helloVerify, 1), ask({ ...helloVerify, clientAddress: hex('7f000001 1235') }, 1));
    assert.notEqual(ask(helloVerify, 1), ask({ ...helloVerify, secret: new Uint8Array(32) }, 1));
  });

  test('a lost request is sent again when the hello comes again, and by no timer', () => {
    const all = connections({ server: { helloVerify } });
    let losses = 2;
    all.pair.ba.lose = () => losses-- > 0;
    assert.equal(
      all.pair.run(2000, () => all.client.state === 'connected'),
      true,
    );
    const fromServer = all.sent.filter(({ from }) => from === 'b');
    assert.deepEqual(
      fromServer.slice(0, 3).map(({ now }) => now),
      [0, 50, 150],
    );
  });

  test('a client that keeps sending wrong cookies is refused at the fourth', () => {
    const all = connections({ server: { helloVerify } });
    const hello = recordsOf(transmitted(all.client)[0]!)[0]!.content.subarray(12);
    for (let sequence = 0; sequence < 4; sequence++) {
      deliver(all.server, all.fromServer, handshakeRecord(1, sequence, hello));
      assert.equal(all.server.state, sequence < 3 ? 'connecting' : 'failed');
    }
    assert.equal(all.fromServer.closed?.code, 'illegal-parameter');
  });

  test('a server that keeps asking is refused at the fourth request', () => {
    const all = connections();
    const request = writeHelloVerifyRequest({ version: 0xfeff, cookie: hex('aa') });
    for (let sequence = 0; sequence < 4; sequence++) {
      assert.equal(all.client.state, 'connecting');
      deliver(all.client, all.fromClient, handshakeRecord(3, sequence, request));
    }
    assert.equal(all.fromClient.closed?.code, 'unexpected-message');
  });

  test('the second hello is the first one but for the cookie', () => {
    const all = connections({ server: { helloVerify } });
    all.pair.run(1000);
    const hellos = all.sent
      .filter(({ from }) => from === 'a')
      .slice(0, 2)
      .map(({ bytes }) => Buffer.from(recordsOf(bytes)[0]!.content.subarray(12)).toString('hex'));
    const [first, second] = hellos as [string, string];
    assert.equal(first.slice(0, 70), second.slice(0, 70)); // version, random, session id
    assert.equal(first.slice(72), second.slice(72 + 64)); // behind a cookie of 32 bytes
    assert.deepEqual([first.slice(70, 72), second.slice(70, 72)], ['00', '20']);
  });
});
