import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isHiddenName, resolveHiddenName } from '../../src/transport/mdns.ts';

describe('draft-ietf-mmusic-mdns-ice-candidates §3.1.1 hidden names', () => {
  test('are UUIDs below .local', () => {
    assert.ok(isHiddenName('3d3ca853-280d-4ec1-bd49-0bfca475e983.local'));
    assert.ok(isHiddenName('3D3CA853-280D-4EC1-BD49-0BFCA475E983.LOCAL.'));
  });

  test('addresses, other names and names of other hosts are none', () => {
    for (const name of [
      '192.0.2.1',
      '::1',
      'printer.local',
      'a.b.local',
      '.local',
      'example.org',
      `${'a'.repeat(65)}.local`,
    ]) {
      assert.ok(!isHiddenName(name), name);
    }
  });
});

describe('questions for hidden names', () => {
  const name = (i: number): string => `${String(i).padStart(8, '0')}-280d-4ec1-bd49-0bfca475e983.local`;

  test('end with whoever asked: no timer and no socket is left', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    const before = timers();
    const session = new AbortController();
    const answers = [name(1), name(1), name(2)].map((asked) => resolveHiddenName(asked, session.signal));
    assert.ok(timers() > before);
    session.abort();
    assert.deepEqual(await Promise.all(answers), [[], [], []]);
    assert.equal(timers(), before);
    assert.deepEqual(await resolveHiddenName(name(3), session.signal), []);
  });

  test('are 64 at a time, whether for many names or for one', async () => {
    for (const nameOf of [name, () => name(0)]) {
      const session = new AbortController();
      let open = 0;
      const ask = (i: number): Promise<unknown> => {
        open++;
        return resolveHiddenName(nameOf(i), session.signal).then(() => open--);
      };
      const answers = Array.from({ length: 65 }, (_, i) => ask(i));
      await new Promise((resolve) => process.nextTick(resolve));
      await answers[64];
      assert.equal(open, 64);
      session.abort();
      await Promise.all(answers);
    }
  });
});
