import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { datagramKind } from '../../src/transport/demux.ts';

describe('RFC 7983 §7 the first byte tells the protocol', () => {
  const ranges: Array<[low: number, high: number, kind: string]> = [
    [0, 3, 'stun'],
    [4, 19, 'unknown'], // 16 to 19 are ZRTP
    [20, 63, 'dtls'],
    [64, 79, 'turn-channel'],
    [80, 127, 'unknown'], // RFC 9443 gives these to QUIC
    [128, 191, 'rtp'],
    [192, 255, 'unknown'],
  ];
  for (const [low, high, kind] of ranges) {
    test(`${low} to ${high} is ${kind}`, () => {
      for (let byte = low; byte <= high; byte++) assert.equal(datagramKind(byte), kind);
    });
  }
});
