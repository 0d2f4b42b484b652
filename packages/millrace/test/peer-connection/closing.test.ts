// close() and the other side's close() in every state a connection can be in, and inside every handler.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCDataChannelEvent, RTCPeerConnection } from 'millrace';
import { localAddresses } from '../../src/transport/local-addresses.ts';
import { connectedPair, LOOPBACK, makePair, negotiate } from './pair.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function assertClosed(pc: RTCPeerConnection): void {
  assert.deepEqual(
    [pc.signalingState, pc.connectionState, pc.iceConnectionState],
    ['closed', 'closed', 'closed'],
  );
}

describe('W3C webrtc-pc §4.4.1.6 close()', () => {
  const moments: Array<
    [when: string, until: (a: RTCPeerConnection, b: RTCPeerConnection) => Promise<unknown>]
  > = [
    ['before anything', async () => {}],
    ['while a description is being set', async (a) => void a.setLocalDescription()],
    ['before gathering has begun', (a) => a.setLocalDescription()],
    [
      'while gathering',
      async (a) => {
        const gathering = once(a, 'icegatheringstatechange');
        await a.setLocalDescription();
        await gathering;
        assert.equal(a.iceGatheringState, 'gathering');
      },
    ],
    [
      'before the answer',
      async (a, b) => {
        await a.setLocalDescription();
        await b.setRemoteDescription(a.localDescription as never);
        while (a.iceGatheringState !== 'complete') await turn();
      },
    ],
    ['while checks are under way', negotiate],
    [
      'while DTLS is being set up',
      async (a, b) => {
        await negotiate(a, b);
        while (a.sctp?.transport.state !== 'connecting') await turn();
      },
    ],
  ];
  for (const [when, until] of moments) {
    test(`${when} ends everything, and a second time is harmless`, async () => {
      const { a, b, close } = makePair();
      const channel = a.createDataChannel('c');
      await until(a, b);
      a.close();
      assertClosed(a);
      for (const type of ['connectionstatechange', 'icegatheringstatechange', 'icecandidate'] as const)
        a.addEventListener(type, () => assert.fail(`${type} after close()`));
      a.close();
      assert.deepEqual((await a.closed).by, 'local');
      if (channel.readyState !== 'closed') await once(channel, 'close');
      assert.throws(() => channel.send('x'), { name: 'InvalidStateError' });
      await assert.rejects(a.setLocalDescription(), { name: 'InvalidStateError' });
      await assert.rejects(a.addIceCandidate(), { name: 'InvalidStateError' });
      assert.equal((await a.getStats()).get('P')?.type, 'peer-connection');
      for (let i = 0; i < 5; i++) await turn();
      close();
    });
  }

  const events = [
    'negotiationneeded',
    'signalingstatechange',
    'icegatheringstatechange',
    'icecandidate',
    'iceconnectionstatechange',
    'connectionstatechange',
  ] as const;
  for (const type of events) {
    test(`in a listener of ${type} is the last thing told`, async () => {
      const { a, b, close } = makePair();
      let told = 0;
      for (const other of events)
        a.addEventListener(other, () => void (told += a.signalingState === 'closed' ? 1 : 0));
      a.addEventListener(type, () => a.close(), { once: true });
      a.createDataChannel('c');
      await turn();
      void negotiate(a, b).catch(() => {}); // it may stop anywhere
      await a.closed;
      told = 0;
      for (let i = 0; i < 5; i++) await turn();
      assert.equal(told, 0);
      assertClosed(a);
      close();
    });
  }

  test('in listeners of the transports and of the channel', async () => {
    const listen: Array<(a: RTCPeerConnection, close: () => void) => void> = [
      (a, close) => a.sctp?.transport.iceTransport.addEventListener('selectedcandidatepairchange', close),
      (a, close) => a.sctp?.transport.iceTransport.addEventListener('statechange', close),
      (a, close) => a.sctp?.transport.addEventListener('statechange', close),
      (a, close) => a.sctp?.addEventListener('statechange', close),
      (a, close) => a.createDataChannel('second').addEventListener('open', close),
    ];
    for (const add of listen) {
      const { a, b, close } = makePair();
      a.createDataChannel('c');
      await negotiate(a, b);
      add(a, () => a.close());
      await a.closed;
      assertClosed(a);
      close();
    }
  });

  test('by the side that is told of a channel, in that very listener', async () => {
    const { a, b } = makePair();
    const channel = a.createDataChannel('c');
    b.ondatachannel = ({ channel: there }: RTCDataChannelEvent) => {
      there.onopen = () => assert.fail('open after close()');
      b.close();
    };
    await negotiate(a, b);
    assert.equal((await a.closed).by, 'remote');
    await assert.rejects(channel.closed);
    assertClosed(a);
  });

  test('on both sides at once', async () => {
    const { a, b, channelA, channelB } = await connectedPair();
    a.close();
    b.close();
    assert.deepEqual([(await a.closed).by, (await b.closed).by], ['local', 'local']);
    await Promise.all([channelA.closed, channelB.closed]);
  });
});

describe('callbacks that throw', () => {
  test('onKeyLog, addressFilter and listeners are reported, and the connection opens', async () => {
    const thrown: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => void thrown.push((error as Error).message));
    const boom = (what: string): never => {
      throw new Error(what);
    };
    const { a, b, close } = makePair(
      {
        millrace: {
          ...LOOPBACK.millrace,
          addressFilter: (address) => address === '127.0.0.1' || boom('addressFilter'),
          onKeyLog: () => boom('onKeyLog'),
        },
      },
      LOOPBACK,
    );
    a.onconnectionstatechange = () => boom('listener');
    const channel = a.createDataChannel('c');
    const opened = once(channel, 'open');
    await negotiate(a, b);
    await opened;
    while (a.iceGatheringState !== 'complete') await turn();
    process.setUncaughtExceptionCaptureCallback(null);
    const isAsked = localAddresses(true).some(({ address }) => address !== '127.0.0.1');
    const expected = isAsked ? ['addressFilter', 'listener', 'onKeyLog'] : ['listener', 'onKeyLog'];
    assert.deepEqual([...new Set(thrown)].sort(), expected);
    close();
  });
});

describe('getStats', () => {
  test('gives an object the same id for life, and no other object that id', async () => {
    const { a, close } = await connectedPair();
    const [second, third] = [a.createDataChannel('second'), a.createDataChannel('third')];
    await Promise.all([once(second, 'open'), once(third, 'open')]);
    const idOf = async (label: string): Promise<string | undefined> =>
      [...(await a.getStats()).values()].find((stats) => stats.label === label)?.id;
    const before = await idOf('third');
    second.close();
    await second.closed;
    assert.equal(await idOf('second'), undefined);
    assert.equal(await idOf('third'), before);
    close();
  });
});
