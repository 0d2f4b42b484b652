// The subject's certificates: of several kinds, several at a time, told by several hash functions. RFC 8122 §5. With browsers,
// whose implementations differ: libwebrtc checks the last fingerprint of a description only, Firefox all.

import type { Run } from '../harness/run.ts';
import { arrives } from './arrival.ts';
import type { Scenario } from './scenario.ts';

const CASES: ReadonlyArray<readonly [what: string, kinds: readonly string[], hashes: readonly string[]]> = [
  ['an RSA certificate', ['rsa'], ['sha-256']],
  ['ECDSA, and RSA behind it', ['ecdsa', 'rsa'], ['sha-256']],
  ['RSA, and ECDSA behind it', ['rsa', 'ecdsa'], ['sha-256']],
  ['ECDSA, and Ed25519 behind it', ['ecdsa', 'ed25519'], ['sha-256']],
  ['SHA-384', ['ecdsa'], ['sha-384']],
  ['SHA-512', ['ecdsa'], ['sha-512']],
  ['SHA-256, SHA-384 and SHA-512', ['ecdsa'], ['sha-256', 'sha-384', 'sha-512']],
];

async function kinds(run: Run): Promise<void> {
  if (run.roles.subject.implementation.name !== 'millrace' || !run.roles.peer.implementation.speaksDtls13) {
    run.note('for millrace with browsers');
    return;
  }
  for (const [what, certificateKinds, fingerprintHashes] of CASES) {
    const session = await run.session({ configuration: { certificateKinds, fingerprintHashes } });
    const { offerer, answerer } = session;
    await run.claim('certificates', what, { from: offerer, to: answerer }, async () => {
      const [near, far] = await session.open();
      // Either side may find out only after the other has connected.
      await arrives(near, far, [{ text: 'to the answerer' }]);
      await arrives(far, near, [{ text: 'to the offerer' }]);
    });
    await Promise.all([offerer.close(), answerer.close()]);
  }
}

export const certificates: readonly Scenario[] = [
  { title: 'certificates and fingerprints of every kind', patience: 60_000, run: kinds },
];
