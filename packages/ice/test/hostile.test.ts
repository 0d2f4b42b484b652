// What a peer, or somebody who only knows where we are, can make the agent do: every answer bounded, every drop counted.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ICE_DEFAULTS, type IceAgent, type IceRole } from '@millrace/ice';
import fc from 'fast-check';
import { answer, give, PUPPET, PUPPET_AT, type RequestOptions, request, sentBy } from './puppet.ts';
import { newAgent } from './two-agents.ts';

const STORM = 10_000;
const HERE = { address: '192.0.2.1', port: 5000 };

function checking(role: IceRole = 'controlling'): IceAgent {
  const agent = newAgent(1, { role });
  agent.addLocalCandidate({ socket: 0, ...HERE }, 0);
  agent.setRemoteParameters(PUPPET, 0);
  agent.addRemoteCandidate(
    { foundation: '1', component: 1, transport: 'udp', priority: 1, ...PUPPET_AT, type: 'host' },
    0,
  );
  return agent;
}

describe('RFC 8445 §7.3.1.1: role conflicts from a peer that wants nothing else', () => {
  test('requests that always conflict switch our role maxRoleSwitches times, and bring one answer each', () => {
    const agent = checking();
    let isControlling = true;
    let switches = 0;
    let sent = 0;
    for (let i = 0; i < STORM; i++) {
      const role = agent.role;
      // A tie-breaker that wins whatever ours is.
      const tieBreaker = role === 'controlling' ? 0xffff_ffff_ffff_ffffn : 0n;
      give(agent, request(agent, { role, tieBreaker }), i);
      const { length } = sentBy(agent, i).filter(({ message }) => message.messageClass !== 'request');
      assert.equal(length, 1);
      sent += length;
      if ((agent.role === 'controlling') !== isControlling) switches++;
      isControlling = agent.role === 'controlling';
    }
    assert.equal(switches, ICE_DEFAULTS.maxRoleSwitches);
    assert.equal(sent, STORM);
    const { requestsSent } = agent.stats;
    assert(
      requestsSent <= 2 * ICE_DEFAULTS.maxRoleSwitches + ICE_DEFAULTS.checkSends,
      `${requestsSent} checks`,
    );
  });

  test('487 to each of our checks ends after as many switches: two that refuse each other do not go on for ever', () => {
    const agent = checking();
    let refused = 0;
    for (let now = 0; now < 5_000; now++) {
      agent.expire(now);
      for (const { message } of sentBy(agent, now)) {
        refused++;
        give(agent, answer(message, { error: 487 }), now);
      }
    }
    assert.equal(refused, ICE_DEFAULTS.maxRoleSwitches + 1);
    assert.equal(agent.stats.pairs[0]!.state, 'failed');
  });

  test('an unsigned 487 changes nothing', () => {
    const agent = checking();
    const [check] = sentBy(agent, 0);
    for (let i = 0; i < 100; i++) give(agent, answer(check!.message, { error: 487, signed: false }), 1);
    assert.equal(agent.role, 'controlling');
    assert.equal(agent.stats.drops['bad-integrity'], 100);
  });
});

describe('RFC 8489 §9.1.4: forged responses', () => {
  test('with the right transaction and the wrong password are counted, and do not spoil the right one', () => {
    const agent = checking();
    const [check] = sentBy(agent, 0);
    const mapped = { address: '203.0.113.66', port: 6666 };
    const forged = answer(check!.message, { mapped, password: 'x'.repeat(24) });
    for (let i = 0; i < STORM; i++) give(agent, forged, 1);
    assert.equal(agent.stats.drops['bad-integrity'], STORM);
    assert.equal(agent.stats.localCandidates.length, 1, 'nothing is learned from it');
    give(agent, answer(check!.message, { mapped: HERE }), 2);
    assert.equal(agent.selectedPair?.roundTripTime, 2);
  });

  test('with a transaction that shares its first half with ours are of no transaction', () => {
    const agent = checking();
    const [check] = sentBy(agent, 0);
    const right = answer(check!.message, { mapped: HERE });
    for (let last = 8 + 6; last < 8 + 12; last++) {
      const wrong = right.slice();
      wrong[last]! ^= 1;
      give(agent, wrong, 1);
    }
    const { drops } = agent.stats;
    assert.equal(drops['bad-fingerprint'] + drops['unknown-transaction'], 6);
    assert.equal(agent.selectedPair, undefined);
  });

  test('the same response again is of no transaction, and no second sample', () => {
    const agent = checking();
    const [check] = sentBy(agent, 0);
    const right = answer(check!.message, { mapped: HERE });
    for (let i = 0; i < STORM; i++) give(agent, right, 5 + i);
    assert.equal(agent.stats.drops['unknown-transaction'], STORM - 1);
    assert.equal(agent.selectedPair?.totalRoundTripTime, 5);
  });
});

