// The vectors for P_SHA256 and P_SHA384 were published on the TLS working group's list in 2009 (message 03416).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { prf } from '../../src/key-schedule/prf.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { hex } from '../fixtures/records.ts';

describe('RFC 5246 §5 the pseudorandom function', () => {
  test('expands with SHA-256 as the published vector says', () => {
    const secret = hex('9bbe436ba940f017b17652849a71db35');
    const seed = hex('a0ba9f936cda311827a6f796ffd5198c');
    const expected = hex(`
      e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af
      0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
      87347b66`);
    assert.deepEqual(prf(nodeDtlsCrypto, 'sha-256', secret, 'test label', seed, 100), expected);
  });

  test('expands with SHA-384 as the published vector says', () => {
    const secret = hex('b80b733d6ceefcdc71566ea48e5567df');
    const seed = hex('cd665cf6a8447dd6ff8b27555edb7465');
    const expected = hex(`
      7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0
      e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425
      9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e099070
      3d73e56f`);
    assert.deepEqual(prf(nodeDtlsCrypto, 'sha-384', secret, 'test label', seed, 148), expected);
  });

  test('a shorter output is the beginning of a longer one, at every length', () => {
    const secret = hex('00112233');
    const whole = prf(nodeDtlsCrypto, 'sha-256', secret, 'label', secret, 100);
    for (let length = 0; length <= 100; length++) {
      assert.deepEqual(
        prf(nodeDtlsCrypto, 'sha-256', secret, 'label', secret, length),
        whole.slice(0, length),
      );
    }
  });
});
