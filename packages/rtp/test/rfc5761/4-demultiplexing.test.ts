import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRtcp } from '@millrace/rtp';

test('RFC 5761 §4 the packet types 192 to 223 are RTCP, every other second byte is RTP', () => {
  for (let second = 0; second < 256; second++)
    assert.equal(isRtcp(Uint8Array.of(0, 0x80, second), 1), second >= 192 && second <= 223, `${second}`);
});
