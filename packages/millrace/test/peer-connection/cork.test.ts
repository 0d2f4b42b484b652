import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCPeerConnection } from 'millrace';
import { connectedPair } from './pair.ts';

const MESSAGES = 40;

async function packetsSent(connection: RTCPeerConnection): Promise<number> {
  for (const entry of (await connection.getStats()).values())
    if (entry.type === 'transport') return (entry as unknown as { packetsSent: number }).packetsSent;
  throw new Error('no statistics of the transport');
}

/** Packets that carry messages sent one in each turn of the event loop. */
async function packetsFor(corked: boolean): Promise<number> {
  const { a, b, channelA, channelB } = await connectedPair();
  try {
    let received = 0;
    const done = new Promise<void>((resolve) => {
      channelB.onmessage = () => ++received === MESSAGES && resolve();
    });
    const before = await packetsSent(a);
    if (corked) a.sctp!.cork();
    for (let i = 0; i < MESSAGES; i++) {
      channelA.send('a short message');
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (corked) a.sctp!.uncork();
    await done;
    return (await packetsSent(a)) - before;
  } finally {
    a.close();
    b.close();
  }
}

describe('RTCSctpTransport.cork', () => {
  test('has messages of several turns share packets until uncork', async () => {
    const loose = await packetsFor(false);
    const corked = await packetsFor(true);
    assert.ok(corked * 3 < loose, `${corked} packets corked, ${loose} loose`);
  });

  test('is harmless before and after the connection', async () => {
    const { a, b, channelA, channelB } = await connectedPair();
    const { sctp } = a;
    sctp!.cork();
    sctp!.cork();
    sctp!.uncork();
    sctp!.uncork();
    channelA.send('through');
    const [event] = (await once(channelB, 'message')) as [MessageEvent];
    assert.equal(event.data, 'through');
    a.close();
    b.close();
    sctp!.cork();
    sctp!.uncork();
  });
});
