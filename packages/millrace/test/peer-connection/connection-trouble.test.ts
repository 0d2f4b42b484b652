import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type ConnectionTroubleCode,
  connectionTrouble,
  RTCPeerConnection,
  type RTCStatsReport,
} from 'millrace';
import { LOOPBACK } from './pair.ts';

const LOOK_EVERY = 5; // ms

/** The two have each other's descriptions, as `change` has them arrive; no candidate travels beside. */
async function described(
  t: TestContext,
  change: (sdp: string, of: 'offer' | 'answer') => string,
  configuration = LOOPBACK,
): Promise<[RTCPeerConnection, RTCPeerConnection]> {
  const [a, b] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
  t.after(() => a.close());
  t.after(() => b.close());
  a.createDataChannel('first');
  await a.setLocalDescription();
  await gathered(a);
  await b.setRemoteDescription({ type: 'offer', sdp: change(a.localDescription!.sdp, 'offer') });
  await b.setLocalDescription();
  await gathered(b);
  await a.setRemoteDescription({ type: 'answer', sdp: change(b.localDescription!.sdp, 'answer') });
  return [a, b];
}

async function gathered(pc: RTCPeerConnection): Promise<void> {
  while (pc.iceGatheringState !== 'complete') await once(pc, 'icegatheringstatechange');
}

/** Looks until the trouble is `code`; the time limit of all tests is the end of patience. */
async function shows(pc: RTCPeerConnection, code: ConnectionTroubleCode): Promise<void> {
  for (;;) {
    const trouble = connectionTrouble(await pc.getStats());
    if (trouble?.code === code) return assert.match(trouble.message, /\w+ \w+/);
    await pause(LOOK_EVERY);
  }
}

const without = (sdp: string): string => sdp.replace(/^a=(candidate:|end-of-candidates).*\r\n/gm, '');
const candidate = (address: string, port: number): string =>
  `a=candidate:1 1 udp 2130706431 ${address} ${port} typ host\r\n`;

describe('why there is no connection', () => {
  test('nothing stands in the way of one that is there', async (t) => {
    const [a, b] = await described(t, (sdp) => sdp);
    for (const pc of [a, b]) {
      while (pc.connectionState !== 'connected') await once(pc, 'connectionstatechange');
      assert.equal(connectionTrouble(await pc.getStats()), undefined);
    }
  });

  test('a side without candidates', async (t) => {
    const [a] = await described(t, (sdp) => sdp, { millrace: { addressFilter: () => false } });
    await shows(a, 'NO_LOCAL_CANDIDATES');
  });

  test('another side whose candidates have not come', async (t) => {
    const [a, b] = await described(t, without);
    await shows(a, 'NO_REMOTE_CANDIDATES');
    await shows(b, 'NO_REMOTE_CANDIDATES');
  });

  test('candidates that do not fit', async (t) => {
    const [a] = await described(t, (sdp) => without(sdp) + candidate('2001:db8::1', 4000));
    await shows(a, 'NO_PAIRS');
  });

  test('another side that does not answer', async (t) => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => silent.close());
    await once(silent, 'listening');
    const { port } = silent.address();
    const [a] = await described(t, (sdp) => without(sdp) + candidate('127.0.0.1', port));
    await shows(a, 'NO_ANSWERS');
  });

  test('descriptions that do not belong together, seen from both sides', async (t) => {
    const wrong = (sdp: string): string => sdp.replace(/^(a=ice-pwd:)....(.*)$/m, '$1aaaa$2');
    const [a, b] = await described(t, (sdp, of) => (of === 'answer' ? wrong(sdp) : sdp));
    // What a sends has the wrong password; what b sends has the right one.
    await shows(b, 'WRONG_CREDENTIALS');
    await shows(a, 'ONE_WAY');
  });

  test('another side that is not who the descriptions say', async (t) => {
    const other = (sdp: string): string =>
      sdp.replace(/^(a=fingerprint:\S+ )(..):(..)(?=:)/m, (_, name: string, one: string, two: string) => {
        return `${name}${one}:${two === '00' ? 'FF' : '00'}`;
      });
    const [a] = await described(t, (sdp, of) => (of === 'answer' ? other(sdp) : sdp));
    await shows(a, 'DTLS_FAILED');
  });

  const cases: Array<[says: string, code: ConnectionTroubleCode | undefined, stats: object[]]> = [
    ['no report says nothing', undefined, []],
    [
      'a path that breaks',
      'LOST',
      [{ type: 'transport', iceState: 'failed', dtlsState: 'connected', selectedCandidatePairChanges: 1 }],
    ],
    [
      'a handshake that is done sooner than a path is found',
      'ONE_WAY',
      [
        { type: 'transport', iceState: 'checking', dtlsState: 'connected', selectedCandidatePairChanges: 0 },
        { type: 'local-candidate' },
        { type: 'remote-candidate' },
        { type: 'candidate-pair', requestsSent: 3, requestsReceived: 1, responsesReceived: 0 },
      ],
    ],
    [
      'a search that has failed, and the handshake after it',
      'NO_PAIRS',
      [
        { type: 'transport', iceState: 'failed', dtlsState: 'closed', selectedCandidatePairChanges: 0 },
        { type: 'local-candidate' },
        { type: 'remote-candidate' },
      ],
    ],
    [
      'a path without a handshake',
      'DTLS_NO_ANSWER',
      [{ type: 'transport', iceState: 'connected', dtlsState: 'connecting' }],
    ],
    [
      'a path that the controlling side does not choose',
      'NOT_NOMINATED',
      [
        { type: 'transport', iceState: 'checking', dtlsState: 'new' },
        { type: 'local-candidate' },
        { type: 'remote-candidate' },
        { type: 'candidate-pair', requestsSent: 3, responsesReceived: 2 },
      ],
    ],
    [
      'checks that have not begun',
      undefined,
      [
        { type: 'transport', iceState: 'checking', dtlsState: 'new' },
        { type: 'local-candidate' },
        { type: 'remote-candidate' },
        { type: 'candidate-pair', requestsSent: 0 },
      ],
    ],
    ['one that was closed', undefined, [{ type: 'transport', iceState: 'closed', dtlsState: 'closed' }]],
  ];
  for (const [says, code, stats] of cases) {
    test(says, () => {
      const report = new Map(stats.map((each, i) => [String(i), each])) as unknown as RTCStatsReport;
      assert.equal(connectionTrouble(report)?.code, code);
    });
  }
});
