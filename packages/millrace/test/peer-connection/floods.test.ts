// A peer that sends more than it should of what it may: everything it can make grow has an end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { type RTCDataChannel, RTCPeerConnection } from 'millrace';
import { connectedPair, LOOPBACK, makePair } from './pair.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const FLOOD = 2_000;

const madeUp = (i: number): string =>
  `candidate:${i} 1 udp 2113937151 127.${(i >> 8) & 255}.${i & 255}.2 ${40_000 + i} typ host`;

describe('RFC 8838 §11 candidates without end', () => {
  test('before the answer: 256 are kept, the others counted, and the connection opens', async () => {
    const { a, b, close } = makePair();
    const channel = a.createDataChannel('c');
    await a.setLocalDescription();
    const { type, sdp = '' } = a.localDescription ?? { type: 'offer' };
    const lines = Array.from({ length: FLOOD }, (_, i) => `a=${madeUp(i)}\r\n`).join('');
    await b.setRemoteDescription({ type, sdp: sdp + lines });
    const { millraceDrops } = (await b.getStats()).get('T') as unknown as {
      millraceDrops: { driver: Record<string, number> };
    };
    assert.equal(millraceDrops.driver['too-early'], FLOOD - 256);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription as never);
    await once(channel, 'open');
    close();
  });

  test('after it: the agent and the description each stop at their limit', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    await Promise.all(
      Array.from({ length: FLOOD }, (_, i) => a.addIceCandidate({ candidate: madeUp(i), sdpMid: '0' })),
    );
    const remotes = a.sctp?.transport.iceTransport.getRemoteCandidates() ?? [];
    assert.ok(remotes.length <= 64 + 32, `${remotes.length} candidates`);
    assert.equal(a.remoteDescription?.sdp.match(/a=candidate/g)?.length, 1_024);
    channelA.send('undisturbed');
    assert.equal((await once(channelB, 'message'))[0].data, 'undisturbed');
    assert.equal(b.connectionState, 'connected');
    close();
  });

  test('hidden names are no longer asked for once the connection is closed', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const [a, b] = [new RTCPeerConnection(LOOPBACK), new RTCPeerConnection(LOOPBACK)];
    a.createDataChannel('c');
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription();
    const before = timers();
    const candidate = 'candidate:1 1 udp 2113937151 3d3ca853-280d-4ec1-bd49-0bfca475e983.local 9 typ host';
    await b.addIceCandidate({ candidate, sdpMid: '0' });
    assert.ok(timers() > before);
    a.close();
    b.close();
    assert.ok(timers() <= before);
  });
});

describe('RFC 8831 §6 channels without end', () => {
  test('opened and closed in one go leave nothing on the other side', async () => {
    const { a, b, close } = await connectedPair();
    const channels: RTCDataChannel[] = Array.from({ length: 200 }, (_, i) => a.createDataChannel(`${i}`));
    let announced = 0;
    b.ondatachannel = () => void announced++;
    await Promise.all(channels.map((channel) => once(channel, 'open')));
    for (const channel of channels) channel.close();
    await Promise.all(channels.map((channel) => channel.closed));
    const open = async (): Promise<number> =>
      [...(await b.getStats()).values()].filter(({ type }) => type === 'data-channel').length;
    while ((await open()) > 1) await turn();
    assert.equal(announced, channels.length);
    const { dataChannelsOpened, dataChannelsClosed } = (await b.getStats()).get('P') as unknown as {
      dataChannelsOpened: number;
      dataChannelsClosed: number;
    };
    assert.deepEqual([dataChannelsOpened, dataChannelsClosed], [201, 200]);
    close();
  });
});

describe('RFC 8842 §5.3 a ClientHello before its answer', () => {
  test('is kept until the fingerprint is known, and then taken', async () => {
    const { a, b, close } = makePair();
    const channel = a.createDataChannel('c');
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription();
    while ((await b.getStats()).get('T')?.dtlsState !== 'connecting') await turn();
    for (let i = 0; i < 3; i++) await turn(); // on its way
    const opened = once(channel, 'open');
    await a.setRemoteDescription(b.localDescription as never);
    const { millraceDrops } = (await a.getStats()).get('T') as unknown as {
      millraceDrops: { driver: Record<string, number> };
    };
    assert.deepEqual([millraceDrops.driver['too-early'], millraceDrops.driver['unverified-source']], [0, 0]);
    await opened;
    close();
  });
});
