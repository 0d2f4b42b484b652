// The cookie of a HelloRetryRequest: what the server has to know of the first hello, under a MAC, so that it keeps
// nothing until the address is proven. RFC 9147 §5.1, RFC 8446 §4.2.2.
import { equalConstantTime } from '@millrace/sans-io';
import type { DtlsCrypto } from '../crypto.ts';
import type { HelloVerifyOptions } from '../options.ts';
import { Reader } from '../presentation/reader.ts';
import { Writer } from '../presentation/writer.ts';

export interface CookieContent {
  readonly suite: number;
  /** The group that was asked for, if one was. */
  readonly group: number | undefined;
  readonly helloHash: Uint8Array;
}

const MAC_BYTES = 32;
const NO_GROUP = 0;

export function cookieOf(
  crypto: DtlsCrypto,
  options: HelloVerifyOptions,
  content: CookieContent,
): Uint8Array {
  const written = new Writer()
    .u16(content.suite)
    .u16(content.group ?? NO_GROUP)
    .vector8(content.helloHash)
    .finish();
  return new Writer()
    .bytes(written)
    .bytes(macOf(crypto, options, written))
    .finish();
}

/** `undefined` if it is not one of ours, or of another address. */
export function readCookie(
  crypto: DtlsCrypto,
  options: HelloVerifyOptions,
  cookie: Uint8Array,
): CookieContent | undefined {
  const macAt = cookie.length - MAC_BYTES;
  if (macAt < 0) return undefined;
  const written = cookie.subarray(0, macAt);
  if (!equalConstantTime(macOf(crypto, options, written), 0, cookie, macAt, MAC_BYTES)) return undefined;
  const reader = new Reader(written);
  const suite = reader.u16();
  const group = reader.u16();
  const helloHash = reader.vector8();
  if (!reader.isDone) return undefined;
  return { suite, group: group === NO_GROUP ? undefined : group, helloHash };
}

/** "13" in front, so that no cookie of DTLS 1.2 under the same secret can be taken for one. */
function macOf(crypto: DtlsCrypto, options: HelloVerifyOptions, written: Uint8Array): Uint8Array {
  const covered = new Writer().u16(13).vector16(options.clientAddress).vector16(written).finish();
  return crypto.hmac('sha-256', options.secret, covered);
}
