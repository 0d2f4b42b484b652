import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ICE_CONTROLLED,
  longTermKey,
  METHOD_BINDING,
  MessageWriter,
  NONCE,
  PASSWORD_ALGORITHM,
  PRIORITY,
  parseMessage,
  REALM,
  SOFTWARE,
  type StunMessage,
  shortTermKey,
  USERHASH,
  USERNAME,
  userHash,
  verifyFingerprint,
  verifyIntegrity,
  verifyIntegritySha256,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import {
  IPV4_RESPONSE,
  IPV6_RESPONSE,
  KATAKANA_USER,
  LONG_TERM_REQUEST,
  PASSWORD,
  REQUEST,
  SHA256_REQUEST,
} from './vectors.ts';

function parsed(bytes: Uint8Array): StunMessage {
  const message = parseMessage(bytes.slice(), 0, bytes.length);
  assert(message);
  return message;
}

describe('RFC 5769 §2 test vectors', () => {
  test('§2.1: the request is read, authentic and whole', () => {
    const message = parsed(REQUEST);
    assert.equal(message.messageClass, 'request');
    assert.equal(message.method, METHOD_BINDING);
    assert.equal(message.get(SOFTWARE), 'STUN test client');
    assert.equal(message.get(PRIORITY), 0x6e0001ff);
    assert.equal(message.get(ICE_CONTROLLED), 0x932ff9b151263b36n);
    assert.equal(message.get(USERNAME), 'evtj:h6vY');
    assert(verifyIntegrity(message, shortTermKey(PASSWORD), nodeStunCrypto));
    assert(verifyFingerprint(message));
    assert.deepEqual(message.unknownRequired, []);
  });

  test('§2.2: the IPv4 response is read, authentic and whole', () => {
    const message = parsed(IPV4_RESPONSE);
    assert.equal(message.messageClass, 'success');
    assert.deepEqual(message.get(XOR_MAPPED_ADDRESS), { address: '192.0.2.1', port: 32853 });
    assert(verifyIntegrity(message, shortTermKey(PASSWORD), nodeStunCrypto));
    assert(verifyFingerprint(message));
  });

  test('§2.3: the IPv6 response is read, authentic and whole', () => {
    const message = parsed(IPV6_RESPONSE);
    assert.deepEqual(message.get(XOR_MAPPED_ADDRESS), {
      address: '2001:db8:1234:5678:11:2233:4455:6677',
      port: 32853,
    });
    assert(verifyIntegrity(message, shortTermKey(PASSWORD), nodeStunCrypto));
    assert(verifyFingerprint(message));
  });

  test('§2.4: the long-term request is authentic with the MD5 key', () => {
    const message = parsed(LONG_TERM_REQUEST);
    assert.equal(message.get(USERNAME), KATAKANA_USER);
    assert.equal(message.get(NONCE), 'f//499k954d6OL34oL9FSTvy64sA');
    assert.equal(message.get(REALM), 'example.org');
    const key = longTermKey(KATAKANA_USER, 'example.org', 'TheMatrIX', nodeStunCrypto);
    assert(verifyIntegrity(message, key, nodeStunCrypto));
    assert(!verifyFingerprint(message), 'it has none');
  });

  test('RFC 8489 §B.1: the request is authentic with the SHA-256 key, and built again bit by bit', () => {
    const message = parsed(SHA256_REQUEST);
    const hash = userHash(KATAKANA_USER, 'example.org', nodeStunCrypto);
    assert.deepEqual(message.get(USERHASH), hash);
    const algorithm = message.get(PASSWORD_ALGORITHM);
    assert.deepEqual(algorithm, { algorithm: 2, parameters: new Uint8Array(0) });
    const key = longTermKey(KATAKANA_USER, 'example.org', 'TheMatrIX', nodeStunCrypto, 'sha256');
    assert(verifyIntegritySha256(message, key, nodeStunCrypto));

    const out = new Uint8Array(200);
    const length = new MessageWriter()
      .begin(out, 0, out.length, 'request', METHOD_BINDING, message.transactionId)
      .add(USERHASH, hash)
      .add(NONCE, 'obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA')
      .add(REALM, 'example.org')
      .add(PASSWORD_ALGORITHM, algorithm!)
      .addIntegritySha256(key, nodeStunCrypto)
      .finish();
    assert.deepEqual(out.subarray(0, length), SHA256_REQUEST);
  });

  test('§2.4: the long-term request is built again bit by bit', () => {
    const key = longTermKey(KATAKANA_USER, 'example.org', 'TheMatrIX', nodeStunCrypto);
    const out = new Uint8Array(200).fill(0xff);
    const length = new MessageWriter()
      .begin(out, 7, out.length, 'request', METHOD_BINDING, parsed(LONG_TERM_REQUEST).transactionId)
      .add(USERNAME, KATAKANA_USER)
      .add(NONCE, 'f//499k954d6OL34oL9FSTvy64sA')
      .add(REALM, 'example.org')
      .addIntegrity(key, nodeStunCrypto)
      .finish();
    assert.deepEqual(out.subarray(7, 7 + length), LONG_TERM_REQUEST);
  });
});
