// DTLS: the latest version that both speak, by what both sides' getStats tell (W3C webrtc-stats §8.15).

import assert from 'node:assert/strict';
import type { Securing } from '../agent/agent.ts';
import type { End } from '../harness/end.ts';
import type { Run } from '../harness/run.ts';
import type { Scenario } from './scenario.ts';

/** RFC 9147 §5.3, RFC 6347 §4.1: as four hexadecimal digits. */
const DTLS_1_3 = 'FEFC';
const DTLS_1_2 = 'FEFD';
/** By both browsers' first choice. */
const HYBRID = 'X25519MLKEM768';

/** Not all of them tell, and not all that tell keep to the digits; the subject does. */
async function whatItTells(end: End): Promise<Securing | null> {
  const securing = await end.securing().catch(() => null);
  return securing && /^FEF[CD]$/.test(securing.tlsVersion) ? securing : null;
}

async function latestVersion(run: Run): Promise<void> {
  const session = await run.session();
  const { offerer, answerer } = session;
  const ends = [offerer, answerer];
  const expected = ends.every(({ implementation }) => implementation.speaksDtls13) ? DTLS_1_3 : DTLS_1_2;
  await session.open();
  await run.claim('dtls-version', `both are on ${expected}`, { from: offerer, to: answerer }, async () => {
    const told = (await Promise.all(ends.map(whatItTells))).filter((each) => each !== null);
    assert.ok(told.length > 0, 'neither side tells');
    for (const each of told) assert.equal(each.tlsVersion, expected);
    const ciphers = new Set(told.map(({ dtlsCipher }) => dtlsCipher).filter((cipher) => cipher !== ''));
    assert.ok(ciphers.size <= 1, `the ciphers are ${[...ciphers].join(' and ')}`);
    const {
      dtlsCipher,
      dtlsRole,
      millraceKeyExchangeGroup: group,
    } = told.find((each) => each.millraceKeyExchangeGroup !== '') ?? told[0]!;
    run.note(`${dtlsCipher}, ${group}, the subject's side as ${dtlsRole}`);
    if (expected === DTLS_1_3 && group !== '') assert.equal(group, HYBRID);
  });
}

export const securing: readonly Scenario[] = [
  { title: 'the latest DTLS both speak', patience: 20_000, run: latestVersion },
];
