import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExtensionTexts, isExtensionText, readExtensionText } from '@millrace/rtp';
import { newPacket, packetWith } from '../packets.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('RFC 7941 §4 SDES items as header extensions', () => {
  test('the text is told as a string, or compared as bytes', () => {
    for (const text of ['0', 'audio', 'ü', 'a long identifier']) {
      const packet = packetWith(3, bytes(text));
      assert.equal(readExtensionText(packet, 3), text);
      assert(isExtensionText(packet, 3, bytes(text)));
      assert(!isExtensionText(packet, 3, bytes(`${text}x`)));
      assert(!isExtensionText(packet, 3, bytes(`x${text.slice(1)}`)));
      assert.equal(readExtensionText(packet, 4), '');
      assert(!isExtensionText(packet, 4, bytes('')));
    }
  });

  test('of a few texts the one that a packet carries is found without a string', () => {
    const mids = new ExtensionTexts(['0', '1', '10', 'hi', 'lo']);
    for (const [i, mid] of ['0', '1', '10', 'hi', 'lo'].entries()) {
      const packet = packetWith(1, bytes(mid));
      assert.equal(mids.indexOf(packet, 1), i);
      assert.equal(mids.find(packet, 1), mid);
    }
    for (const other of ['2', '11', '100', '']) {
      assert.equal(mids.indexOf(packetWith(1, bytes(other)), 1), -1);
      assert.equal(mids.find(packetWith(1, bytes(other)), 1), undefined);
    }
    assert.equal(mids.indexOf(newPacket(), 1), -1);
  });
});
