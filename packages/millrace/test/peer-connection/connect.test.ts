// Two connections over UDP on loopback, through every layer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { type RTCDataChannelEvent, RTCPeerConnection } from 'millrace';
import { connectedPair, LOOPBACK, makePair, negotiate } from './pair.ts';

describe('W3C webrtc-pc §4.4 a connection opens', () => {
  test('a channel made before the offer opens on both sides and echoes', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    channelB.onmessage = ({ data }) => channelB.send(data);
    channelA.send('hello');
    assert.equal((await once(channelA, 'message'))[0].data, 'hello');
    channelA.send(new Uint8Array([1, 2, 3]));
    assert.deepEqual(new Uint8Array((await once(channelA, 'message'))[0].data), new Uint8Array([1, 2, 3]));
    for (const pc of [a, b]) {
      assert.equal(pc.connectionState, 'connected');
      assert.match(pc.iceConnectionState, /connected|completed/);
      assert.equal(pc.signalingState, 'stable');
      assert.equal(pc.sctp?.state, 'connected');
      assert.equal(pc.sctp?.transport.state, 'connected');
      assert.equal(pc.sctp?.transport.getRemoteCertificates().length, 1);
    }
    assert.notEqual(channelA.id, null);
    assert.equal(channelA.id, channelB.id);
    close();
  });

  test('without trickling, from the candidates in the descriptions alone', async () => {
    const a = new RTCPeerConnection(LOOPBACK);
    const b = new RTCPeerConnection(LOOPBACK);
    const gathered = (pc: RTCPeerConnection): Promise<void> =>
      new Promise((resolve) => {
        pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && resolve();
      });
    const channel = a.createDataChannel('c');
    const doneA = gathered(a);
    await a.setLocalDescription(await a.createOffer());
    await doneA;
    assert.match(a.localDescription?.sdp ?? '', /a=candidate:.* typ host[\s\S]*a=end-of-candidates/);
    await b.setRemoteDescription(a.localDescription as never);
    const doneB = gathered(b);
    await b.setLocalDescription(await b.createAnswer());
    await doneB;
    await a.setRemoteDescription(b.localDescription as never);
    await once(channel, 'open');
    a.close();
    b.close();
  });

  test('candidates come one by one, then an empty one, then null', async () => {
    const { a, close } = makePair();
    const seen: Array<string | undefined> = [];
    a.onicecandidate = ({ candidate }) => void seen.push(candidate?.candidate);
    a.createDataChannel('c');
    const done = new Promise<void>((resolve) => {
      a.addEventListener('icecandidate', ({ candidate }) => candidate === null && resolve());
    });
    await a.setLocalDescription();
    assert.deepEqual(seen, [], 'none before setLocalDescription has been fulfilled');
    await done;
    assert.match(seen[0] ?? '', /^candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host/);
    assert.deepEqual(seen.slice(1), ['', undefined]);
    close();
  });

  test('channels made later need no negotiation, from either side', async () => {
    const { a, b, close } = await connectedPair();
    a.onnegotiationneeded = () => assert.fail('nothing to negotiate');
    const announced = once(a, 'datachannel') as Promise<[RTCDataChannelEvent]>;
    const later = b.createDataChannel('läter', { ordered: false, maxRetransmits: 0, protocol: 'p' });
    const [{ channel }] = await announced;
    assert.deepEqual(
      [channel.label, channel.protocol, channel.ordered, channel.maxRetransmits],
      ['läter', 'p', false, 0],
    );
    assert.equal(channel.id, later.id);
    close();
  });

  test('offers that cross each other: the polite side gives way and both connect', async () => {
    const { a, b, close } = makePair();
    const [first, second] = [a.createDataChannel('from a'), b.createDataChannel('from b')];
    await Promise.all([a.setLocalDescription(), b.setLocalDescription()]);
    const offer = a.localDescription; // b is polite: it takes the offer in place of its own
    await b.setRemoteDescription(offer as never);
    assert.equal(b.signalingState, 'have-remote-offer');
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription as never);
    await Promise.all([once(first, 'open'), once(second, 'open')]);
    close();
  });

  test('a later offer and answer change nothing, whoever makes it', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    await negotiate(b, a);
    await negotiate(a, b);
    assert.match(b.localDescription?.sdp ?? '', /a=setup:passive/);
    channelA.send('still here');
    assert.equal((await once(channelB, 'message'))[0].data, 'still here');
    close();
  });

  test('timings tell when each phase was over', async () => {
    const { a, close } = await connectedPair();
    const {
      created,
      gatheringStarted,
      gathered,
      iceConnected,
      dtlsConnected,
      sctpConnected,
      firstChannelOpen,
    } = a.timings;
    // DTLS is inside the checks: it may be over before a pair has been nominated.
    const inOrder = [created, gatheringStarted, dtlsConnected, sctpConnected, firstChannelOpen];
    assert.deepEqual(
      inOrder,
      inOrder.toSorted((x, y) => (x ?? 0) - (y ?? 0)),
    );
    assert.ok(inOrder.every((time) => time !== undefined) && gathered !== undefined);
    assert.ok((iceConnected ?? 0) > (gatheringStarted ?? 0));
    close();
  });
});

describe('W3C webrtc-pc §4.4.1.6 a connection closes', () => {
  test('close() ends both sides, with the reason on each', async () => {
    const { a, b, channelA, channelB } = await connectedPair();
    const ended = Promise.all([once(channelA, 'close'), once(channelB, 'close')]);
    a.close();
    assert.deepEqual(
      [a.signalingState, a.connectionState, a.iceConnectionState],
      ['closed', 'closed', 'closed'],
    );
    assert.equal((await a.closed).by, 'local');
    assert.equal((await b.closed).by, 'remote');
    await ended;
    assert.equal(b.connectionState, 'closed');
    assert.throws(() => a.createDataChannel('x'), { name: 'InvalidStateError' });
    await assert.rejects(a.createOffer(), { name: 'InvalidStateError' });
    a.close();
  });

  test('await using drains what was sent', async () => {
    const received: number[] = [];
    const { a, b, channelA, channelB } = await connectedPair();
    channelB.onmessage = ({ data }) => received.push(data.byteLength);
    for (let i = 0; i < 200; i++) channelA.send(new Uint8Array(10_000));
    await a[Symbol.asyncDispose]();
    await b.closed;
    assert.equal(received.length, 200);
    assert.ok(received.every((length) => length === 10_000));
  });

  test('a connection that never began closes too', async () => {
    const pc = new RTCPeerConnection();
    pc.createDataChannel('unused');
    pc.close();
    assert.equal((await pc.closed).by, 'local');
  });
});
