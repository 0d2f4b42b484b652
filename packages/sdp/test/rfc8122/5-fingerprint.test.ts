import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkOffer, parseSessionDescription, strongFingerprints } from '@millrace/sdp';
import { CHROMIUM_OFFER, codeOf, edit, FIREFOX_OFFER, parsed, section } from '../descriptions.ts';

const hex = (bytes: number): string => Array.from({ length: bytes }, () => 'ab').join(':');
const withFingerprints = (...values: string[]): string =>
  edit(CHROMIUM_OFFER, 'a=fingerprint', ...values.map((value) => `a=fingerprint:${value}`));

describe('RFC 8122 §5 fingerprint', () => {
  test('hash names are matched without case, values are upper case', () => {
    assert.deepEqual(section(withFingerprints(`SHA-256 ${hex(32)}`)).fingerprints, [
      { algorithm: 'sha-256', value: hex(32).toUpperCase() },
    ]);
  });

  test('a fingerprint at session level holds for sections that have none', () => {
    assert.equal(section(FIREFOX_OFFER).fingerprints.length, 1);
    assert.match(section(FIREFOX_OFFER).fingerprints[0]?.value ?? '', /^FC:CD:46:.*:ED:18$/);
  });

  test('one at session level does not add to those of the section', () => {
    const sdp = edit(FIREFOX_OFFER, 'a=mid', 'a=mid:0', `a=fingerprint:sha-384 ${hex(48)}`);
    assert.deepEqual(
      section(sdp).fingerprints.map(({ algorithm }) => algorithm),
      ['sha-384'],
    );
  });

  test('several are kept, and only SHA-256 and stronger count as identity', () => {
    const sdp = withFingerprints(
      `sha-1 ${hex(20)}`,
      `sha-256 ${hex(32)}`,
      `sha-384 ${hex(48)}`,
      `sha-512 ${hex(64)}`,
      `md5 ${hex(16)}`,
    );
    assert.equal(section(sdp).fingerprints.length, 5);
    assert.deepEqual(
      strongFingerprints(section(sdp)).map(({ algorithm }) => algorithm),
      ['sha-256', 'sha-384', 'sha-512'],
    );
    assert.equal(checkOffer(parsed(sdp)), undefined);
  });

  test('a description without a fingerprint is MISSING_FINGERPRINT', () => {
    assert.equal(codeOf(checkOffer(parsed(edit(CHROMIUM_OFFER, 'a=fingerprint')))), 'MISSING_FINGERPRINT');
  });

  test('one with weak hashes only is UNSUPPORTED_FINGERPRINT', () => {
    const sdp = withFingerprints(`sha-1 ${hex(20)}`, `md5 ${hex(16)}`, `constructor ${hex(4)}`);
    assert.equal(codeOf(checkOffer(parsed(sdp))), 'UNSUPPORTED_FINGERPRINT');
  });

  const malformed = [
    `sha-256 ${hex(31)}`,
    `sha-256 ${hex(33)}`,
    `sha-512 ${hex(63)}`,
    `sha-256 ${hex(32)}:`,
    `sha-256 ${hex(32).replaceAll(':', '')}`,
    `sha-256 ${hex(32).replace('a', 'g')}`,
    `sha-256 ${hex(32)} x`,
    'sha-256',
    '',
  ];
  for (const value of malformed) {
    test(`'${value.length > 30 ? `${value.slice(0, 14)}...${value.slice(-6)}` : value}' is MALFORMED_ATTRIBUTE (${value.length})`, () => {
      assert.equal(codeOf(parseSessionDescription(withFingerprints(value))), 'MALFORMED_ATTRIBUTE');
    });
  }
});
