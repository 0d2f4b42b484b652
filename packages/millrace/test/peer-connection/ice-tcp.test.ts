// Connections over TCP, where UDP does not get through: the UDP candidates are left out of the signaling.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import {
  type RTCConfiguration,
  type RTCDataChannel,
  type RTCDataChannelEvent,
  RTCPeerConnection,
} from 'millrace';
import { LOOPBACK } from './pair.ts';

type Rewrite = (candidate: string) => string;

const ACTIVE: RTCConfiguration = LOOPBACK;
const ALL: RTCConfiguration = { millrace: { ...LOOPBACK.millrace, iceTcp: 'all' } };

interface Pair {
  readonly a: RTCPeerConnection;
  readonly b: RTCPeerConnection;
  readonly channelA: RTCDataChannel;
  readonly channelB: RTCDataChannel;
  close(): void;
}

/** Both descriptions with all candidates in them, but without those over UDP. */
async function tcpPair(
  configA: RTCConfiguration,
  configB: RTCConfiguration,
  rewrite: Rewrite = (c) => c,
): Promise<Pair> {
  const a = new RTCPeerConnection(configA);
  const b = new RTCPeerConnection(configB);
  const channelA = a.createDataChannel('first');
  const announced = once(b, 'datachannel') as Promise<[RTCDataChannelEvent]>;
  await a.setLocalDescription();
  await b.setRemoteDescription({ type: 'offer', sdp: await withoutUdp(a, rewrite) });
  await b.setLocalDescription();
  await a.setRemoteDescription({ type: 'answer', sdp: await withoutUdp(b, rewrite) });
  const [{ channel: channelB }] = await announced;
  if (channelA.readyState !== 'open') await once(channelA, 'open');
  const close = (): void => {
    a.close();
    b.close();
  };
  return { a, b, channelA, channelB, close };
}

async function withoutUdp(pc: RTCPeerConnection, rewrite: Rewrite): Promise<string> {
  if (pc.iceGatheringState !== 'complete')
    await new Promise<void>((resolve) =>
      pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && resolve()),
    );
  const lines = pc.localDescription!.sdp.split('\r\n');
  return lines
    .filter((line) => !/^a=candidate:\S+ \d+ udp /i.test(line))
    .map((line) => (line.startsWith('a=candidate:') ? rewrite(line) : line))
    .join('\r\n');
}

const types = (pc: RTCPeerConnection): Array<string | null> => {
  const { local, remote } = pc.sctp!.transport.iceTransport.getSelectedCandidatePair()!;
  return [local.protocol, local.tcpType, remote.protocol, remote.tcpType];
};

async function transfer(
  from: RTCDataChannel,
  to: RTCDataChannel,
  megabytes: number,
  meanwhile?: () => void,
): Promise<void> {
  const sent = createHash('sha256');
  const got = createHash('sha256');
  to.binaryType = 'arraybuffer';
  let bytes = 0;
  const whole = new Promise<void>((resolve) => {
    to.onmessage = ({ data }) => {
      got.update(new Uint8Array(data as ArrayBuffer));
      bytes += (data as ArrayBuffer).byteLength;
      if (bytes === megabytes * 2 ** 20) resolve();
    };
  });
  from.bufferedAmountLowThreshold = 128 * 1024;
  for (let i = 0; i < megabytes * 32; i++) {
    const message = new Uint8Array(32 * 1024).fill(i);
    sent.update(message);
    from.send(message);
    if (i === megabytes * 8) meanwhile?.();
    if (from.bufferedAmount > 1024 * 1024) await once(from, 'bufferedamountlow');
  }
  await whole;
  assert.equal(got.digest('hex'), sent.digest('hex'));
}

describe('RFC 6544: connections over TCP', () => {
  test('the offerer takes connections, the answerer makes one; data flows both ways', async () => {
    const pair = await tcpPair(ALL, ACTIVE);
    assert.deepEqual(types(pair.a), ['tcp', 'passive', 'tcp', 'active']);
    assert.deepEqual(types(pair.b), ['tcp', 'active', 'tcp', 'passive']);
    await transfer(pair.channelA, pair.channelB, 8);
    await transfer(pair.channelB, pair.channelA, 8);
    pair.close();
  });

  test('the answerer takes connections, the offerer makes one', async () => {
    const pair = await tcpPair(ACTIVE, ALL);
    assert.deepEqual(types(pair.a), ['tcp', 'active', 'tcp', 'passive']);
    await transfer(pair.channelA, pair.channelB, 4);
    pair.close();
  });

  test('both do both', async () => {
    const pair = await tcpPair(ALL, ALL);
    await transfer(pair.channelA, pair.channelB, 4);
    pair.close();
  });

  test('what one side closes the other hears of', async () => {
    const pair = await tcpPair(ALL, ACTIVE);
    const closed = once(pair.channelB, 'close');
    pair.a.close();
    await closed;
    pair.b.close();
  });

  test('with UDP there too, UDP it is; no port is open and no TCP candidate told of unless asked for', async () => {
    const a = new RTCPeerConnection(ACTIVE);
    a.createDataChannel('x');
    await a.setLocalDescription();
    assert.doesNotMatch(await withoutUdp(a, (c) => c), /a=candidate/);
    a.close();
    const all = new RTCPeerConnection(ALL);
    all.createDataChannel('x');
    await all.setLocalDescription();
    const sdp = await withoutUdp(all, (c) => c);
    assert.match(sdp, / tcp \d+ 127\.0\.0\.1 9 typ host tcptype active/);
    assert.match(sdp, / tcp \d+ 127\.0\.0\.1 \d{4,5} typ host tcptype passive/);
    all.close();
  });

  test('RFC 6544 §10: a connection that breaks in mid-transfer is made again, and no byte is lost', async () => {
    const sockets = new Set<Socket>();
    let target = 0;
    // In the place of the passive port: passes everything on until it is broken.
    const proxy = createServer((socket) => {
      const onward = connect(target, '127.0.0.1');
      for (const each of [socket, onward]) {
        sockets.add(each);
        each.on('error', () => {});
        each.on('close', () => sockets.delete(each));
      }
      socket.pipe(onward).pipe(socket);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as { port: number };
    const throughProxy: Rewrite = (line) =>
      line.replace(/127\.0\.0\.1 (\d+)( typ host tcptype passive)/, (_, real, rest) => {
        target = Number(real);
        return `127.0.0.1 ${port}${rest}`;
      });
    const pair = await tcpPair(ALL, ACTIVE, throughProxy);
    let broken = 0;
    await transfer(pair.channelA, pair.channelB, 4, () => {
      broken = sockets.size;
      for (const socket of sockets) socket.destroy();
    });
    assert(broken > 0);
    await transfer(pair.channelB, pair.channelA, 1);
    pair.close();
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
});
