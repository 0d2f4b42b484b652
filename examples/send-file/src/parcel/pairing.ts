// The secret at the end of an invitation, `.` and 16 characters: 80 random bits that no server ever sees. With it each side
// proves which certificates it sees on the connection, its own and the other's: a server or a network that puts itself
// between the two has to show others. So much chance needs no PAKE: trying secrets leads nowhere.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isInvite } from '@millrace/signaling/client';

export interface Pairing {
  /** What the signaling client is given. */
  readonly invite: string | undefined;
  readonly token: string | undefined;
  /** Empty if the invitation had none. */
  readonly secret: string;
}

export interface Descriptions {
  readonly local: string;
  readonly remote: string;
}

const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const SECRET_LENGTH = 16;
const WITH_SECRET = /^(\S+)\.([a-z2-9]{16})$/;

/** Takes the invitation out of a command's positional arguments, if there is one; draws a secret if none is given. */
export function takePairing(
  values: { readonly invite?: string | undefined; readonly token?: string | undefined },
  positionals: string[],
): Pairing {
  const at = positionals.findIndex((text) => isInvite(WITH_SECRET.exec(text)?.[1] ?? text));
  const invite = values.invite ?? (at < 0 ? undefined : positionals.splice(at, 1)[0]);
  const given = invite ?? values.token;
  if (given === undefined) return { invite, token: undefined, secret: drawSecret() };
  const [, plain = given, secret = ''] = WITH_SECRET.exec(given) ?? [];
  return invite === undefined
    ? { invite, token: plain, secret }
    : { invite: plain, token: values.token, secret };
}

/** What the side of that role has to say of a connection that has these session descriptions. */
export function proofOf(secret: string, role: string, { local, remote }: Descriptions): string {
  const text = JSON.stringify([role, fingerprintsOf(local), fingerprintsOf(remote)]);
  return createHmac('sha256', secret).update(text).digest('hex');
}

/** Whether the other side, which sees the two descriptions the other way round, has said so. */
export function isProof(
  given: unknown,
  secret: string,
  role: string,
  { local, remote }: Descriptions,
): boolean {
  const expected = Buffer.from(proofOf(secret, role, { local: remote, remote: local }));
  const proof = Buffer.from(String(given));
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}

function drawSecret(): string {
  let secret = '';
  for (const byte of randomBytes(SECRET_LENGTH)) secret += ALPHABET[byte & 31];
  return secret;
}

function fingerprintsOf(sdp: string): string[] {
  const lines = sdp.matchAll(/^a=fingerprint:(\S+) (\S+)/gim);
  return [...new Set(Array.from(lines, ([, hash, value]) => `${hash} ${value}`.toLowerCase()))].sort();
}
