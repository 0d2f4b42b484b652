// The state cookie (RFC 9260 §5.1.3): all that is needed to build an association, under a MAC, kept by the peer.
// Its form is nobody's business but ours.
import { equalConstantTime, type Millis, ownCopy, putU16, putU32, u16, u32 } from '@millrace/sans-io';
import type { Capabilities } from '../association/capabilities.ts';

const MAGIC = 0x6d720001;
const PLAIN_BYTES = 64;

export interface StateCookie {
  readonly createdAt: Millis;
  readonly lifespan: Millis;
  readonly localTag: number;
  readonly peerTag: number;
  /** Tags of the association that existed when the cookie was made; 0 if there was none (§5.2.2). */
  readonly localTieTag: number;
  readonly peerTieTag: number;
  readonly localInitialTsn: number;
  readonly peerInitialTsn: number;
  readonly peerWindow: number;
  readonly outboundStreams: number;
  readonly inboundStreams: number;
  readonly capabilities: Capabilities;
}

export type CookieMac = (bytes: Uint8Array) => Uint8Array;

export function makeCookie(cookie: StateCookie, mac: CookieMac): Uint8Array {
  const plain = new Uint8Array(PLAIN_BYTES);
  putU32(plain, 0, MAGIC);
  plain.set(new Uint8Array(Float64Array.of(cookie.createdAt, cookie.lifespan).buffer), 4);
  putU32(plain, 20, cookie.localTag);
  putU32(plain, 24, cookie.peerTag);
  putU32(plain, 28, cookie.localTieTag);
  putU32(plain, 32, cookie.peerTieTag);
  putU32(plain, 36, cookie.localInitialTsn);
  putU32(plain, 40, cookie.peerInitialTsn);
  putU32(plain, 44, cookie.peerWindow);
  putU16(plain, 48, cookie.outboundStreams);
  putU16(plain, 50, cookie.inboundStreams);
  const { forwardTsn, reconfig, interleaving, zeroChecksum, latestTsns, padding, largestPacket } =
    cookie.capabilities;
  plain[52] =
    (forwardTsn ? 1 : 0) |
    (reconfig ? 2 : 0) |
    (interleaving ? 4 : 0) |
    (zeroChecksum ? 8 : 0) |
    (latestTsns ? 16 : 0) |
    (padding ? 32 : 0);
  putU16(plain, 54, largestPacket);
  const code = mac(plain);
  const whole = new Uint8Array(PLAIN_BYTES + code.length);
  whole.set(plain);
  whole.set(code, PLAIN_BYTES);
  return whole;
}

/** The cookie in `bytes[at, end)`, if we made it. */
export function openCookie(
  bytes: Uint8Array,
  at: number,
  end: number,
  mac: CookieMac,
): StateCookie | undefined {
  if (end - at < PLAIN_BYTES) return undefined;
  const plain = ownCopy(bytes, at, at + PLAIN_BYTES);
  if (u32(plain, 0) !== MAGIC) return undefined;
  // RFC 9260 §5.1.5 step 1-2: nothing in a cookie counts before its MAC has been checked.
  const code = mac(plain);
  if (end - at !== PLAIN_BYTES + code.length) return undefined;
  if (!equalConstantTime(bytes, at + PLAIN_BYTES, code, 0, code.length)) return undefined;
  const times = new Float64Array(plain.slice(4, 20).buffer);
  return {
    createdAt: times[0]!,
    lifespan: times[1]!,
    localTag: u32(plain, 20),
    peerTag: u32(plain, 24),
    localTieTag: u32(plain, 28),
    peerTieTag: u32(plain, 32),
    localInitialTsn: u32(plain, 36),
    peerInitialTsn: u32(plain, 40),
    peerWindow: u32(plain, 44),
    outboundStreams: u16(plain, 48),
    inboundStreams: u16(plain, 50),
    capabilities: {
      forwardTsn: (plain[52]! & 1) !== 0,
      reconfig: (plain[52]! & 2) !== 0,
      interleaving: (plain[52]! & 4) !== 0,
      zeroChecksum: (plain[52]! & 8) !== 0,
      latestTsns: (plain[52]! & 16) !== 0,
      padding: (plain[52]! & 32) !== 0,
      largestPacket: u16(plain, 54),
    },
  };
}
