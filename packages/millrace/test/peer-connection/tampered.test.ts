// Somebody on the path changes, repeats, cuts and adds datagrams of a living connection: every such thing is a
// counted drop, and the connection does not notice.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCPeerConnection } from 'millrace';
import { connectThroughMiddle, type Tamper } from './middle.ts';

type Drops = Record<'driver' | 'ice' | 'dtls' | 'sctp', Record<string, number>>;

async function dropsOf(pc: RTCPeerConnection): Promise<Drops> {
  return ((await pc.getStats()).get('T') as unknown as { millraceDrops: Drops }).millraceDrops;
}

/** RFC 9147 §4: the first three bits of what DTLS 1.3 protects. */
const isRecord = (datagram: Uint8Array): boolean => datagram[0]! >> 5 === 1;

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

const tampers: Array<[what: string, tamper: Tamper, layer: keyof Drops, reason: string]> = [
  [
    'RFC 9147 §4.5.2 a corrupt record',
    (datagram) => (isRecord(datagram) ? [flipped(datagram, datagram.length - 1), datagram] : [datagram]),
    'dtls',
    'bad-mac',
  ],
  [
    'RFC 9147 §4.5.1 a replayed record',
    (datagram) => (isRecord(datagram) ? [datagram, datagram] : [datagram]),
    'dtls',
    'replayed',
  ],
  [
    'RFC 9147 §4 a truncated record',
    (datagram) => (isRecord(datagram) ? [datagram.subarray(0, -1), datagram] : [datagram]),
    'dtls',
    'truncated-record',
  ],
  [
    'RFC 6347 §4.1 a record in plaintext, after the handshake',
    (datagram) => [Uint8Array.of(21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40), datagram],
    'dtls',
    'old-epoch',
  ],
];

describe('a connection with somebody on its path', () => {
  for (const [what, tamper, layer, reason] of tampers) {
    test(`${what} is dropped and counted`, async () => {
      const middle = await connectThroughMiddle();
      const { b, channelA, channelB } = middle;
      const before = (await dropsOf(b))[layer];
      middle.tamper = tamper;
      const seen: string[] = [];
      channelB.addEventListener('message', ({ data }) => seen.push(data));
      channelB.onmessage = ({ data }) => channelB.send(data);
      for (const text of ['one', 'two']) {
        channelA.send(text);
        assert.equal((await once(channelA, 'message'))[0].data, text);
      }
      const after = (await dropsOf(b))[layer];
      assert.ok((after[reason] ?? 0) > (before[reason] ?? 0), JSON.stringify(after));
      assert.deepEqual(seen, ['one', 'two']);
      assert.equal(b.connectionState, 'connected');
      middle.close();
    });
  }

  test('RFC 8445 §5.3 what the path has taught of addresses is in no description', async () => {
    const middle = await connectThroughMiddle();
    const { a } = middle;
    const types = [...(await a.getStats()).values()]
      .filter(({ type }) => type === 'local-candidate')
      .map(({ candidateType }) => candidateType);
    assert.ok(types.includes('prflx'));
    assert.doesNotMatch((await a.createOffer()).sdp ?? '', /prflx/);
    middle.close();
  });
});
