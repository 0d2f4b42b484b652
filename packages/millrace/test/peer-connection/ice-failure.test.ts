// What becomes of a connection whose path is cut for longer than consent lasts. W3C webrtc-pc §4.4.2, §5.6.4; RFC 7675
// §5.1. The clock is in a hurry.
import './hurried.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCPeerConnection } from 'millrace';
import { connectThroughMiddle, type Middle } from './middle.ts';
import { negotiate } from './pair.ts';
import { stopwatch } from './stopwatch.ts';

const CONSENT = 30_000; // ms, RFC 7675 §5.1
const LAST_ANSWER = 6_500; // ms
const PATIENCE = 60_000; // ms

async function until(pc: RTCPeerConnection, state: string): Promise<void> {
  while (pc.iceConnectionState !== state) await once(pc, 'iceconnectionstatechange');
}

/** Waits until both sides have failed, each in its time. */
async function failed({ a, b }: Middle): Promise<void> {
  // As in browsers: a few unanswered checks over five seconds, then half a minute without any answer, counted from
  // the last one, which may have come six seconds before the cut (RFC 7675 §5.1: 0.8 to 1.2 of five seconds).
  const [soon, early, late] = [CONSENT / 2, CONSENT - LAST_ANSWER, CONSENT * 1.6];
  const watch = stopwatch(soon, early, late);
  await Promise.all(
    [a, b].map(async (pc) => {
      await until(pc, 'disconnected');
      assert.deepEqual(watch.gone, [], 'disconnected');
      await until(pc, 'failed');
      assert.deepEqual(watch.gone, [soon, early], 'failed');
    }),
  );
  watch.stop();
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
      await failed(middle);
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

  test('ends when nobody restarts it, and says why; one whose offer of a restart is not answered waits on', async () => {
    const [ending, waiting] = await Promise.all([connectThroughMiddle(), connectThroughMiddle()]);
    for (const middle of [ending, waiting]) middle.tamper = () => [];
    const ended = (async () => {
      const [early, late] = [PATIENCE * 0.8, PATIENCE * 1.5];
      await failed(ending);
      const watch = stopwatch(early, late);
      const [end] = await Promise.all([ending.a.closed, ending.b.closed, once(ending.channelA, 'close')]);
      assert.deepEqual(watch.gone, [early]);
      watch.stop();
      return end;
    })();
    await failed(waiting);
    waiting.a.restartIce();
    waiting.b.restartIce(); // so that neither ends
    await waiting.a.setLocalDescription();
    await waiting.b.setLocalDescription();
    assert.equal((await ended).code, 'ICE_CONSENT_EXPIRED');
    assert.throws(() => ending.a.restartIce(), { name: 'NotSupportedError' });
    ending.close();

    const { a, b, channelA, channelB, close } = waiting;
    waiting.tamper = (datagram) => [datagram];
    await b.setRemoteDescription(a.localDescription!);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription!);
    channelA.send('still there');
    assert.equal((await once(channelB, 'message'))[0].data, 'still there');
    close();
  });
});
