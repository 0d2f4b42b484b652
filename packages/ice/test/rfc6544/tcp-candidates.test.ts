import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Candidate, formatCandidate, type IceAgent, parseCandidate } from '@millrace/ice';
import { answer, give, notes, PUPPET, PUPPET_AT, request, sentBy } from '../puppet.ts';
import { newAgent } from '../two-agents.ts';

const HERE = '192.0.2.1';

function withTcp(role: 'controlling' | 'controlled', tcpType: 'active' | 'passive'): IceAgent {
  const agent = newAgent(1, { role });
  agent.addLocalCandidate({ socket: 0, address: HERE, port: tcpType === 'active' ? 0 : 5000, tcpType }, 0);
  agent.setRemoteParameters(PUPPET, 0);
  return agent;
}

function remote(tcpType: string, transport: 'udp' | 'tcp' = 'tcp'): Candidate {
  const { address, port } = PUPPET_AT;
  const end = transport === 'udp' ? '' : ` tcptype ${tcpType}`;
  return parseCandidate(`candidate:1 1 ${transport} 1518280447 ${address} ${port} typ host${end}`)!;
}

describe('RFC 6544 §4: TCP candidates', () => {
  test('§4.2: active before passive, both below UDP and above a relay', () => {
    const agent = newAgent(1);
    const add = (socket: number, more: object): number =>
      agent.addLocalCandidate({ socket, address: HERE, port: 5000, preference: 65_535, ...more }, 0).priority;
    const udp = add(0, {});
    const active = add(1, { tcpType: 'active' });
    const passive = add(2, { tcpType: 'passive' });
    const relay = add(3, { type: 'relay', address: '203.0.113.1' });
    assert(udp > active && active > passive && passive > relay);
    // (2^13) * direction preference + other preference, with 6 for active and 4 for passive.
    assert.equal((active >>> 8) & 0xffff, 6 * 8192 + 8191);
    assert.equal((passive >>> 8) & 0xffff, 4 * 8192 + 8191);
  });

  test('§4.1 and §4.5: an active one is written with port 9, and each says its type', () => {
    const agent = newAgent(1);
    const active = agent.addLocalCandidate({ socket: 0, address: HERE, port: 0, tcpType: 'active' }, 0);
    const passive = agent.addLocalCandidate({ socket: 1, address: HERE, port: 5000, tcpType: 'passive' }, 0);
    assert.match(formatCandidate(active), / tcp \d+ 192\.0\.2\.1 9 typ host tcptype active/);
    assert.match(formatCandidate(passive), / tcp \d+ 192\.0\.2\.1 5000 typ host tcptype passive/);
    assert.notEqual(active.foundation, passive.foundation);
  });
});

describe('RFC 6544 §6.2: which candidates make pairs', () => {
  const rows: Array<[local: 'active' | 'passive' | 'udp', remoteType: string, pairs: number]> = [
    ['active', 'passive', 1],
    ['active', 'active', 0],
    ['active', 'so', 0],
    ['active', 'udp', 0],
    ['passive', 'active', 0],
    ['passive', 'passive', 0],
    ['passive', 'udp', 0],
    ['udp', 'passive', 0],
    ['udp', 'udp', 1],
  ];
  for (const [local, remoteType, pairs] of rows)
    test(`ours ${local}, the peer's ${remoteType}: ${pairs}`, () => {
      const agent = newAgent(1);
      const tcp = local === 'udp' ? {} : { tcpType: local };
      agent.addLocalCandidate({ socket: 0, address: HERE, port: 5000, ...tcp }, 0);
      agent.addRemoteCandidate(remote(remoteType, remoteType === 'udp' ? 'udp' : 'tcp'), 0);
      assert.equal(agent.stats.pairs.length, pairs);
      assert.equal(agent.stats.drops['unusable-candidate'], remoteType === 'so' ? 1 : 0);
    });

  test('a TCP and a UDP candidate at the same address and port are two', () => {
    const agent = newAgent(1);
    agent.addRemoteCandidate(remote('passive'), 0);
    agent.addRemoteCandidate(remote('', 'udp'), 0);
    assert.equal(agent.stats.remoteCandidates.length, 2);
  });
});

