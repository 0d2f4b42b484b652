// W3C webrtc-priority §4 and RFC 8831 §6.4: `priority` of createDataChannel, told to the peer in DATA_CHANNEL_OPEN
// (RFC 8832 §5.1), weighs what either side sends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCDataChannel, RTCPriorityType } from 'millrace';
import { connectedPair } from './pair.ts';

/** Each has twice the share of the one before. */
const PRIORITIES: readonly RTCPriorityType[] = ['very-low', 'low', 'medium', 'high'];
const MESSAGE = new Uint8Array(16_384);
/** More on every channel than the one of the largest share may send while it is counted. */
const QUEUED = 192;
const COUNTED = 300;

/** Fills all of `from` at once; resolves to the number of messages of each among the first that arrive at `to`. */
async function sharesOf(
  from: readonly RTCDataChannel[],
  to: ReadonlyMap<string, RTCDataChannel>,
): Promise<number[]> {
  const shares = from.map(() => 0);
  let received = 0;
  const counted = new Promise<void>((resolve) => {
    for (const [i, { label }] of from.entries())
      to.get(label)!.onmessage = () => {
        if (received < COUNTED) shares[i]!++;
        if (++received === from.length * QUEUED) resolve();
      };
  });
  for (let i = 0; i < QUEUED; i++) for (const channel of from) channel.send(MESSAGE);
  await counted;
  return shares;
}

describe('RFC 8831 §6.4 priorities of the channels of a connection', () => {
  test('each channel has its share of what the connection carries, in both directions', async () => {
    const { a, b, close } = await connectedPair();
    try {
      const there = new Map<string, RTCDataChannel>();
      const announced = new Promise<void>((resolve) => {
        b.ondatachannel = ({ channel }) => {
          there.set(channel.label, channel);
          if (there.size === PRIORITIES.length) resolve();
        };
      });
      const here = PRIORITIES.map((priority) => a.createDataChannel(priority, { priority }));
      await Promise.all([announced, ...here.map((channel) => once(channel, 'open'))]);
      for (const priority of PRIORITIES) assert.equal(there.get(priority)!.priority, priority);
      const back = new Map(here.map((channel) => [channel.label, channel]));
      const away = PRIORITIES.map((priority) => there.get(priority)!);
      for (const shares of [await sharesOf(here, there), await sharesOf(away, back)])
        for (const [i, share] of shares.entries()) {
          const due = (COUNTED * 2 ** i) / 15;
          assert.ok(Math.abs(share - due) <= 0.15 * due + 4, `${shares}`);
        }
    } finally {
      close();
    }
  });
});
