// Opening: the offer and answer are taken as they are, ICE and DTLS and SCTP come up, the first channel opens.

import assert from 'node:assert/strict';
import type { CandidateInit } from '../agent/w3c.ts';
import type { End } from '../harness/end.ts';
import type { Run } from '../harness/run.ts';
import type { Session } from '../harness/session.ts';
import { arrives } from './arrival.ts';
import type { Scenario } from './scenario.ts';

async function bothTalk(session: Session): Promise<void> {
  const [near, far] = await session.open();
  await arrives(near, far, [{ text: 'to the answerer' }]);
  await arrives(far, near, [{ text: 'to the offerer' }]);
}

async function trickled(run: Run): Promise<void> {
  const session = await run.session();
  const { offerer, answerer } = session;
  const both = { from: offerer, to: answerer };
  await run.claim('open', 'the first channel opens on both sides', both, async () => {
    const start = performance.now();
    await session.open('the first channel');
    run.measure('open', performance.now() - start, 'ms from createDataChannel, with the signaling');
  });
  for (const end of [offerer, answerer]) {
    await run.claim('connected', `${end.name} reports connected`, { from: end }, async () => {
      await end.connectionState('connected');
    });
  }
  await run.claim('candidates', 'every trickled candidate is taken', both, async () => {
    assert.deepEqual(session.refused, []);
  });
}

async function halfTrickled(run: Run): Promise<void> {
  const session = await run.session({ candidates: 'half-trickle' });
  const ends = { from: session.offerer, to: session.answerer };
  await run.claim('half-trickle', 'an offer with all candidates meets an answer that trickles', ends, () =>
    bothTalk(session),
  );
}

async function allAtOnce(run: Run): Promise<void> {
  const session = await run.session({ candidates: 'all-at-once' });
  const ends = { from: session.offerer, to: session.answerer };
  await run.claim('all-at-once', 'descriptions that carry all candidates are enough', ends, () =>
    bothTalk(session),
  );
}

async function inARow(run: Run): Promise<void> {
  const count = run.options.quick ? 3 : 10;
  for (let i = 1; i <= count; i++) {
    const session = await run.session();
    const { offerer: from, answerer: to } = session;
    await run.claim(
      'in-a-row',
      `connection ${i} of ${count} opens, talks and closes`,
      { from, to },
      async () => {
        await bothTalk(session);
        await Promise.all([from.close(), to.close()]);
      },
    );
  }
}

/**
 * The peer learns no candidate of the subject, neither by trickle nor from the descriptions: only if the subject
 * resolves the peer's names and checks first can there be a connection.
 */
async function hiddenPeer(run: Run): Promise<void> {
  const addresses: string[] = [];
  const pass = (from: End, candidate: CandidateInit | null): boolean => {
    if (from.implementation === run.roles.subject.implementation) return false;
    if (candidate?.candidate) addresses.push(candidate.candidate.split(' ')[4] ?? '');
    return true;
  };
  const session = await run.session({ pass });
  const subject = run.roles.offers === 'subject' ? session.offerer : session.answerer;
  await run.claim(
    'resolves-mdns',
    'the subject finds the peer by its .local names',
    { from: subject },
    async () => {
      await bothTalk(session);
      assert.ok(addresses.length > 0, 'no candidate was seen');
      const plain = addresses.filter((address) => !address.endsWith('.local'));
      assert.deepEqual(plain, [], 'not every address is hidden');
      const own = Object.values(session.descriptions).find(({ type }) => type === typeOf(subject));
      assert.doesNotMatch(own?.sdp ?? '', /a=candidate:/, 'the subject was to be found by its checks alone');
    },
  );
}

/** The other way round: the peer learns our names and nothing else, and we nothing of it. */
async function named(run: Run): Promise<void> {
  const addresses: string[] = [];
  const pass = (from: End, candidate: CandidateInit | null): boolean => {
    if (from.implementation !== run.roles.subject.implementation) return false;
    if (candidate?.candidate) addresses.push(candidate.candidate.split(' ')[4] ?? '');
    return true;
  };
  const configuration = { millrace: { loopback: true, hideHostAddresses: true } };
  const session = await run.session({ pass, configuration });
  const subject = run.roles.offers === 'subject' ? session.offerer : session.answerer;
  const says = 'the peer finds the subject by its .local names';
  await run.claim('publishes-mdns', says, { from: subject }, async () => {
    await bothTalk(session);
    const plain = addresses.filter((address) => !address.endsWith('.local'));
    assert.ok(addresses.length > 0, 'no candidate was seen');
    assert.deepEqual(plain, [], 'not every address is hidden');
  });
}

/** RFC 6544: with no other candidates told, whoever takes no connections has to make one. */
async function overTcp(run: Run): Promise<void> {
  const pass = (_from: End, candidate: CandidateInit | null): boolean =>
    !candidate?.candidate || / tcp /i.test(candidate.candidate);
  const session = await run.session({ pass, configuration: { millrace: { loopback: true, iceTcp: 'all' } } });
  const ends = { from: session.offerer, to: session.answerer };
  await run.claim('tcp', 'TCP candidates alone are enough', ends, () => bothTalk(session));
}

function typeOf(end: End): string {
  return end.part === 'offerer' ? 'offer' : 'answer';
}

export const connecting: readonly Scenario[] = [
  { title: 'open with trickled candidates', patience: 20_000, packetPath: true, run: trickled },
  { title: 'open with half trickle', patience: 20_000, run: halfTrickled },
  { title: 'open without trickle', patience: 20_000, run: allAtOnce },
  { title: 'connections in a row', patience: 60_000, run: inARow },
];

/** Needs the browser launched in another way, so it stands apart. */
export const hidden: readonly Scenario[] = [
  { title: 'open with mDNS names', patience: 30_000, hiddenAddresses: true, run: hiddenPeer },
  {
    title: 'open with our mDNS names',
    patience: 30_000,
    hiddenAddresses: 'if-possible',
    needs: 'mDNS',
    run: named,
  },
  { title: 'open over TCP', patience: 30_000, hiddenAddresses: 'if-possible', needs: 'TCP', run: overTcp },
];