describe('RFC 6544 §7: checks over TCP', () => {
  test('§7.2: the peer that connects to a passive candidate is peer-reflexive and active', () => {
    const agent = withTcp('controlled', 'passive');
    give(agent, request(agent, { useCandidate: true }), 0);
    const [response, check] = sentBy(agent, 0);
    assert.equal(response!.message.messageClass, 'success');
    give(agent, answer(check!.message, { mapped: { address: HERE, port: 5000 } }), 1);
    const { local, remote: peer } = agent.selectedPair!;
    assert.deepEqual(
      [local.tcpType, peer.type, peer.transport, peer.tcpType],
      ['passive', 'prflx', 'tcp', 'active'],
    );
  });

  test('§4.1: the port an active end really has makes no new candidate of it', () => {
    const agent = withTcp('controlling', 'active');
    agent.addRemoteCandidate(remote('passive'), 0);
    const [check] = sentBy(agent, 0);
    give(agent, answer(check!.message, { mapped: { address: HERE, port: 41_234 } }), 10);
    assert.equal(agent.selectedPair!.local.type, 'host');
    assert.equal(agent.selectedPair!.local.port, 9);
  });

  test('RFC 8489 §6.2.2: a check is sent once, and fails after Ti', () => {
    const agent = withTcp('controlling', 'active');
    agent.addRemoteCandidate(remote('passive'), 0);
    assert.equal(sentBy(agent, 0).length, 1);
    for (let now = 100; now < 39_500; now += 100) {
      agent.expire(now);
      assert.equal(sentBy(agent, now).length, 0);
    }
    agent.expire(39_500);
    assert.equal(agent.stats.pairs[0]!.state, 'failed');
  });

  test('a connection that cannot be made fails its pair at once', () => {
    const agent = withTcp('controlling', 'active');
    agent.addRemoteCandidate(remote('passive'), 0);
    sentBy(agent, 0);
    agent.onConnectionLost({ socket: 0, remote: PUPPET_AT }, 30);
    assert.equal(agent.stats.pairs[0]!.state, 'failed');
  });

  test('the selected connection lost is disconnected at once, and connected when it is there again', () => {
    const agent = withTcp('controlling', 'active');
    agent.addRemoteCandidate(remote('passive'), 0);
    const mapped = { address: HERE, port: 41_234 };
    give(agent, answer(sentBy(agent, 0)[0]!.message, { mapped }), 10);
    const told = notes();
    agent.drain(told);
    agent.onConnectionLost({ socket: 0, remote: PUPPET_AT }, 1_000);
    assert.equal(agent.state, 'disconnected');
    agent.expire(1_500);
    give(agent, answer(sentBy(agent, 1_500)[0]!.message, { mapped }), 1_510);
    assert.equal(agent.state, 'connected');
  });
});

describe('RFC 6544 §4.5: simultaneous-open candidates', () => {
  const LINE = 'candidate:1 1 TCP 1015021823 198.51.100.9 9000 typ host tcptype so';

  test('are read and written, make no pair, are counted, and leave those beside them alone', () => {
    const candidate = parseCandidate(LINE)!;
    assert.equal(candidate.tcpType, 'so');
    assert.equal(parseCandidate(formatCandidate(candidate))?.tcpType, 'so');
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 5, tcpType: 'active' }, 0);
    agent.addLocalCandidate({ socket: 1, address: '192.0.2.1', port: 6, tcpType: 'passive' }, 0);
    agent.setRemoteParameters({ usernameFragment: 'pupp', password: 'x'.repeat(22) }, 0);
    agent.addRemoteCandidate(candidate, 0);
    assert.equal(agent.stats.drops['unusable-candidate'], 1);
    assert.deepEqual([agent.stats.pairs.length, agent.stats.remoteCandidates.length], [0, 0]);
    agent.addRemoteCandidate({ ...candidate, tcpType: 'passive' }, 0);
    assert.equal(agent.stats.pairs.length, 1);
  });
});
