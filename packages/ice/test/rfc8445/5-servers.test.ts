import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { candidatePriority, formatCandidate, type IceAgent } from '@millrace/ice';
import { newAgent } from '../two-agents.ts';

const MAPPED = { address: '203.0.113.5', port: 40_000 };
const SERVER = 'stun:stun.example.org';

function agentAt(address = '192.0.2.1'): IceAgent {
  const agent = newAgent(1);
  agent.addLocalCandidate({ socket: 0, address, port: 1_000 }, 0);
  return agent;
}

describe('RFC 8445 §5.1.1.2: server-reflexive candidates', () => {
  test('the mapped address with its base as the related one', () => {
    const candidate = agentAt().addServerReflexive({ socket: 0, mapped: MAPPED, server: SERVER }, 0)!;
    assert.equal(candidate.priority, candidatePriority('srflx', 65_535, 1));
    assert.match(formatCandidate(candidate), /203\.0\.113\.5 40000 typ srflx raddr 192\.0\.2\.1 rport 1000/);
  });

  test('RFC 8828 §5: the base can be hidden', () => {
    const candidate = agentAt().addServerReflexive(
      { socket: 0, mapped: MAPPED, server: SERVER, hidesBase: true },
      0,
    )!;
    assert.match(formatCandidate(candidate), /typ srflx raddr 0\.0\.0\.0 rport 9/);
  });

  test('§5.1.3: without a NAT, or known already, there is none', () => {
    const agent = agentAt();
    assert.equal(
      agent.addServerReflexive(
        { socket: 0, mapped: { address: '192.0.2.1', port: 1_000 }, server: SERVER },
        0,
      ),
      undefined,
    );
    assert(agent.addServerReflexive({ socket: 0, mapped: MAPPED, server: SERVER }, 0));
    assert.equal(agent.addServerReflexive({ socket: 0, mapped: MAPPED, server: 'stun:other' }, 0), undefined);
    assert.equal(agent.stats.localCandidates.length, 2);
  });

  test('what a lying server says is not believed', () => {
    const agent = agentAt();
    for (const mapped of [
      { address: '0.0.0.0', port: 1 },
      { address: '239.1.2.3', port: 1 },
      { address: '2001:db8::1', port: 1 },
      { address: '203.0.113.5', port: 0 },
      { address: 'nonsense', port: 1 },
    ]) {
      assert.equal(agent.addServerReflexive({ socket: 0, mapped, server: SERVER }, 0), undefined);
    }
    assert.equal(agent.addServerReflexive({ socket: 7, mapped: MAPPED, server: SERVER }, 0), undefined);
  });

  test('maxLocalCandidates: one more is left out', () => {
    const agent = newAgent(1, { maxLocalCandidates: 3 });
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1_000 }, 0);
    const added = [1, 2, 3].map((port) =>
      agent.addServerReflexive({ socket: 0, mapped: { ...MAPPED, port }, server: SERVER }, 0),
    );
    assert.deepEqual(
      added.map((each) => each !== undefined),
      [true, true, false],
    );
  });

  test('§6.1.2.4: it forms no pairs beside its base’s', () => {
    const agent = agentAt();
    agent.setRemoteParameters({ usernameFragment: 'abcd', password: 'abcdefghijklmnopqrstuv' }, 0);
    agent.addServerReflexive({ socket: 0, mapped: MAPPED, server: SERVER }, 0);
    agent.addRemoteCandidate(
      {
        foundation: '1',
        component: 1,
        transport: 'udp',
        priority: 1,
        address: '198.51.100.1',
        port: 5,
        type: 'host',
      },
      0,
    );
    assert.equal(agent.stats.pairs.length, 1);
  });

  test('§5.1.1.3: candidates of different servers have different foundations', () => {
    const agent = agentAt();
    const [a, b] = [1, 2].map((port) =>
      agent.addServerReflexive({ socket: 0, mapped: { ...MAPPED, port }, server: `stun:${port}` }, 0),
    );
    assert.notEqual(a!.foundation, b!.foundation);
  });
});

describe('RFC 8445 §5.1.1.2: relayed candidates', () => {
  test('are bases of their own, of the lowest kind, with the mapped address as the related one', () => {
    const agent = agentAt();
    const candidate = agent.addLocalCandidate(
      {
        socket: 5,
        address: '192.0.2.77',
        port: 50_000,
        type: 'relay',
        related: MAPPED,
        server: 'turn:example.org',
        preference: 9,
      },
      0,
    );
    assert.equal(candidate.priority, candidatePriority('relay', 9, 1));
    assert.match(
      formatCandidate(candidate),
      /192\.0\.2\.77 50000 typ relay raddr 203\.0\.113\.5 rport 40000/,
    );
    agent.setRemoteParameters({ usernameFragment: 'abcd', password: 'abcdefghijklmnopqrstuv' }, 0);
    agent.addRemoteCandidate(
      {
        foundation: '1',
        component: 1,
        transport: 'udp',
        priority: 1,
        address: '198.51.100.1',
        port: 5,
        type: 'host',
      },
      0,
    );
    assert.deepEqual(
      agent.stats.pairs.map(({ local }) => local.type),
      ['host', 'relay'],
    );
  });
});
