import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RTCPeerConnection } from 'millrace';
import { parseServerUrl } from '../../src/servers/ice-server.ts';

describe('RFC 7064 §3 and RFC 7065 §3: server URLs', () => {
  const right: Array<[url: string, kind: string, transport: string, host: string, port: number]> = [
    ['stun:example.org', 'stun', 'udp', 'example.org', 3478],
    ['STUN:example.org:19302', 'stun', 'udp', 'example.org', 19302],
    ['stuns:example.org', 'stun', 'tls', 'example.org', 5349],
    ['turn:192.0.2.1', 'turn', 'udp', '192.0.2.1', 3478],
    ['turn:example.org?transport=tcp', 'turn', 'tcp', 'example.org', 3478],
    ['turn:example.org:80?transport=udp', 'turn', 'udp', 'example.org', 80],
    ['turns:example.org', 'turn', 'tls', 'example.org', 5349],
    ['turns:example.org?transport=tcp', 'turn', 'tls', 'example.org', 5349],
    ['turns:example.org?transport=udp', 'turn', 'tls', 'example.org', 5349],
    ['turn:[2001:db8::1]:3479', 'turn', 'udp', '2001:db8::1', 3479],
  ];
  for (const [url, ...seen] of right) {
    test(url, () => {
      const { kind, transport, host, port } = parseServerUrl(url);
      assert.deepEqual([kind, transport, host, port], seen);
    });
  }

  for (const url of [
    '',
    'stun:',
    'http:example.org',
    'stun://example.org',
    'stun:example.org/path',
    'stun:example.org?transport=udp',
    'turn:example.org?transport=sctp',
    'turn:example.org:0',
    'turn:example.org:65536',
    'turn:user@example.org',
    'turn:2001:db8::1',
    ' turn:example.org',
  ]) {
    test(`${JSON.stringify(url)} is a SyntaxError`, () => {
      assert.throws(() => parseServerUrl(url), { name: 'SyntaxError' });
    });
  }
});

describe('RFC 8489 §14.3, W3C webrtc-pc §4.2.4: user names', () => {
  const open = (urls: string, username: string): void =>
    new RTCPeerConnection({ iceServers: [{ urls, username, credential: 'secret' }] }).close();

  test('of 508 bytes are the longest, in UTF-8', () => {
    open('turn:example.org', 'u'.repeat(508));
    open('turn:example.org', 'ü'.repeat(254));
    for (const username of ['u'.repeat(509), 'ü'.repeat(255)])
      assert.throws(() => open('turn:example.org', username), { name: 'InvalidAccessError' });
  });

  test('STUN servers need none', () => open('stun:example.org', 'u'.repeat(509)));
});
