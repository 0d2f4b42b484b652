// The protection profiles, and how DTLS-SRTP cuts exported keying material. RFC 5764 §4.1.2 and §4.2; RFC 7714 §14.2.
import { SrtpError } from './errors.ts';

export type SrtpProfile =
  | 'aes128-cm-hmac-sha1-80'
  | 'aes128-cm-hmac-sha1-32'
  | 'aead-aes-128-gcm'
  | 'aead-aes-256-gcm';

export interface ProfileInfo {
  /** The number in the use_srtp extension of DTLS. */
  readonly id: number;
  readonly keyBytes: number;
  readonly saltBytes: number;
  readonly rtpTagBytes: number;
  readonly rtcpTagBytes: number;
  /** How much longer an RTP packet becomes: room that has to lie behind it. */
  readonly rtpOverhead: number;
  /** How much longer an RTCP packet becomes: tag and index. */
  readonly rtcpOverhead: number;
  /** Undefined for AES in counter mode with HMAC-SHA1. */
  readonly aead: 'aes-128-gcm' | 'aes-256-gcm' | undefined;
}

/** Bytes of the E flag and the SRTCP index (RFC 3711 §3.4). */
export const INDEX_BYTES = 4;

/** Each protection profile with its number in `use_srtp` and its lengths. */
export const PROFILES: Readonly<Record<SrtpProfile, ProfileInfo>> = {
  'aes128-cm-hmac-sha1-80': profile(0x0001, 16, 14, 10, 10, undefined),
  // RFC 5764 §4.1.2: only RTP has the short tag.
  'aes128-cm-hmac-sha1-32': profile(0x0002, 16, 14, 4, 10, undefined),
  'aead-aes-128-gcm': profile(0x0007, 16, 12, 16, 16, 'aes-128-gcm'),
  'aead-aes-256-gcm': profile(0x0008, 32, 12, 16, 16, 'aes-256-gcm'),
};

/** RFC 5764 §4.2: the label under which DTLS exports the keying material; there is no context. */
export const EXPORTER_LABEL = 'EXTRACTOR-dtls_srtp';

export interface MasterKey {
  readonly masterKey: Uint8Array;
  readonly masterSalt: Uint8Array;
}

/** The profile with this number in use_srtp; undefined if there is none. */
export function profileOf(id: number): SrtpProfile | undefined {
  return (Object.keys(PROFILES) as SrtpProfile[]).find((name) => PROFILES[name].id === id);
}

/** @throws {SrtpError} `BAD_PROFILE` */
export function infoOf(name: SrtpProfile): ProfileInfo {
  if (!Object.hasOwn(PROFILES, name)) throw new SrtpError('BAD_PROFILE', String(name));
  return PROFILES[name];
}

/** How much keying material a DTLS connection has to export for `name`. */
export function keyingMaterialBytes(name: SrtpProfile): number {
  const { keyBytes, saltBytes } = infoOf(name);
  return 2 * (keyBytes + saltBytes);
}

/**
 * What each direction is protected with: `local` is for what the side with `role` sends. Copies.
 *
 * @throws {SrtpError} `BAD_PROFILE`, `BAD_KEY`
 */
export function splitKeyingMaterial(
  name: SrtpProfile,
  material: Uint8Array,
  role: 'client' | 'server',
): { readonly local: MasterKey; readonly remote: MasterKey } {
  const { keyBytes, saltBytes } = infoOf(name);
  const wanted = keyingMaterialBytes(name);
  if (material.length !== wanted)
    throw new SrtpError(
      'BAD_KEY',
      `${name} takes ${wanted} bytes of keying material, got ${material.length}`,
    );
  // RFC 5764 §4.2: client key, server key, client salt, server salt.
  const part = (at: number, length: number): Uint8Array =>
    Uint8Array.from(material.subarray(at, at + length));
  const salts = 2 * keyBytes;
  const client = { masterKey: part(0, keyBytes), masterSalt: part(salts, saltBytes) };
  const server = { masterKey: part(keyBytes, keyBytes), masterSalt: part(salts + saltBytes, saltBytes) };
  return role === 'client' ? { local: client, remote: server } : { local: server, remote: client };
}

function profile(
  id: number,
  keyBytes: number,
  saltBytes: number,
  rtpTagBytes: number,
  rtcpTagBytes: number,
  aead: ProfileInfo['aead'],
): ProfileInfo {
  const rtcpOverhead = rtcpTagBytes + INDEX_BYTES;
  return { id, keyBytes, saltBytes, rtpTagBytes, rtcpTagBytes, rtpOverhead: rtpTagBytes, rtcpOverhead, aead };
}
