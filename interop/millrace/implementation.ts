import { readFileSync } from 'node:fs';
import { forkRemote } from '../harness/child-remote.ts';
import { EVERYTHING, type Implementation } from '../harness/implementation.ts';

const MANIFEST = new URL('../../packages/millrace/package.json', import.meta.url);

export const millrace: Implementation = {
  name: 'millrace',
  missing: () => undefined,
  version: () => (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string }).version,
  launch: () => forkRemote(new URL('./child.ts', import.meta.url)),
  canHideAddresses: false,
  canInterleave: true,
  speaksDtls13: true,
  offersHeldRole: true,
  capacity: EVERYTHING,
  defects: [],
};
