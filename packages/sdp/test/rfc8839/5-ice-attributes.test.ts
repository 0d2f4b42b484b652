import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  checkOffer,
  createOffer,
  formatSessionDescription,
  isIceRestart,
  type LocalDescriptionInit,
  MAX_CANDIDATES,
  RENOMINATION,
} from '@millrace/sdp';
import {
  CHROMIUM_OFFER,
  codeOf,
  edit,
  FIREFOX_OFFER,
  NODE_DATACHANNEL_OFFER,
  parsed,
  section,
  WERIFT_ANSWER,
} from '../descriptions.ts';

const checked = (sdp: string): string | undefined => codeOf(checkOffer(parsed(sdp)));

describe('RFC 8839 §5 ICE attributes', () => {
  test('§5.4 ufrag and password are read in either order', () => {
    assert.deepEqual(section(FIREFOX_OFFER).ice, {
      usernameFragment: 'd1b9a527',
      password: 'e3c7674477b4588d01ee0c87eb9b4a14',
    });
  });

  test('§5.4 ufrag and password at session level hold for sections that have none', () => {
    const bare = edit(edit(CHROMIUM_OFFER, 'a=ice-ufrag'), 'a=ice-pwd');
    const sdp = edit(bare, 't=0 0', 't=0 0', 'a=ice-ufrag:sess', `a=ice-pwd:${'s'.repeat(22)}`);
    assert.deepEqual(section(sdp).ice, { usernameFragment: 'sess', password: 's'.repeat(22) });
    assert.equal(checked(sdp), undefined);
  });

  test('§5.4 a numeric ufrag stays the text it is', () => {
    assert.equal(section(WERIFT_ANSWER).ice?.usernameFragment, '5213');
    assert.equal(
      section(edit(CHROMIUM_OFFER, 'a=ice-ufrag', 'a=ice-ufrag:0012')).ice?.usernameFragment,
      '0012',
    );
  });

  test('§5.4 without ufrag or password there is no connecting: MISSING_ICE_CREDENTIALS', () => {
    assert.equal(checked(edit(CHROMIUM_OFFER, 'a=ice-ufrag')), 'MISSING_ICE_CREDENTIALS');
    assert.equal(checked(edit(CHROMIUM_OFFER, 'a=ice-pwd')), 'MISSING_ICE_CREDENTIALS');
  });

  const lengths: Array<[attribute: string, length: number, code: string | undefined]> = [
    ['a=ice-ufrag:', 3, 'MALFORMED_ICE_CREDENTIALS'],
    ['a=ice-ufrag:', 4, undefined],
    ['a=ice-ufrag:', 256, undefined],
    ['a=ice-ufrag:', 257, 'MALFORMED_ICE_CREDENTIALS'],
    ['a=ice-pwd:', 21, 'MALFORMED_ICE_CREDENTIALS'],
    ['a=ice-pwd:', 22, undefined],
    ['a=ice-pwd:', 256, undefined],
    ['a=ice-pwd:', 257, 'MALFORMED_ICE_CREDENTIALS'],
  ];
  for (const [attribute, length, code] of lengths) {
    test(`§5.4 ${attribute} of ${length} characters is ${code ?? 'taken'}`, () => {
      assert.equal(checked(edit(CHROMIUM_OFFER, attribute, attribute + 'x'.repeat(length))), code);
    });
  }

  test('§5.1 characters that are no ice-char are MALFORMED_ICE_CREDENTIALS', () => {
    assert.equal(
      checked(edit(CHROMIUM_OFFER, 'a=ice-ufrag', 'a=ice-ufrag:ab cd')),
      'MALFORMED_ICE_CREDENTIALS',
    );
  });

  test('§5.6 options are read at either level, with blanks or the comma of libdatachannel', () => {
    assert.deepEqual(section(FIREFOX_OFFER).iceOptions, ['trickle']);
    assert.deepEqual(section(NODE_DATACHANNEL_OFFER).iceOptions, ['ice2', 'trickle']);
    const sped = edit(CHROMIUM_OFFER, 'a=ice-options', 'a=ice-options:trickle sped googspedv1');
    assert.deepEqual(section(sped).iceOptions, ['trickle', 'sped', 'googspedv1']);
  });

  test('§5.3 ice-lite is read', () => {
    assert.equal(parsed(CHROMIUM_OFFER).iceLite, false);
    assert.equal(parsed(edit(CHROMIUM_OFFER, 't=0 0', 't=0 0', 'a=ice-lite')).iceLite, true);
  });

  test('§5.1 candidates are kept as they are written', () => {
    assert.deepEqual(section(NODE_DATACHANNEL_OFFER).candidates, [
      'candidate:2 1 UDP 2116026111 fd00::2 34044 typ host',
      'candidate:1 1 UDP 2114977791 192.0.2.2 34044 typ host',
    ]);
    assert.ok(MAX_CANDIDATES > 2);
  });

  test('§4.4.1.1.1 either new credential is a restart', () => {
    const before = section(CHROMIUM_OFFER);
    assert.equal(isIceRestart(before, section(CHROMIUM_OFFER)), false);
    assert.equal(
      isIceRestart(before, section(edit(CHROMIUM_OFFER, 'a=ice-ufrag', 'a=ice-ufrag:new1'))),
      true,
    );
    assert.equal(
      isIceRestart(before, section(edit(CHROMIUM_OFFER, 'a=ice-pwd', `a=ice-pwd:${'n'.repeat(24)}`))),
      true,
    );
  });

  test('§5.6 the option renomination is written beside the others if asked for, and read', () => {
    const origin = { username: '-', sessionId: '1', sessionVersion: '1', address: '127.0.0.1' };
    const ice = { usernameFragment: 'ufra', password: 'p'.repeat(22) };
    const init: LocalDescriptionInit = { origin, ice, fingerprints: [], maxMessageSize: 1_000 };
    const text = formatSessionDescription(createOffer({ ...init, renomination: true }));
    assert.match(text, /\r\na=ice-options:ice2 trickle renomination\r\n/);
    assert.deepEqual(section(text).iceOptions, ['ice2', 'trickle', RENOMINATION]);
    assert.doesNotMatch(formatSessionDescription(createOffer(init)), /renomination/);
  });
});
