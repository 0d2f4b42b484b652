// Credentials for a TURN server that end by themselves, made by whoever shares a secret with the server: the scheme of
// draft-uberti-behave-turn-rest §2.2, which coturn calls `use-auth-secret`. Clients use them like any others.
import { createHmac } from 'node:crypto';
import type { RTCIceServer } from '../peer-connection/configuration.ts';

export interface ExpiringCredentialOptions {
  /** What the TURN server knows as its secret (`static-auth-secret`). */
  readonly secret: string;
  /** Seconds from now. Default 86400, a day. */
  readonly lifetime?: number;
  /** A name for the server's log, without a colon. Default: none. */
  readonly user?: string;
}

/**
 * The `username` and `credential` of an `RTCIceServer`. To be made on a server and handed to clients: never give a client
 * the secret. A new connection or an ICE restart after their end needs new ones (`setConfiguration`); allocations that
 * stand are refreshed with those they were made with, which coturn allows.
 *
 * @throws {TypeError} for an empty secret, a lifetime that is no number above 0, or a colon in `user`
 */
export function expiringCredentials(
  options: ExpiringCredentialOptions,
): Required<Pick<RTCIceServer, 'username' | 'credential'>> {
  const { secret, lifetime = 86_400, user } = options ?? {};
  if (typeof secret !== 'string' || secret === '')
    throw new TypeError('secret must be a text that is not empty');
  if (!(Number.isFinite(lifetime) && lifetime > 0))
    throw new TypeError(`lifetime must be a number of seconds above 0, not ${String(lifetime)}`);
  if (user !== undefined && (typeof user !== 'string' || user.includes(':')))
    throw new TypeError('user must be a text without a colon');
  const end = Math.floor(Date.now() / 1000 + lifetime);
  const username = user === undefined ? String(end) : `${end}:${user}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}
