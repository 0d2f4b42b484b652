// What is tried against GnuTLS: both roles with every suite and group it has, and one of each thing that can differ.

import { CIPHER_SUITES } from '@millrace/dtls';
import type { KeyName } from '../openssl/certificates.ts';

/** One handshake with what comes after it. */
export interface Case {
  readonly title: string;
  /** Ours. */
  readonly role: 'client' | 'server';
  readonly suite: number;
  readonly group: number;
  readonly ourKey: KeyName;
  readonly theirKey: KeyName;
  /** The longest datagram GnuTLS sends. */
  readonly theirMtu: number;
  readonly asksForCookie: boolean;
}

const AES_128_GCM_ECDSA = 0xc02b;
const [X25519, P256, P384] = [29, 23, 24] as const;

export function cases(): Case[] {
  return (['client', 'server'] as const).flatMap((role) => {
    const plain: Omit<Case, 'title'> = {
      role,
      suite: AES_128_GCM_ECDSA,
      group: X25519,
      ourKey: 'p256',
      theirKey: 'p256',
      theirMtu: 1200,
      asksForCookie: false,
    };
    const suites = [...CIPHER_SUITES.values()].map(({ id, name, keyAlgorithm }) => {
      const signer: KeyName = keyAlgorithm === 'rsa' ? 'rsa' : 'p256';
      const keys = role === 'client' ? { theirKey: signer } : { ourKey: signer };
      return { ...plain, ...keys, suite: id, title: name };
    });
    return [
      ...suites,
      { ...plain, group: P256, title: 'P-256' },
      { ...plain, group: P384, title: 'P-384' },
      { ...plain, ourKey: 'p384' as const, theirKey: 'p384' as const, title: 'certificates on P-384' },
      { ...plain, theirMtu: 300, title: 'datagrams of 300 bytes at most' },
      ...(role === 'client'
        ? [{ ...plain, asksForCookie: true, title: 'a server that asks for a cookie' }]
        : []),
    ];
  });
}
