// The groups of the ephemeral key exchange. RFC 8422 §5.1.1; post-quantum groups belong to DTLS 1.3.
import type { GroupName } from './crypto.ts';

export interface Group {
  readonly id: number;
  readonly name: GroupName;
  readonly publicKeyBytes: number;
}

export const GROUPS: ReadonlyMap<number, Group> = new Map<number, Group>([
  // Also the curves of certificates that a client accepts (RFC 8422 §5.1.1), so P-384 is listed for their sake.
  [23, { id: 23, name: 'secp256r1', publicKeyBytes: 65 }],
  [24, { id: 24, name: 'secp384r1', publicKeyBytes: 97 }],
  [29, { id: 29, name: 'x25519', publicKeyBytes: 32 }],
]);
