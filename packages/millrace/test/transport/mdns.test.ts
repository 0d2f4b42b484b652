import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isHiddenName } from '../../src/transport/mdns.ts';

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
