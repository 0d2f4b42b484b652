import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Candidate, candidatePriority, formatCandidate, IceError, parseCandidate } from '@millrace/ice';
import { sentBy } from '../puppet.ts';
import { newAgent } from '../two-agents.ts';

const AT: Candidate = parseCandidate('candidate:1 1 udp 2130706431 192.0.2.9 1000 typ host')!;

describe('RFC 8445 §5.1 candidates', () => {
  test('§5.1.2.1: priority of a host candidate with the highest local preference is 2130706431', () => {
    assert.equal(candidatePriority('host', 65535, 1), 2130706431);
    assert.equal(candidatePriority('prflx', 65535, 1), 1862270975);
    assert.equal(candidatePriority('srflx', 65535, 1), 1694498815);
    assert.equal(candidatePriority('relay', 65535, 1), 16777215);
  });

  test('§5.1.2.1: earlier candidates are preferred, and no two have one priority', () => {
    const agent = newAgent(1);
    const first = agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    const second = agent.addLocalCandidate({ socket: 1, address: '192.0.2.2', port: 1 }, 0);
    const chosen = agent.addLocalCandidate({ socket: 2, address: '192.0.2.3', port: 1, preference: 7 }, 0);
    assert(first.priority > second.priority && second.priority > chosen.priority);
    assert.equal(chosen.priority, candidatePriority('host', 7, 1));
  });

  test('§5.1.1.3: candidates of one address share a foundation, those of another do not', () => {
    const agent = newAgent(1);
    const a = agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    const b = agent.addLocalCandidate({ socket: 1, address: '192.0.2.1', port: 2 }, 0);
    const c = agent.addLocalCandidate({ socket: 2, address: '192.0.2.2', port: 1 }, 0);
    assert.equal(a.foundation, b.foundation);
    assert.notEqual(a.foundation, c.foundation);
  });

  test('§5.1.3: the same socket and address again is the same candidate', () => {
    const agent = newAgent(1);
    const first = agent.addLocalCandidate({ socket: 0, address: '2001:DB8::1', port: 1 }, 0);
    assert.equal(first.address, '2001:db8::1');
    assert.equal(agent.addLocalCandidate({ socket: 0, address: '2001:db8:0::1', port: 1 }, 0), first);
    assert.equal(agent.stats.localCandidates.length, 1);
  });

  test('§5.3: fragment and password are drawn anew, of ice-chars and long enough', () => {
    const [a, b] = [newAgent(1).localParameters, newAgent(2).localParameters];
    assert.match(a.usernameFragment, /^[A-Za-z0-9+/]{4,256}$/);
    assert.match(a.password, /^[A-Za-z0-9+/]{22,256}$/);
    assert.notEqual(a.usernameFragment, b.usernameFragment);
    assert.notEqual(a.password, b.password);
  });

  test('a local candidate can be signalled as it is', () => {
    const local = newAgent(1).addLocalCandidate({ socket: 3, address: '192.0.2.1', port: 77 }, 0);
    const { socket: _, ...signalled } = local;
    assert.deepEqual(parseCandidate(formatCandidate(local)), signalled);
  });

  test("a caller's mistakes are thrown, and change nothing", () => {
    const agent = newAgent(1, { maxLocalCandidates: 2 });
    const wrong = (init: Parameters<typeof agent.addLocalCandidate>[0], code: string): void => {
      assert.throws(
        () => agent.addLocalCandidate(init, 0),
        (error) => error instanceof IceError && error.code === code,
      );
    };
    wrong({ socket: 0, address: 'host.local', port: 1 }, 'BAD_ADDRESS');
    wrong({ socket: 0, address: '192.0.2.1', port: 0 }, 'BAD_ADDRESS');
    wrong({ socket: 0, address: '192.0.2.1', port: 65536 }, 'BAD_ADDRESS');
    wrong({ socket: 0, address: '192.0.2.1', port: 1, preference: 65536 }, 'BAD_OPTION');
    assert.equal(agent.stats.localCandidates.length, 0);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    wrong({ socket: 0, address: '192.0.2.2', port: 1 }, 'SOCKET_IN_USE');
    agent.addLocalCandidate({ socket: 1, address: '192.0.2.1', port: 2 }, 0);
    wrong({ socket: 2, address: '192.0.2.1', port: 3 }, 'TOO_MANY_CANDIDATES');
    assert.throws(() => agent.setRemoteParameters({ usernameFragment: 'abc', password: 'x'.repeat(22) }, 0), {
      code: 'BAD_PARAMETERS',
    });
    assert.throws(
      () => agent.setRemoteParameters({ usernameFragment: 'abcd', password: 'x'.repeat(21) }, 0),
      {
        code: 'BAD_PARAMETERS',
      },
    );
    assert.throws(() => newAgent(1, { local: { usernameFragment: 'a:cd', password: 'x'.repeat(22) } }), {
      code: 'BAD_PARAMETERS',
    });
    assert.throws(() => newAgent(1, { checkInterval: 4 }), { code: 'BAD_OPTION' });
    assert.throws(() => newAgent(1, { maxPairs: 0 }), { code: 'BAD_OPTION' });
    agent.close(0);
    wrong({ socket: 5, address: '192.0.2.1', port: 5 }, 'CLOSED');
  });

  test("what we cannot use of the peer's candidates is dropped and counted", () => {
    const agent = newAgent(1);
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    for (const wrong of [
      { ...AT, transport: 'tcp' as const },
      { ...AT, component: 2 },
      { ...AT, address: 'x.local' },
      { ...AT, port: 0 },
      { ...AT, priority: -1 },
    ])
      agent.addRemoteCandidate(wrong, 0);
    assert.equal(agent.stats.drops['unusable-candidate'], 5);
    assert.equal(agent.stats.remoteCandidates.length, 0);
    agent.addRemoteCandidate(AT, 0);
    agent.addRemoteCandidate({ ...AT, foundation: 'again' }, 0);
    assert.equal(agent.stats.remoteCandidates.length, 1);
  });

  test('§5.1.1.1: no address that nobody can be at, and no IPv4 address in the form of IPv6, is checked', () => {
    const agent = newAgent(1);
    const wrong = ['0.0.0.0', '224.0.0.251', '239.255.255.250', '255.255.255.255'];
    wrong.push('::', 'ff02::fb', '::ffff:192.0.2.9', '::FFFF:c000:209');
    for (const address of wrong) agent.addRemoteCandidate({ ...AT, address }, 0);
    assert.equal(agent.stats.drops['unusable-candidate'], wrong.length);
    const right = [
      '2.24.0.1',
      '22.4.0.1',
      '223.255.255.255',
      '127.0.0.1',
      '::1',
      'fe80::1',
      '2001:db8::ff02',
    ];
    for (const address of right) agent.addRemoteCandidate({ ...AT, address }, 0);
    assert.equal(agent.stats.remoteCandidates.length, right.length);
  });

  test('RFC 8839 §5.4: a fragment of 256 is taken from the peer, one of our own has 32 at most', () => {
    const password = 'p'.repeat(256);
    assert.throws(() => newAgent(1, { local: { usernameFragment: 'u'.repeat(33), password } }), {
      code: 'BAD_PARAMETERS',
    });
    const agent = newAgent(1, { local: { usernameFragment: 'u'.repeat(32), password } });
    agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 1 }, 0);
    agent.addRemoteCandidate(AT, 0);
    agent.setRemoteParameters({ usernameFragment: 'r'.repeat(256), password }, 0);
    assert.equal(sentBy(agent, 0).length, 1);
  });

  test('of 64 signalled candidates all are taken, the 65th is dropped', () => {
    const agent = newAgent(1);
    for (let i = 0; i < 65; i++) agent.addRemoteCandidate({ ...AT, port: 1000 + i }, 0);
    assert.equal(agent.stats.remoteCandidates.length, 64);
    assert.equal(agent.stats.drops['too-many-remote-candidates'], 1);
    agent.addRemoteCandidate({ ...AT, port: 2000, type: 'prflx' }, 0);
    assert.equal(agent.stats.drops['too-many-remote-candidates'], 2, 'whatever it calls itself');
  });
});
