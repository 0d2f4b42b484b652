// DTLS inside STUN between two connections over loopback, and what becomes of it where one side does not do it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCConfiguration, RTCPeerConnection } from 'millrace';
import { connectedPair, LOOPBACK, makePair, negotiate } from '../peer-connection/pair.ts';

const WITHOUT: RTCConfiguration = { millrace: { ...LOOPBACK.millrace, sped: false } };

const optionsOf = (pc: RTCPeerConnection): string =>
  /^a=ice-options:(.*)\r$/m.exec(pc.localDescription?.sdp ?? '')?.[1] ?? '';

interface Rode {
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
}

async function rode(pc: RTCPeerConnection): Promise<Rode> {
  return (await pc.getStats()).get('T')?.millraceSped as Rode;
}

describe('draft-hancke-webrtc-sped between two connections', () => {
  test('offer and answer say sped, and handshake datagrams ride both ways', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    assert.deepEqual([optionsOf(a), optionsOf(b)], Array(2).fill('ice2 trickle sped googspedv1'));
    const [atA, atB] = [await rode(a), await rode(b)];
    assert.ok(atB.datagramsSent > 0 && atA.datagramsReceived > 0, 'the hello');
    channelA.send('hello');
    assert.equal((await once(channelB, 'message'))[0].data, 'hello');
    close();
  });

  const cases: ReadonlyArray<readonly [string, RTCConfiguration, RTCConfiguration]> = [
    ['the offerer', WITHOUT, LOOPBACK],
    ['the answerer', LOOPBACK, WITHOUT],
    ['either side', WITHOUT, WITHOUT],
  ];
  for (const [who, configA, configB] of cases)
    test(`switched off at ${who}, nothing rides, and the answer does not say it`, async () => {
      const { a, b, close } = await connectedPair(configA, configB);
      assert.equal(optionsOf(a).includes('sped'), configA === LOOPBACK);
      assert.equal(optionsOf(b), 'ice2 trickle');
      assert.deepEqual(
        [await rode(a), await rode(b)],
        Array(2).fill({ datagramsSent: 0, datagramsReceived: 0 }),
      );
      close();
    });

  test('§4.2.2: a hello that comes before the answer waits for it', async () => {
    const { a, b, close } = makePair();
    const channel = a.createDataChannel('c');
    b.createDataChannel('d'); // so that it is b that speaks first
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription as never);
    const answered = once(b, 'icecandidate');
    await b.setLocalDescription();
    await answered;
    while ((await rode(a)).datagramsReceived === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await a.getStats()).get('T')?.dtlsState, 'new');
    await a.setRemoteDescription(b.localDescription as never);
    await once(channel, 'open');
    close();
  });

  test('later negotiation and a restart leave it as it was', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    await negotiate(b, a);
    a.restartIce();
    await negotiate(a, b);
    assert.match(optionsOf(a), /sped/);
    channelA.send('still here');
    assert.equal((await once(channelB, 'message'))[0].data, 'still here');
    close();
  });

  test('an answer whose signaling has lost the option: DTLS waits for a path on one side', async () => {
    const { a, b, close } = makePair();
    const channel = a.createDataChannel('c');
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription();
    const sdp = (b.localDescription?.sdp ?? '').replace(' sped googspedv1', '');
    await a.setRemoteDescription({ type: 'answer', sdp });
    await once(channel, 'open');
    close();
  });

  test('a switch that is neither true nor false is a TypeError', () => {
    assert.throws(() => makePair({ millrace: { sped: 'yes' as unknown as boolean } }), TypeError);
  });
});

describe('RFC 8842 §5.3 whose hello it is, with SPED, SNAP and DTLS 1.3', () => {
  /** What an answer says to an offer of data. */
  async function answered(
    prepare: (pair: { a: RTCPeerConnection; b: RTCPeerConnection }) => void,
    configA: RTCConfiguration = LOOPBACK,
    configB: RTCConfiguration = LOOPBACK,
  ): Promise<string | undefined> {
    const { a, b, close } = makePair(configA, configB);
    prepare({ a, b });
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription();
    close();
    return /^a=setup:(.*)\r$/m.exec(b.localDescription?.sdp ?? '')?.[1];
  }
  const offering = ({ a }: { a: RTCPeerConnection }): void => void a.createDataChannel('c');
  const millrace = (more: object): RTCConfiguration => ({ millrace: { ...LOOPBACK.millrace, ...more } });

  test('that of the offering side, if all channels are its own', async () => {
    assert.equal(await answered(offering), 'passive');
  });

  test('that of the answering side, if it has something to say as well', async () => {
    const both = ({ a, b }: { a: RTCPeerConnection; b: RTCPeerConnection }): void =>
      [a, b].forEach((each) => void each.createDataChannel('c', { negotiated: true, id: 0 }));
    assert.equal(await answered(both), 'active');
    const media = ({ a }: { a: RTCPeerConnection }): void => {
      a.createDataChannel('c');
      a.addTransceiver('audio');
    };
    assert.equal(await answered(media), 'active');
  });

  test('that of the answering side, wherever one of them is missing', async () => {
    const without = [
      millrace({ sped: false }),
      millrace({ sctpSnap: false }),
      millrace({ dtls: { maxVersion: '1.2' } }),
    ];
    for (const configuration of without) {
      assert.equal(await answered(offering, LOOPBACK, configuration), 'active');
    }
    for (const configuration of [...without.slice(0, 2), millrace({ iceLite: true })]) {
      assert.equal(await answered(offering, configuration), 'active');
    }
  });
});
