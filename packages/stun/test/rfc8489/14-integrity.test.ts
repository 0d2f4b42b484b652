import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import {
  crc32,
  METHOD_BINDING,
  MessageWriter,
  PRIORITY,
  parseMessage,
  shortTermKey,
  USERNAME,
  verifyFingerprint,
  verifyIntegrity,
  verifyIntegritySha256,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { hex } from '../hex.ts';
import { PASSWORD, REQUEST } from '../rfc5769/vectors.ts';

const KEY = shortTermKey(PASSWORD);
const ID = hex('b7e7a701bc34d686fa87dfae');

function built(add: (writer: MessageWriter) => void): Uint8Array {
  const out = new Uint8Array(400);
  const writer = new MessageWriter().begin(out, 0, out.length, 'request', METHOD_BINDING, ID);
  writer.add(USERNAME, 'evtj:h6vY');
  add(writer);
  return out.slice(0, writer.finish());
}

describe('RFC 8489 §14.5 to §14.7 integrity and fingerprint', () => {
  test('CRC-32 of "123456789" is cbf43926', () => {
    assert.equal(crc32(new TextEncoder().encode('123456789'), 0, 9), 0xcbf43926);
  });

  test('CRC-32 of any bytes, from anywhere to anywhere, is that of zlib', () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, i) => (i * 167 + 91) & 0xff);
    for (let at = 0; at < 8; at++)
      for (let end = at; end <= bytes.length; end++)
        assert.equal(crc32(bytes, at, end), zlibCrc32(bytes.subarray(at, end)));
  });

  test('one flipped bit anywhere breaks the fingerprint, and the integrity where it covers it', () => {
    for (let at = 0; at < REQUEST.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = REQUEST.slice();
        bytes[at] = bytes[at]! ^ (1 << bit);
        const message = parseMessage(bytes, 0, bytes.length);
        if (message === undefined) continue;
        assert(!verifyFingerprint(message), `byte ${at} bit ${bit}`);
        assert.equal(verifyIntegrity(message, KEY, nodeStunCrypto), at >= REQUEST.length - 8, `byte ${at}`);
        assert.equal(message.bytes[3], bytes[3], 'the length is as it was');
      }
    }
  });

  test('another password is not authentic', () => {
    const message = parseMessage(REQUEST.slice(), 0, REQUEST.length)!;
    assert(!verifyIntegrity(message, shortTermKey(`${PASSWORD}x`), nodeStunCrypto));
    assert(!verifyIntegritySha256(message, KEY, nodeStunCrypto), 'there is none');
  });

  test('§14.6: SHA-256 stands beside SHA-1, and each covers what comes before it', () => {
    const bytes = built((writer) =>
      writer.addIntegrity(KEY, nodeStunCrypto).addIntegritySha256(KEY, nodeStunCrypto).addFingerprint(),
    );
    const message = parseMessage(bytes, 0, bytes.length)!;
    assert(verifyIntegrity(message, KEY, nodeStunCrypto));
    assert(verifyIntegritySha256(message, KEY, nodeStunCrypto));
    assert(verifyFingerprint(message));
  });

  test('§14.6: a shortened SHA-256 is taken only where the usage allows it, and never below 16 bytes', () => {
    for (const [length, least, good] of [
      [32, 32, true],
      [28, 32, false],
      [28, 16, true],
      [16, 16, true],
      [12, 12, false],
      [18, 16, false],
    ] as const) {
      const whole = built((writer) => writer.addIntegritySha256(KEY, nodeStunCrypto));
      const value = whole.length - 32;
      const padding = (4 - (length % 4)) % 4;
      const bytes = whole.slice(0, value + length + padding);
      bytes[value - 1] = length;
      bytes[3] = bytes.length - 20;
      // The header's length is covered: hash again as the sender of a shortened value would.
      const mac = new Uint8Array(32);
      nodeStunCrypto.hmacSha256(KEY, bytes, 0, value - 4, mac, 0);
      bytes.set(mac.subarray(0, length), value);
      const message = parseMessage(bytes, 0, bytes.length)!;
      assert.equal(
        verifyIntegritySha256(message, KEY, nodeStunCrypto, least),
        good && padding === 0,
        `${length} of at least ${least}`,
      );
    }
  });

  test('§14.5: what follows the integrity is ignored, since anyone could have added it', () => {
    const bytes = built((writer) =>
      writer.addIntegrity(KEY, nodeStunCrypto).add(PRIORITY, 7).addFingerprint(),
    );
    const message = parseMessage(bytes, 0, bytes.length)!;
    assert.equal(message.get(PRIORITY), undefined);
    assert(verifyIntegrity(message, KEY, nodeStunCrypto));
    assert(verifyFingerprint(message));
  });

  test('§14.7: a message with anything behind its FINGERPRINT is malformed', () => {
    const bytes = built((writer) => writer.addFingerprint().add(PRIORITY, 7));
    assert.equal(parseMessage(bytes, 0, bytes.length), undefined);
  });
});
