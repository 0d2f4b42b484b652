import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalAddress, formatAddress, parseAddress } from '@millrace/stun';
import fc from 'fast-check';

describe('RFC 5952 §4 and RFC 4291 §2.2 addresses', () => {
  const same: Array<[text: string, canonical: string]> = [
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1::', '1::'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['::FFFF:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['fe80::1%eth0', 'fe80::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ];
  for (const [text, canonical] of same) {
    test(`${text} is written ${canonical}`, () => {
      assert.equal(canonicalAddress(text), canonical);
      assert.equal(canonicalAddress(canonical), canonical);
    });
  }

  const wrong = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.-4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3',
    'fe80::1%',
    'host.local',
    `::${'0'.repeat(200)}`,
  ];
  for (const text of wrong)
    test(`${JSON.stringify(text)} is no address`, () => assert.equal(parseAddress(text), undefined));

  test('any 16 bytes survive their text, and any text is read without throwing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.nat(0xffff),
        fc.string(),
        (bytes, mask, junk) => {
          for (let i = 0; i < 16; i++) if ((mask >> i) & 1) bytes[i] = 0;
          assert.deepEqual(parseAddress(formatAddress(bytes, 0, 16)), bytes);
          parseAddress(junk);
          parseAddress(`${junk}:${junk}`);
        },
      ),
      { numRuns: 500 },
    );
  });
});
