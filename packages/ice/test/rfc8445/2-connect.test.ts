import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bothSelected, connected, introduced } from '../two-agents.ts';

describe('RFC 8445 §2 two agents', () => {
  test('the controlling agent has selected a pair after one round trip, and so has the controlled one', () => {
    const two = introduced({ wire: { delay: 10 } });
    assert(two.network.run(1000, () => bothSelected(two)));
    assert.equal(two.network.now, 20);
    assert.deepEqual(two.a.states, ['checking', 'connected', 'completed']);
    assert.deepEqual(two.b.states, ['checking', 'connected', 'completed']);
    assert.equal(two.a.agent.roundTripTime, 20);
    assert.equal(two.b.agent.roundTripTime, 20);
    assert.deepEqual(two.a.agent.selectedRoute, { socket: 0, remote: two.b.sockets[0] });
    assert.deepEqual(two.b.agent.selectedRoute, { socket: 0, remote: two.a.sockets[0] });
  });

  test('an idle connection lasts', () => {
    const two = connected();
    two.network.run(600_000);
    assert.equal(two.a.agent.state, 'completed');
    assert.equal(two.b.agent.state, 'completed');
    assert(!two.a.states.includes('disconnected'));
  });
});
