// What is told when: events against promises, states against events, the last message against the end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { type RTCDataChannelEvent, RTCPeerConnection } from 'millrace';
import { connectedPair, makePair, negotiate } from './pair.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('W3C webrtc-pc §4.4.1.5 setting a description', () => {
  test('fires signalingstatechange before its promise fulfils, also in code that has waited', async () => {
    const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
    a.createDataChannel('c');
    const seen: string[] = [];
    a.onsignalingstatechange = () => seen.push(`${a.signalingState}, sctp ${a.sctp?.state}`);
    await a.setLocalDescription();
    seen.push('set');
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription as never);
    seen.push('set');
    assert.deepEqual(seen, ['have-local-offer, sctp undefined', 'set', 'stable, sctp connecting', 'set']);
    a.close();
    b.close();
  });

  test('an offer that crosses ours shows the rollback and then itself', async () => {
    const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
    for (const pc of [a, b]) pc.createDataChannel('c');
    await Promise.all([a.setLocalDescription(), b.setLocalDescription()]);
    await turn();
    const done = b.setRemoteDescription(a.localDescription as never);
    for (const state of ['stable', 'have-remote-offer']) {
      await once(b, 'signalingstatechange');
      assert.equal(b.signalingState, state);
    }
    await done;
    a.close();
    b.close();
  });
});

describe('W3C webrtc-pc §4.7.3 negotiationneeded', () => {
  test('does not come when a description has been set in the meantime', async () => {
    const pc = new RTCPeerConnection();
    pc.onnegotiationneeded = () => assert.fail('an offer is under way');
    await Promise.resolve(); // from here on everything runs in microtasks
    pc.createDataChannel('c');
    await Promise.resolve();
    await pc.setLocalDescription();
    await turn();
    pc.close();
  });

  test('comes again when an answer leaves a new channel without a section', async () => {
    const { a, b, close } = makePair();
    await negotiate(a, b); // nothing to negotiate yet: no section at all
    await a.setLocalDescription();
    const channel = a.createDataChannel('made while the offer was under way');
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription();
    const needed = once(a, 'negotiationneeded');
    await a.setRemoteDescription(b.localDescription as never);
    await needed;
    assert.equal(channel.readyState, 'connecting');
    await negotiate(a, b);
    await once(channel, 'open');
    close();
  });
});

describe('W3C webrtc-pc §5.5, §5.6 states', () => {
  test('are seen one after the other, each at its own event', async () => {
    const { a, b, close } = makePair();
    const seen: Record<string, string[]> = { connection: [], ice: [], dtls: [] };
    a.onconnectionstatechange = () => seen.connection?.push(a.connectionState);
    a.oniceconnectionstatechange = () => seen.ice?.push(a.iceConnectionState);
    const channel = a.createDataChannel('c');
    const opened = once(channel, 'open');
    await negotiate(a, b);
    const dtls = a.sctp?.transport;
    dtls?.addEventListener('statechange', () => seen.dtls?.push(dtls.state));
    await opened;
    assert.deepEqual(seen.connection, ['connecting', 'connected']);
    assert.equal(seen.ice?.[0], 'checking');
    assert.match(seen.ice?.[1] ?? '', /connected|completed/);
    assert.equal(new Set(seen.ice).size, seen.ice?.length);
    assert.deepEqual(seen.dtls, ['connecting', 'connected']);
    close();
  });

  test('the end of SCTP alone is the failure of the connection', async (t) => {
    const { Driver } = await import('../../src/transport/driver.ts');
    const attach = t.mock.method(Driver.prototype, 'attachSctp');
    const { a, b } = await connectedPair();
    const states = new Map<RTCPeerConnection, string[]>();
    for (const pc of [a, b]) {
      states.set(pc, []);
      pc.onconnectionstatechange = () => states.get(pc)?.push(pc.connectionState);
    }
    attach.mock.calls[0]?.arguments[0].abort('made up', performance.now());
    for (const pc of [a, b]) pc.createDataChannel('to wake the driver');
    const ends = await Promise.all([a.closed, b.closed]);
    const [failed, left] = ends[0].by === 'failure' ? [a, b] : [b, a];
    assert.deepEqual(ends.map(({ by, code }) => `${by} ${code}`).sort(), [
      'failure SCTP_ABORTED',
      'remote SCTP_ABORTED',
    ]);
    assert.deepEqual(
      [failed.connectionState, failed.sctp?.state, failed.sctp?.transport.state],
      ['failed', 'closed', 'failed'],
    );
    assert.deepEqual(states.get(failed), ['failed']);
    assert.deepEqual(states.get(left), ['closed']);
    a.close();
    b.close();
  });
});

describe('W3C webrtc-pc §4.4.1.6 the last that is heard', () => {
  test('of the peer is what it sent before its farewell, even right before', async () => {
    const { a, b, channelA, channelB } = await connectedPair();
    const seen: string[] = [];
    channelB.onmessage = ({ data }) => seen.push(data);
    channelB.onclose = () => seen.push('close');
    const announced = once(b, 'datachannel') as Promise<[RTCDataChannelEvent]>;
    channelA.send('last words');
    a.createDataChannel('last channel').onopen = null;
    await turn(); // the driver sends when the turn ends
    a.close();
    await b.closed;
    assert.equal((await announced)[0].channel.label, 'last channel');
    await turn();
    assert.deepEqual(seen, ['last words', 'close']);
  });

  test('after close() is nothing, whatever was about to be told', async () => {
    const { a, b, channelA, channelB } = await connectedPair();
    let messages = 0;
    channelB.onmessage = () => {
      messages++;
      b.close();
      assert.equal(b.connectionState, 'closed');
      assert.notEqual(channelB.readyState, 'open');
    };
    for (const type of ['connectionstatechange', 'iceconnectionstatechange', 'signalingstatechange'] as const)
      b.addEventListener(type, () => assert.fail(type));
    channelA.send('one');
    channelA.send('two');
    await a.closed;
    assert.equal(messages, 1);
  });
});
