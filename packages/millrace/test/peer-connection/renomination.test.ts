import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RTCConfiguration } from 'millrace';
import { connectedPair, LOOPBACK } from './pair.ts';

const YES: RTCConfiguration = { millrace: { ...LOOPBACK.millrace, renomination: true } };

describe('draft-thatcher-ice-renomination: the option in descriptions', () => {
  test('is said by whoever wants it, and connects with and without', async () => {
    for (const [configA, configB] of [
      [YES, YES],
      [YES, LOOPBACK],
      [LOOPBACK, YES],
    ] as const) {
      const { a, b, close } = await connectedPair(configA, configB);
      for (const [pc, config] of [
        [a, configA],
        [b, configB],
      ] as const)
        assert.equal(/a=ice-options:.*renomination/.test(pc.localDescription!.sdp), config === YES);
      close();
    }
  });
});
