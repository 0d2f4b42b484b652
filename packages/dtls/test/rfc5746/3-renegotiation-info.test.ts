import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXTENSION } from '../../src/handshake/extensions.ts';
import { parseClientHello, writeClientHello } from '../../src/handshake/messages/client-hello.ts';
import { parseServerHello, writeServerHello } from '../../src/handshake/messages/server-hello.ts';
import { CONTENT_TYPE } from '../../src/record/header.ts';
import { connected, connections, deliver, recordUnderKeys, transmitted } from '../fixtures/connections.ts';
import { clientHello, serverHello } from '../fixtures/hellos.ts';
import { fragment, handshakeRecord, hex, recordsOf } from '../fixtures/records.ts';

const { renegotiationInfo } = EXTENSION;

describe('RFC 5746 §3 renegotiation_info', () => {
  test('§3.4 the client sends it empty', () => {
    const [hello] = transmitted(connections().client);
    const parsed = parseClientHello(recordsOf(hello!)[0]!.content.subarray(12));
    assert.deepEqual(parsed?.extensions.get(renegotiationInfo), hex('00'));
  });

  test('§3.6 the server answers the extension, and the cipher suite that stands for it', () => {
    for (const hello of [
      clientHello(),
      clientHello({ cipherSuites: [0xc02b, 0x00ff] }, [[renegotiationInfo, undefined]]),
    ]) {
      const all = connections();
      deliver(all.server, all.fromServer, handshakeRecord(1, 0, writeClientHello(hello)));
      const answer = parseServerHello(recordsOf(transmitted(all.server)[0]!)[0]!.content.subarray(12));
      assert.deepEqual(answer?.extensions.get(renegotiationInfo), hex('00'));
    }
  });

  test('§3.4, §3.6 one that is not empty ends a first handshake', () => {
    const all = connections();
    const bad = [[renegotiationInfo, hex('0101')]] as const;
    deliver(all.server, all.fromServer, handshakeRecord(1, 0, writeClientHello(clientHello({}, bad))));
    assert.equal(all.fromServer.closed?.code, 'illegal-parameter');
    transmitted(all.client);
    deliver(all.client, all.fromClient, handshakeRecord(2, 0, writeServerHello(serverHello({}, bad))));
    assert.equal(all.fromClient.closed?.code, 'illegal-parameter');
  });
});

describe('RFC 5246 §7.4.1.1 renegotiation is not done', () => {
  test('a hello or a request for one under the keys of the connection is counted and left aside', () => {
    const all = connected({ client: { keyLog: true } });
    for (const [i, message] of [fragment(0, 7, hex('')), fragment(1, 3, hex('0102'))].entries()) {
      deliver(all.server, all.fromServer, recordUnderKeys(all, CONTENT_TYPE.handshake, message, 100 + i));
    }
    assert.equal(all.server.drops.renegotiation, 2);
    assert.deepEqual([all.server.state, transmitted(all.server, 5000)], ['connected', []]);
  });
});
