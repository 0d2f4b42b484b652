import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bothSelected, introduced } from './two-agents.ts';

describe('RFC 8445 §14 on lossy paths', () => {
  for (const [loss, median, worst] of [
    [0.05, 25, 2_000],
    [0.1, 60, 3_000],
    [0.3, 350, 8_000],
  ] as const) {
    test(`at ${loss * 100} % loss 300 seeds connect, half of them within ${median} ms, all within ${worst} ms`, () => {
      const times: number[] = [];
      for (let seed = 1; seed <= 300; seed++) {
        const two = introduced({ seed, wire: { delay: 10, loss, jitter: 2 } });
        assert(
          two.network.run(60_000, () => bothSelected(two)),
          `seed ${seed} at ${loss * 100} %`,
        );
        times.push(two.network.now);
      }
      times.sort((a, b) => a - b);
      assert(times[150]! <= median, `median ${times[150]}`);
      assert(times[299]! <= worst, `worst ${times[299]}`);
    });
  }

  test('at 10 % loss, duplication, reordering and corruption an hour passes without a failure', () => {
    const two = introduced({
      seed: 4,
      wire: { delay: 20, jitter: 10, loss: 0.1, duplicate: 0.05, reorder: 0.1, corrupt: 0.05 },
    });
    two.network.run(3_600_000);
    for (const host of [two.a, two.b]) {
      assert.match(host.agent.state, /^(connected|completed|disconnected)$/);
      assert(!host.states.includes('failed'));
      assert(host.agent.stats.drops['bad-fingerprint'] > 0);
    }
  });
});
