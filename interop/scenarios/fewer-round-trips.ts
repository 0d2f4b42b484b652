// SNAP (the SCTP INIT in descriptions) and SPED (DTLS inside STUN) with a browser launched with the field trials that
// turn them on, alone and together, over both versions of DTLS. What is claimed of the wire is what millrace counts there.

import assert from 'node:assert/strict';
import type { End } from '../harness/end.ts';
import type { Trial } from '../harness/implementation.ts';
import type { Run } from '../harness/run.ts';
import { arrives } from './arrival.ts';
import type { Scenario } from './scenario.ts';

async function opens(run: Run, trials: readonly Trial[], maxVersion: '1.2' | '1.3'): Promise<void> {
  const session = await run.session({ configuration: { millrace: { dtls: { maxVersion } } } });
  const start = performance.now();
  const [near, far] = await session.open();
  run.measure('open', performance.now() - start, 'ms from createDataChannel, with the signaling');
  await arrives(near, far, [{ text: 'to the answerer' }]);
  await arrives(far, near, [{ text: 'to the offerer' }]);
  const subject: End = run.roles.offers === 'subject' ? session.offerer : session.answerer;
  const ends = { from: subject, to: session.other(subject) };
  const early = await subject.remote.call('early', subject.connection);
  const answer = session.descriptions.answer?.sdp ?? '';
  const hasSnap = trials.includes('snap');
  const hasSped = trials.includes('sped');
  await run.claim(
    'trial-snap',
    hasSnap ? 'no INIT, INIT ACK or COOKIE chunk is sent' : 'SCTP shakes hands',
    ends,
    async () => {
      assert.equal(/^a=sctp-init:/m.test(answer), hasSnap);
      assert.equal(early?.isSignaled, hasSnap);
      if (hasSnap) assert.equal(early?.handshakeChunks, 0);
      else assert.ok((early?.handshakeChunks ?? 0) >= 4);
    },
  );
  await run.claim('trial-sped', hasSped ? 'DTLS rides inside STUN' : 'DTLS waits for ICE', ends, async () => {
    assert.equal(/^a=ice-options:.*\bsped\b/m.test(answer), hasSped);
    const { datagramsSent = 0, datagramsReceived = 0 } = early ?? {};
    // A server that hears the hello when there is a path already answers over that.
    const goes = datagramsSent > 0 || (hasSped && subject === session.offerer);
    assert.deepEqual([goes, datagramsReceived > 0], [hasSped, hasSped]);
  });
  await run.claim('trial-dtls', `it is DTLS ${maxVersion}`, ends, async () => {
    const securing = await subject.remote.call('securing', subject.connection);
    assert.equal(securing?.tlsVersion, maxVersion === '1.3' ? 'FEFC' : 'FEFD');
  });
}

const CASES: ReadonlyArray<readonly [title: string, trials: readonly Trial[]]> = [
  ['SNAP and SPED', ['snap', 'sped']],
  ['SNAP alone', ['snap']],
  ['SPED alone', ['sped']],
];

export const fewerRoundTrips: readonly Scenario[] = CASES.flatMap(([title, trials]) =>
  (['1.3', '1.2'] as const).map((version) => ({
    title: `open with ${title}, DTLS ${version}`,
    patience: 30_000,
    trials,
    run: (run: Run) => opens(run, trials, version),
  })),
);
