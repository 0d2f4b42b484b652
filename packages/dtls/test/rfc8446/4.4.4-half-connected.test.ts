// RFC 8446 §4.4.4: the server may send after its Finished, before the client has shown who it is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DtlsConnection, fingerprintOf } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { ECDSA_P384, identityOf } from '../fixtures/certificates.ts';
import { connected, deliver, Recorder, transmitted } from '../fixtures/connections.ts';
import { connections13 } from '../fixtures/connections-13.ts';

function sealedEarly(server: DtlsConnection, text: string): Uint8Array {
  const out = new Uint8Array(server.headroom + text.length + server.tailroom);
  out.set(Buffer.from(text, 'latin1'), server.headroom);
  return out.subarray(0, server.sealEarly(out, 0, text.length));
}

/** Both after the server's flight has been made, and that flight. */
function halfway(setup: Parameters<typeof connections13>[0] = {}) {
  const all = connections13(setup);
  const heard: string[] = [];
  const sink = Object.assign(all.fromServer, { onHalfConnected: () => heard.push('half') });
  for (const hello of transmitted(all.client)) deliver(all.server, sink, hello);
  return { ...all, sink, heard, flight: transmitted(all.server) };
}

describe('RFC 8446 §4.4.4 what a server sends before the Finished of the client', () => {
  test('it can from its own Finished on, it is told so once, and the client hears it when it is connected', () => {
    const { client, server, fromClient, sink, heard, flight } = halfway();
    assert.deepEqual([server.state, server.isHalfConnected, heard], ['connecting', true, ['half']]);
    const early = sealedEarly(server, 'early');
    for (const datagram of [...flight, early]) deliver(client, fromClient, datagram);
    assert.deepEqual([client.state, fromClient.messages], ['connected', ['early']]);
    for (const datagram of transmitted(client)) deliver(server, sink, datagram);
    assert.deepEqual([server.state, server.isHalfConnected, heard], ['connected', false, ['half']]);
    assert.throws(() => sealedEarly(server, 'late'), { code: 'NOT_CONNECTED' });
  });

  test('what overtakes the flight waits for it', () => {
    const { client, server, fromClient, flight } = halfway();
    for (const datagram of [sealedEarly(server, 'early'), ...flight]) deliver(client, fromClient, datagram);
    assert.deepEqual([client.state, fromClient.messages], ['connected', ['early']]);
  });

  test('the flight can be sent again after it, and its number is not used twice', () => {
    const { client, server, fromClient, sink, flight } = halfway();
    const early = sealedEarly(server, 'early');
    deliver(client, fromClient, early);
    server.expire(server.deadline());
    const again = transmitted(server, 10_000);
    assert.equal(again.length, flight.length);
    for (const datagram of again) deliver(client, fromClient, datagram);
    for (const datagram of transmitted(client)) deliver(server, sink, datagram);
    assert.equal(server.state, 'connected');
    const out = new Uint8Array(64);
    deliver(client, fromClient, out.slice(0, server.seal(out, 0, 4)));
    assert.deepEqual(fromClient.messages, ['early', '\0\0\0\0']);
  });

  test('what `seal` is for still waits until the client has shown who it is, and nothing of it is read', () => {
    const { client, server, fromClient, sink, flight } = halfway();
    assert.throws(() => server.seal(new Uint8Array(100), 0, 10), { code: 'NOT_CONNECTED' });
    assert.throws(() => server.exportKeyingMaterial('EXPERIMENTAL x', undefined, 8), {
      code: 'NOT_CONNECTED',
    });
    for (const datagram of flight) deliver(client, fromClient, datagram);
    const out = new Uint8Array(64);
    deliver(server, sink, out.slice(0, client.seal(out, 0, 4)));
    assert.deepEqual([server.state, sink.messages], ['connecting', []]);
  });

  test('a client that turns out to be somebody else ends it, and nothing more can be sealed', () => {
    const mallory = identityOf(ECDSA_P384);
    const { client, server, fromClient, sink, flight } = halfway({ client: { certificate: mallory } });
    for (const datagram of [...flight, sealedEarly(server, 'early')]) deliver(client, fromClient, datagram);
    for (const datagram of transmitted(client)) deliver(server, sink, datagram);
    assert.equal(server.closeReason?.code, 'fingerprint-mismatch');
    assert.deepEqual([server.isHalfConnected, sink.connected], [false, 0]);
    assert.throws(() => sealedEarly(server, 'more'), { code: 'NOT_CONNECTED' });
  });

  test('a client goes by the server’s fingerprint before it hears anything', () => {
    const other = fingerprintOf(identityOf(ECDSA_P384).certificate, nodeDtlsCrypto);
    const { client, server, fromClient, flight } = halfway({ client: { remoteFingerprints: [other] } });
    for (const datagram of [...flight, sealedEarly(server, 'early')]) deliver(client, fromClient, datagram);
    assert.deepEqual([client.state, fromClient.messages], ['failed', []]);
  });

  test('it counts towards what an address that is not proven may be sent', () => {
    const { server, flight } = halfway({ server: { amplificationLimit: 20 }, client: { mtu: 300 } });
    assert.ok(flight.length > 0);
    const sizes: number[] = [];
    for (let size = 1; size > 0; ) {
      size = sealedEarly(server, 'x'.repeat(1_000)).length;
      if (size > 0) sizes.push(size);
    }
    assert.ok(sizes.length > 0 && sizes.length < 10, `${sizes}`);
  });

  test('a client cannot, nor a server of 1.2', () => {
    const { client } = halfway();
    assert.equal(client.isHalfConnected, false);
    assert.throws(() => sealedEarly(client, 'x'), { code: 'NOT_CONNECTED' });
    const told = new Recorder();
    const of12 = connected();
    of12.server.drain(Object.assign(told, { onHalfConnected: () => assert.fail('1.2 has no such thing') }));
    assert.throws(() => sealedEarly(of12.server, 'x'), { code: 'NOT_CONNECTED' });
  });
});
