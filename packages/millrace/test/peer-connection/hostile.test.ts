// Peers that are not who they should be, and strangers on the wire: each gives the documented end or a counted
// drop, and nothing else is disturbed.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { RTCError, type RTCPeerConnection } from 'millrace';
import { connectedPair, makePair } from './pair.ts';

/** Negotiates while `change` rewrites what `answerer` says. */
async function negotiateChanged(
  offerer: RTCPeerConnection,
  answerer: RTCPeerConnection,
  change: (sdp: string) => string,
): Promise<void> {
  await offerer.setLocalDescription();
  await answerer.setRemoteDescription(offerer.localDescription as never);
  await answerer.setLocalDescription();
  const { type, sdp = '' } = answerer.localDescription ?? { type: 'answer' };
  await offerer.setRemoteDescription({ type, sdp: change(sdp) });
}

describe('RFC 8827 §6.5 the peer must hold the certificate that signaling named', () => {
  test('a wrong fingerprint ends both sides before a byte of data, with the reason', async () => {
    const { a, b } = makePair();
    const channel = a.createDataChannel('c');
    channel.onopen = () => assert.fail('the channel must not open');
    b.ondatachannel = () => assert.fail('no channel may be announced');
    await negotiateChanged(a, b, (sdp) =>
      sdp.replace(/(a=fingerprint:sha-256 ).{95}/, `$1${'AA:'.repeat(31)}AA`),
    );
    const end = await a.closed;
    assert.deepEqual([end.by, end.code], ['failure', 'DTLS_FINGERPRINT_MISMATCH']);
    assert.equal(a.connectionState, 'failed');
    assert.equal(a.sctp?.transport.state, 'failed');
    const error = await channel.closed.catch((reason: unknown) => reason);
    assert.ok(error instanceof RTCError);
    assert.equal((await b.closed).code, 'DTLS_ALERT');
    assert.equal(b.connectionState, 'failed');
    a.close();
    b.close();
    assert.equal(a.connectionState, 'closed');
  });
});

describe('RFC 8445 §7.3 checks with a wrong password', () => {
  test('are dropped and counted, and no pair ever works', async () => {
    const { a, b, close } = makePair();
    a.createDataChannel('c');
    await negotiateChanged(a, b, (sdp) => sdp.replace(/a=ice-pwd:.{8}/, 'a=ice-pwd:AAAAAAAA'));
    let dropped = 0;
    while (dropped === 0) {
      await new Promise(setImmediate);
      const transport = (await b.getStats()).get('T') as unknown as {
        millraceDrops: { ice: Record<string, number> };
      };
      dropped = transport.millraceDrops.ice['bad-integrity'] ?? 0;
    }
    assert.notEqual(a.connectionState, 'connected');
    close();
  });
});

describe('RFC 7983 §7 datagrams of strangers', () => {
  test('of every first byte are dropped, counted, and do not disturb the connection', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    const { port, address } = [...(await a.getStats()).values()].find(
      ({ type }) => type === 'local-candidate',
    ) as unknown as { port: number; address: string };
    const stranger = createSocket('udp4');
    for (let first = 0; first < 256; first++) {
      for (const length of [1, 2, 13, 20, 60]) {
        const datagram = new Uint8Array(length).fill(first);
        await new Promise((resolve) => stranger.send(datagram, port, address, resolve));
      }
      // They are counted below: no socket has to hold more than these five.
      await new Promise(setImmediate);
    }
    channelB.onmessage = ({ data }) => channelB.send(data);
    channelA.send('undisturbed');
    assert.equal((await once(channelA, 'message'))[0].data, 'undisturbed');
    const { millraceDrops } = (await a.getStats()).get('T') as unknown as {
      millraceDrops: { driver: Record<string, number>; ice: Record<string, number> };
    };
    assert.equal(millraceDrops.driver['unverified-source'], 44 * 5, 'first bytes 20 to 63 are DTLS');
    assert.ok(
      (millraceDrops.driver['unknown-protocol'] ?? 0) > 0 && (millraceDrops.driver['not-used'] ?? 0) > 0,
    );
    assert.equal(b.connectionState, 'connected');
    stranger.close();
    close();
  });
});

describe('W3C webrtc-pc §6.2 a caller’s mistakes with a channel', () => {
  test('a message longer than the peer takes is a TypeError, a send on a closed channel an InvalidStateError', async () => {
    const { a, channelA, channelB, close } = await connectedPair();
    const most = a.sctp?.maxMessageSize ?? 0;
    assert.equal(most, 262_144);
    assert.throws(() => channelA.send(new Uint8Array(most + 1)), TypeError);
    channelA.send(new Uint8Array(most));
    assert.equal((await once(channelB, 'message'))[0].data.byteLength, most);
    channelA.close();
    assert.throws(() => channelA.send('late'), { name: 'InvalidStateError' });
    await once(channelB, 'close');
    assert.throws(() => channelB.send('late'), { name: 'InvalidStateError' });
    close();
  });

  test('more than the send queue holds is an OperationError, and ready tells when there is room', async () => {
    const millrace = { loopback: true, sendBuffer: 1_048_576 };
    const { channelA, channelB, close } = await connectedPair({ millrace });
    let received = 0;
    channelB.onmessage = ({ data }) => (received += data.byteLength);
    let sent = 0;
    const fill = (): void => {
      for (;;) {
        channelA.send(new Uint8Array(65_536));
        sent += 65_536;
      }
    };
    assert.throws(fill, { name: 'OperationError' });
    assert.ok(sent >= 1_048_576 - 65_536 && sent <= 1_048_576);
    await channelA.ready;
    channelA.send(new Uint8Array(1));
    channelA.close();
    await channelA.closed;
    assert.equal(received, sent + 1);
    close();
  });
});
