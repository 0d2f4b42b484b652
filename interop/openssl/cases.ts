// What is tried against OpenSSL: both roles with every suite and group, and one of each thing that can differ.

import { CIPHER_SUITES, SRTP_PROFILES } from '@millrace/dtls';
import type { KeyName } from './certificates.ts';

/** RFC 5764 §4.1.2, RFC 7714 §14.2. */
export type SrtpName =
  | 'SRTP_AES128_CM_SHA1_80'
  | 'SRTP_AES128_CM_SHA1_32'
  | 'SRTP_AEAD_AES_128_GCM'
  | 'SRTP_AEAD_AES_256_GCM';
export const SRTP_NAMES: Readonly<Record<SrtpName, number>> = {
  SRTP_AES128_CM_SHA1_80: SRTP_PROFILES.SRTP_AES128_CM_HMAC_SHA1_80,
  SRTP_AES128_CM_SHA1_32: SRTP_PROFILES.SRTP_AES128_CM_HMAC_SHA1_32,
  SRTP_AEAD_AES_128_GCM: SRTP_PROFILES.SRTP_AEAD_AES_128_GCM,
  SRTP_AEAD_AES_256_GCM: SRTP_PROFILES.SRTP_AEAD_AES_256_GCM,
};

/** One handshake with what comes after it. */
export interface Case {
  readonly title: string;
  /** Ours. */
  readonly role: 'client' | 'server';
  readonly suite: number;
  readonly group: number;
  readonly ourKey: KeyName;
  readonly theirKey: KeyName;
  /** The profile of SRTP both ask for, by the name OpenSSL has for it; then the keys for it are compared. */
  readonly srtp: SrtpName | undefined;
  /** s_server has no way to send close_notify, so only s_client closes. */
  readonly closer: 'us' | 'them';
  /** The longest datagram OpenSSL sends. */
  readonly theirMtu: number;
  /** Further arguments of the command. */
  readonly more: readonly string[];
}

const AES_128_GCM_ECDSA = 0xc02b;
const AES_128_GCM_RSA = 0xc02f;
const X25519 = 29;
const P256 = 23;
const P384 = 24;
const RSA_SCHEMES = ['RSA-PSS+SHA256', 'RSA-PSS+SHA512', 'RSA+SHA256', 'RSA+SHA384', 'RSA+SHA512'];

const PLAIN: Omit<Case, 'title' | 'role'> = {
  suite: AES_128_GCM_ECDSA,
  group: X25519,
  ourKey: 'p256',
  theirKey: 'p256',
  srtp: undefined,
  closer: 'us',
  theirMtu: 1200,
  more: [],
};

export function cases(): Case[] {
  return [...both('client'), ...both('server'), ...clientOnly(), ...serverOnly()];
}

function both(role: 'client' | 'server'): Case[] {
  const suites = [...CIPHER_SUITES.values()].flatMap(({ id, name, keyAlgorithm }) => {
    const signer: KeyName = keyAlgorithm === 'rsa' ? 'rsa' : 'p256';
    const keys = role === 'client' ? { theirKey: signer } : { ourKey: signer };
    const inAll = { ...PLAIN, ...keys, role, suite: id };
    return [
      { ...inAll, title: `${name} with x25519`, group: X25519 },
      { ...inAll, title: `${name} with P-256`, group: P256 },
    ];
  });
  return [
    ...suites,
    { ...PLAIN, role, title: 'key exchange on P-384', group: P384 },
    { ...PLAIN, role, title: 'a peer certificate on P-384', theirKey: 'p384' },
    ...(Object.keys(SRTP_NAMES) as SrtpName[]).map((srtp) => ({
      ...PLAIN,
      role,
      title: `keys for ${srtp}`,
      srtp,
    })),
    { ...PLAIN, role, title: 'datagrams of 256 bytes at most', theirMtu: 256 },
  ];
}

function clientOnly(): Case[] {
  const rsa = { ...PLAIN, role: 'client', suite: AES_128_GCM_RSA, ourKey: 'rsa', theirKey: 'rsa' } as const;
  return [
    ...RSA_SCHEMES.map((scheme) => ({
      ...rsa,
      title: `signatures by ${scheme}`,
      more: ['-sigalgs', scheme],
    })),
    { ...rsa, title: 'a server that asks for a cookie', more: ['-listen'] },
  ];
}

function serverOnly(): Case[] {
  return [
    { ...PLAIN, role: 'server', title: 'a client certificate with an RSA key', theirKey: 'rsa' },
    { ...PLAIN, role: 'server', title: 'a client that closes first', closer: 'them' },
  ];
}
