// What becomes of a connection whose path is cut for longer than consent lasts. W3C webrtc-pc §4.4.2, §5.6.4; RFC 7675
// §5.1. The clock is in a hurry.
import './hurried.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCPeerConnection } from 'millrace';
import { connectThroughMiddle, type Middle } from './middle.ts';
import { negotiate } from './pair.ts';

const CONSENT = 30_000; // ms, RFC 7675 §5.1
const LAST_ANSWER = 6_500; // ms
const PATIENCE = 60_000; // ms

async function until(pc: RTCPeerConnection, state: string): Promise<void> {
  while (pc.iceConnectionState !== state) await once(pc, 'iceconnectionstatechange');
}

/** Waits until both sides have failed; returns how long each took until it was disconnected and until it had failed. */
async function failed({ a, b }: Middle): Promise<Array<[disconnected: number, failed: number]>> {
  const begun = performance.now();
  return Promise.all(
    [a, b].map(async (pc): Promise<[number, number]> => {
      await until(pc, 'disconnected');
      const disconnected = performance.now() - begun;
      await until(pc, 'failed');
      return [disconnected, performance.now() - begun];
    }),
  );
}

describe('W3C webrtc-pc §5.6.4 a connection that has failed', { concurrency: true }, () => {
  for (const side of ['offerer', 'answerer'] as const) {
    test(`is brought back by a restart of its first ${side}, and every message arrives`, async () => {
      const middle = await connectThroughMiddle();
      const { a, b, channelA, channelB, close } = middle;
      const received: string[] = [];
      channelB.onmessage = ({ data }) => received.push(String(data));
      const states: string[] = [];
      a.oniceconnectionstatechange = () => states.push(a.iceConnectionState);
      a.onconnectionstatechange = () => states.push(`connection ${a.connectionState}`);
      channelA.send('before');
      middle.tamper = () => [];
      channelA.send('into the void');
      const took = await failed(middle);
      for (const [disconnected, end] of took) {
        // As in browsers: a few unanswered checks over five seconds, then half a minute without any answer, counted from
        // the last one, which may have come six seconds before the cut (RFC 7675 §5.1: 0.8 to 1.2 of five seconds).
        assert.ok(disconnected < CONSENT / 2, `${took}`);
        assert.ok(end > CONSENT - LAST_ANSWER && end < CONSENT * 1.6, `${took}`);
      }
      assert.equal(channelA.readyState, 'open');
      channelA.send('while failed');
      middle.tamper = (datagram) => [datagram];
      const [one, other] = side === 'offerer' ? [a, b] : [b, a];
      one.restartIce();
      await negotiate(one, other);
      await Promise.all([until(a, 'connected'), until(b, 'connected')]);
      channelA.send('after');
      while (!received.includes('after')) await once(channelB, 'message');
      assert.deepEqual(received, ['before', 'into the void', 'while failed', 'after']);
      assert.deepEqual(states.slice(0, 8), [
        'disconnected',
        'connection disconnected',
        'failed',
        'connection failed',
        'checking',
        'connection connecting',
        'connected',
        'connection connected',
      ]);
      close();
    });
  }

  test('ends when nobody restarts it, and says why', async () => {
    const middle = await connectThroughMiddle();
    const { a, b, channelA, close } = middle;
    middle.tamper = () => [];
    await failed(middle);
    const begun = performance.now();
    const [end] = await Promise.all([a.closed, b.closed, once(channelA, 'close')]);
    const took = performance.now() - begun;
    assert.ok(took > PATIENCE * 0.8 && took < PATIENCE * 1.5, `${took} ms`);
    assert.equal(end.code, 'ICE_CONSENT_EXPIRED');
    assert.throws(() => a.restartIce(), { name: 'NotSupportedError' });
    close();
  });

  test('waits as long as the offer of a restart is not answered', async () => {
    const middle = await connectThroughMiddle();
    const { a, b, channelA, channelB, close } = middle;
    middle.tamper = () => [];
    await failed(middle);
    a.restartIce();
    b.restartIce(); // so that neither ends
    await a.setLocalDescription();
    await b.setLocalDescription();
    await new Promise((resolve) => setTimeout(resolve, PATIENCE * 1.5));
    middle.tamper = (datagram) => [datagram];
    await b.setRemoteDescription(a.localDescription!);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription!);
    channelA.send('still there');
    assert.equal((await once(channelB, 'message'))[0].data, 'still there');
    close();
  });
});
