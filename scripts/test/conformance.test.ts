import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gatherClaims, renderConformance } from '../conformance/claims.ts';

const SOURCE = `
describe('RFC 9260 §6.3.3 handle T3-rtx expiration', () => {
  test('E2: the RTO doubles', () => { const x = ')'; });
  describe('and within', () => {
    test("doesn't fall below the minimum", () => {});
  });
  for (const [name] of cases) test(\`case \${name}\`, () => {});
});
describe('what no RFC says', () => {
  test('a thing of our own', () => {});
  test('RFC 3758 §3.5: a lone claim', () => {});
});
// test('RFC 1 §1: in a comment', () => {});
test('RFC 9260 §10: far down', () => {});
`;

describe('the conformance document', () => {
  test('takes the section from the test or from the nearest describe around it', () => {
    assert.deepEqual(
      gatherClaims('a.test.ts', SOURCE).map(({ rfc, section, title, test }) => [rfc, section, title, test]),
      [
        ['RFC 9260', '6.3.3', 'handle T3-rtx expiration', 'E2: the RTO doubles'],
        ['RFC 9260', '6.3.3', 'handle T3-rtx expiration', "doesn't fall below the minimum"],
        ['RFC 9260', '6.3.3', 'handle T3-rtx expiration', ''],
        ['RFC 3758', '3.5', '', 'a lone claim'],
        ['RFC 9260', '10', '', 'far down'],
      ],
    );
  });

  test('sorts RFCs and sections by their numbers', () => {
    const headings = renderConformance(gatherClaims('a.test.ts', SOURCE)).match(/^##+ .*$/gm);
    assert.deepEqual(headings, [
      '## RFC 3758',
      '### §3.5',
      '## RFC 9260',
      '### §6.3.3 handle T3-rtx expiration',
      '### §10',
    ]);
  });
});
