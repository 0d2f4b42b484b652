// Keys for SRTP out of a DTLS connection. RFC 5764 §4.1.2 (profiles), §4.2 (order of keys and salts); RFC 7714 §14.2.

export const SRTP_PROFILES = {
  SRTP_AES128_CM_HMAC_SHA1_80: 0x0001,
  SRTP_AES128_CM_HMAC_SHA1_32: 0x0002,
  SRTP_AEAD_AES_128_GCM: 0x0007,
  SRTP_AEAD_AES_256_GCM: 0x0008,
} as const;

export const SRTP_EXPORTER_LABEL = 'EXTRACTOR-dtls_srtp';

export interface SrtpKeys {
  readonly profile: number;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly clientSalt: Uint8Array;
  readonly serverSalt: Uint8Array;
}

const LENGTHS: ReadonlyMap<number, readonly [keyBytes: number, saltBytes: number]> = new Map([
  [SRTP_PROFILES.SRTP_AES128_CM_HMAC_SHA1_80, [16, 14]],
  [SRTP_PROFILES.SRTP_AES128_CM_HMAC_SHA1_32, [16, 14]],
  [SRTP_PROFILES.SRTP_AEAD_AES_128_GCM, [16, 12]],
  [SRTP_PROFILES.SRTP_AEAD_AES_256_GCM, [32, 12]],
]);

export function isKnownSrtpProfile(profile: number): boolean {
  return LENGTHS.has(profile);
}

/** How much keying material `profile` takes for both directions. */
export function srtpKeyingMaterialBytes(profile: number): number {
  const [keyBytes, saltBytes] = LENGTHS.get(profile)!;
  return 2 * (keyBytes + saltBytes);
}

export function splitSrtpKeyingMaterial(profile: number, material: Uint8Array): SrtpKeys {
  const [keyBytes, saltBytes] = LENGTHS.get(profile)!;
  const salts = 2 * keyBytes;
  return {
    profile,
    clientKey: material.slice(0, keyBytes),
    serverKey: material.slice(keyBytes, salts),
    clientSalt: material.slice(salts, salts + saltBytes),
    serverSalt: material.slice(salts + saltBytes, salts + 2 * saltBytes),
  };
}
