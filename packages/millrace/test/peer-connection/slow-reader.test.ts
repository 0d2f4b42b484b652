// A receiver that does not read: the sender's `bufferedAmount` stays where it is, memory stays bounded, and reading
// sets things going again. RFC 9260 §6.2: the receive window is what holds the peer back.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectedPair } from './pair.ts';

const MESSAGE_BYTES = 65_536;
/** More than the receive window may grow to and the send queue may hold before `ready` waits. */
const MESSAGES = 1024;

/** What `value` comes to once it has stayed the same for thousands of turns of the event loop. */
async function settled(value: () => number): Promise<number> {
  let last = value();
  for (let same = 0; same < 5000; same++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (value() !== last) same = 0;
    last = value();
  }
  return last;
}

describe('a receiver that does not read', () => {
  for (const how of ['for await', 'readable'] as const) {
    test(`brings the sender to a stop, and reading sets it going again (${how})`, async (t) => {
      const { a, b, channelA, channelB } = await connectedPair();
      t.after(() => {
        a.close();
        b.close();
      });
      const reader = how === 'readable' ? channelB.readable.getReader() : channelB[Symbol.asyncIterator]();
      const message = new Uint8Array(MESSAGE_BYTES);
      let sent = 0;
      const sending = (async () => {
        for (; sent < MESSAGES; sent++) {
          await channelA.ready;
          message[0] = sent & 0xff;
          channelA.send(message);
        }
        channelA.close();
      })();

      const stoppedAt = await settled(() => sent);
      assert.ok(stoppedAt < MESSAGES, 'the sender was never held back');
      assert.ok(channelA.bufferedAmount > 0);

      let read = 0;
      for (;;) {
        const { done, value } = 'read' in reader ? await reader.read() : await reader.next();
        if (done) break;
        const bytes = new Uint8Array(value as ArrayBuffer);
        assert.equal(bytes.length, MESSAGE_BYTES);
        assert.equal(bytes[0], read & 0xff);
        read++;
      }
      await sending;
      assert.equal(read, MESSAGES);
    });
  }

  test('does not hold back others once it has stopped listening', async (t) => {
    const { a, b, channelA, channelB } = await connectedPair();
    t.after(() => {
      a.close();
      b.close();
    });
    const iterator = channelB[Symbol.asyncIterator]();
    const message = new Uint8Array(MESSAGE_BYTES);
    let sent = 0;
    const sending = (async () => {
      for (; sent < MESSAGES; sent++) {
        await channelA.ready;
        channelA.send(message);
      }
    })();
    const stoppedAt = await settled(() => sent);
    assert.ok(stoppedAt < MESSAGES);
    await iterator.return?.();
    await sending;
    assert.equal(sent, MESSAGES);
  });
});