describe('requests in masses', () => {
  test('one transaction again and again makes one pair, and maxReplies answers between two turns', () => {
    const agent = checking('controlled');
    const bytes = request(agent, { id: 77 });
    for (let i = 0; i < ICE_DEFAULTS.maxReplies + 1; i++) give(agent, bytes, 1);
    assert.equal(agent.stats.drops['too-many-replies'], 1);
    assert.equal(agent.stats.pairs.length, 1);
    const replies = sentBy(agent, 1).filter(({ message }) => message.messageClass === 'success');
    assert.equal(replies.length, ICE_DEFAULTS.maxReplies);
  });

  test('whoever guesses at username fragments gets no answer, and leaves nothing behind', () => {
    const agent = checking('controlled');
    sentBy(agent, 0);
    for (let i = 0; i < STORM; i++)
      give(agent, request(agent, { username: `gu${i}:pupp` }), 1, { address: '203.0.113.66', port: 1 + i });
    assert.equal(agent.stats.drops['wrong-username'], STORM);
    assert.equal(sentBy(agent, 1).length, 0);
    assert.equal(agent.stats.remoteCandidates.length, 1);
  });

  test('a message longer than any check is dropped before its checksum is worked out', () => {
    const agent = checking('controlled');
    const bytes = new Uint8Array(4_100);
    bytes.set(request(agent).subarray(0, 20));
    bytes[2] = (bytes.length - 20) >> 8;
    bytes[3] = (bytes.length - 20) & 0xff;
    give(agent, bytes, 1);
    assert.equal(agent.stats.drops.malformed, 1);
  });
});

describe('any mixture of hostile datagrams', () => {
  const forged = fc.record({
    kind: fc.constantFrom('request', 'success', 'error', 'bytes'),
    /** Never both: that would be our peer. */
    knows: fc.constantFrom('nothing', 'fragments', 'password'),
    isSigned: fc.boolean(),
    role: fc.constantFrom('controlling' as const, 'controlled' as const, 'none' as const),
    tieBreaker: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    useCandidate: fc.boolean(),
    priority: fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { nil: undefined }),
    port: fc.integer({ min: 1, max: 65_535 }),
    bytes: fc.uint8Array({ maxLength: 200 }),
  });

  for (const role of ['controlling', 'controlled'] as const)
    for (const lite of role === 'controlled' ? [false, true] : [false])
      test(`a ${lite ? 'lite ' : ''}${role} agent answers none of them, keeps its role, makes no pair and counts each`, () => {
        fc.assert(
          fc.property(fc.array(forged, { maxLength: 60 }), (datagrams) => {
            const agent = newAgent(1, { role, lite });
            agent.addLocalCandidate({ socket: 0, ...HERE }, 0);
            agent.setRemoteParameters(PUPPET, 0);
            let total = 0;
            for (const { kind, knows, isSigned, port, bytes, ...rest } of datagrams) {
              const guess = isSigned ? 'guessguessguessguessguess' : '';
              const options: RequestOptions = {
                ...rest,
                ...(knows === 'fragments' ? {} : { username: 'gues:pupp' }),
                ...(knows === 'password' ? {} : { password: guess }),
              };
              const check = request(agent, options);
              // Of the class that a response has, with a transaction that nobody has begun.
              if (kind === 'success' || kind === 'error') check[0] = check[0]! | 1;
              if (kind === 'error') check[1] = check[1]! | 0x10;
              give(agent, kind === 'bytes' ? bytes : check, 1, { address: '203.0.113.7', port });
              total++;
            }
            const { drops, pairs, remoteCandidates } = agent.stats;
            assert.equal(sentBy(agent, 1).length, 0);
            assert.deepEqual([agent.role, pairs.length, remoteCandidates.length], [role, 0, 0]);
            assert.equal(
              Object.values(drops).reduce((sum, count) => sum + count, 0),
              total,
            );
          }),
          { numRuns: 200, seed: 7 },
        );
      });
});
