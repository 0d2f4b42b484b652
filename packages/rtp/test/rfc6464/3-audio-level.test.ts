import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audioLevel, hasVoice, readAudioLevel, SILENCE, writeAudioLevel } from '@millrace/rtp';
import { extensionHex, newPacket } from '../packets.ts';

test('RFC 6464 §3 a bit for speech, and a level from 0 to 127 dB below the loudest', () => {
  const packet = newPacket();
  assert.equal(readAudioLevel(packet, 4), -1);
  for (const voice of [true, false])
    for (let level = 0; level <= SILENCE; level++) {
      assert(writeAudioLevel(packet, 4, level, voice));
      assert.equal(extensionHex(packet, 4), (level | (voice ? 128 : 0)).toString(16).padStart(2, '0'));
      const value = readAudioLevel(packet, 4);
      assert.deepEqual([audioLevel(value), hasVoice(value)], [level, voice]);
    }
  assert.equal(writeAudioLevel(newPacket(0), 4, 1, true), false);
});
