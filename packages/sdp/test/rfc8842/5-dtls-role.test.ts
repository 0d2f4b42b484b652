import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  answerSetup,
  checkAnswer,
  checkOffer,
  createAnswer,
  createOffer,
  type DtlsRole,
  dataSection,
  dtlsRole,
  offerSetup,
  parseSessionDescription,
  type Setup,
} from '@millrace/sdp';
import { CHROMIUM_OFFER, codeOf, edit, good, LOCAL, parsed } from '../descriptions.ts';

const SETUPS: Array<Setup | undefined> = ['actpass', 'active', 'passive', 'holdconn', undefined];

describe('RFC 8842 §5 setup and DTLS roles', () => {
  const answers: Array<[offered: Setup | undefined, held: DtlsRole | undefined, answer: string]> = [
    ['actpass', undefined, 'active'],
    ['active', undefined, 'passive'],
    ['passive', undefined, 'active'],
    [undefined, undefined, 'passive'], // RFC 4145 §4: saying nothing means active
    ['holdconn', undefined, 'MALFORMED_SETUP'],
    ['actpass', 'client', 'active'],
    ['actpass', 'server', 'passive'],
    ['active', 'server', 'passive'],
    ['active', 'client', 'DTLS_ROLE_CHANGED'],
    ['passive', 'client', 'active'],
    ['passive', 'server', 'DTLS_ROLE_CHANGED'],
  ];
  for (const [offered, held, expected] of answers) {
    test(`§5.3 an offer of ${offered ?? 'nothing'}, answered by ${held ?? 'who has no role yet'}: ${expected}`, () => {
      const answer = answerSetup(offered, held);
      assert.equal(codeOf(answer) ?? answer, expected);
    });
  }

  test('§5.3 who would rather be server says so when the offer leaves the choice', () => {
    assert.equal(answerSetup('actpass', undefined, 'server'), 'passive');
    assert.equal(answerSetup('passive', undefined, 'server'), 'active');
  });

  test('§5.2 a first offer leaves the choice, a later one names the role held', () => {
    assert.equal(offerSetup(), 'actpass');
    assert.equal(offerSetup('client'), 'active');
    assert.equal(offerSetup('server'), 'passive');
  });

  test('§5.3 both sides come to opposite roles, or both see what is wrong', () => {
    for (const offered of SETUPS)
      for (const answered of SETUPS) {
        const offerer = dtlsRole('offerer', offered, answered);
        const answerer = dtlsRole('answerer', offered, answered);
        if (typeof offerer === 'string') assert.notEqual(offerer, answerer);
        else assert.equal(codeOf(offerer), codeOf(answerer));
      }
  });

  test('§5.3 two sides with the same role are SAME_DTLS_ROLE', () => {
    assert.equal(codeOf(dtlsRole('offerer', 'active', 'active')), 'SAME_DTLS_ROLE');
    assert.equal(codeOf(dtlsRole('offerer', 'passive', 'passive')), 'SAME_DTLS_ROLE');
    assert.equal(codeOf(dtlsRole('offerer', 'passive', undefined)), 'SAME_DTLS_ROLE');
  });

  test('§5.5 an answer that reverses the roles of a live session is DTLS_ROLE_CHANGED', () => {
    assert.equal(codeOf(dtlsRole('offerer', 'actpass', 'active', 'client')), 'DTLS_ROLE_CHANGED');
    assert.equal(dtlsRole('offerer', 'actpass', 'active', 'server'), 'server');
  });

  test('§5.3 an answer of actpass or holdconn is MALFORMED_SETUP', () => {
    const offer = createOffer(LOCAL);
    for (const setup of ['actpass', 'holdconn'])
      assert.equal(
        codeOf(checkAnswer(parsed(edit(CHROMIUM_OFFER, 'a=setup', `a=setup:${setup}`)), offer)),
        'MALFORMED_SETUP',
      );
  });

  test('§5.2 an offer of holdconn is MALFORMED_SETUP, a setup that does not exist MALFORMED_ATTRIBUTE', () => {
    assert.equal(
      codeOf(checkOffer(parsed(edit(CHROMIUM_OFFER, 'a=setup', 'a=setup:holdconn')))),
      'MALFORMED_SETUP',
    );
    const sdp = edit(CHROMIUM_OFFER, 'a=setup', 'a=setup:maybe');
    assert.equal(codeOf(parseSessionDescription(sdp)), 'MALFORMED_ATTRIBUTE');
  });

  test('the fault between browsers: the answerer that restarts ICE offers the role it holds', () => {
    // Firefox offers -> we answer active -> we restart ICE: actpass would make Firefox answer active as well.
    const first = good(createAnswer(LOCAL, parsed(CHROMIUM_OFFER)));
    const role = good(dtlsRole('answerer', 'actpass', dataSection(first)?.setup));
    assert.equal(role, 'client');
    const restart = createOffer({ ...LOCAL, heldRole: role }, first);
    assert.equal(dataSection(restart)?.setup, 'active');
  });
});
