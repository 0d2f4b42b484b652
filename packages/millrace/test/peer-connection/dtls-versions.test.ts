// Which version of DTLS two connections end up with, and what the option for it takes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCConfiguration, RTCPeerConnection } from 'millrace';
import { connectedPair, LOOPBACK, makePair, negotiate } from './pair.ts';

type Dtls = NonNullable<NonNullable<RTCConfiguration['millrace']>['dtls']>;

const speaking = (dtls: Dtls): RTCConfiguration => ({ millrace: { ...LOOPBACK.millrace, dtls } });
const ONLY_1_2 = speaking({ maxVersion: '1.2' });
const ONLY_1_3 = speaking({ minVersion: '1.3' });

async function transportOf(pc: RTCPeerConnection): Promise<Record<string, unknown>> {
  return (await pc.getStats()).get('T') as unknown as Record<string, unknown>;
}

describe('RFC 9147 §5.3 the version of DTLS', () => {
  const cases: ReadonlyArray<[name: string, a: RTCConfiguration, b: RTCConfiguration, version: string]> = [
    ['is 1.3 between two that are left to themselves', LOOPBACK, LOOPBACK, 'FEFC'],
    ['is 1.2 with an offerer that speaks nothing later', ONLY_1_2, LOOPBACK, 'FEFD'],
    ['is 1.2 with an answerer that speaks nothing later', LOOPBACK, ONLY_1_2, 'FEFD'],
    ['is 1.3 with a peer that speaks nothing else', ONLY_1_3, LOOPBACK, 'FEFC'],
  ];
  for (const [name, a, b, version] of cases) {
    test(name, async () => {
      const pair = await connectedPair(a, b);
      for (const pc of [pair.a, pair.b]) {
        const { tlsVersion, dtlsCipher } = await transportOf(pc);
        assert.deepEqual([tlsVersion, typeof dtlsCipher], [version, 'string']);
      }
      pair.channelA.send('hello');
      assert.equal((await once(pair.channelB, 'message'))[0].data, 'hello');
      pair.close();
    });
  }

  test('is none where there is no common one: the connection fails', async () => {
    const pair = makePair(ONLY_1_2, ONLY_1_3);
    pair.a.createDataChannel('never');
    await negotiate(pair.a, pair.b);
    while (pair.a.connectionState !== 'failed') await once(pair.a, 'connectionstatechange');
    pair.close();
  });

  test('a version that does not exist, or none at all, is refused', () => {
    const wrong: unknown[] = [
      { maxVersion: '1.1' },
      { minVersion: 3 },
      { minVersion: '1.3', maxVersion: '1.2' },
    ];
    for (const dtls of wrong) assert.throws(() => makePair(speaking(dtls as Dtls)), TypeError);
  });
});
