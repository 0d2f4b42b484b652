// Username fragments and passwords. RFC 8445 §5.3, RFC 8839 §5.4.
import { type RandomSource, randomBytes } from '@millrace/sans-io';
import { IceError } from '../errors.ts';
import type { IceParameters } from '../options.ts';

const ICE_CHARS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
// RFC 8445 §5.3: at least 24 bits of randomness in the fragment and 128 in the password; an ice-char has 6.
// The fragment is longer than need be so that many agents can share a socket.
const FRAGMENT_CHARS = 8;
const PASSWORD_CHARS = 24;

const LOCAL_FRAGMENT_MAX = 32;
const FRAGMENT = /^[A-Za-z0-9+/]{4,256}$/;
const PASSWORD = /^[A-Za-z0-9+/]{22,256}$/;

export function drawParameters(random: RandomSource): IceParameters {
  return { usernameFragment: iceChars(random, FRAGMENT_CHARS), password: iceChars(random, PASSWORD_CHARS) };
}

export function checkParameters(parameters: IceParameters): void {
  if (!FRAGMENT.test(parameters.usernameFragment) || !PASSWORD.test(parameters.password))
    throw new IceError('BAD_PARAMETERS');
}

/**
 * RFC 8839 §5.4: a fragment of our own MUST NOT be longer than 32, though 256 are accepted: both together have to
 * fit into a USERNAME.
 */
export function checkLocalParameters(parameters: IceParameters, mayBeLong = false): void {
  checkParameters(parameters);
  if (!mayBeLong && parameters.usernameFragment.length > LOCAL_FRAGMENT_MAX)
    throw new IceError('BAD_PARAMETERS');
}

function iceChars(random: RandomSource, length: number): string {
  let text = '';
  for (const byte of randomBytes(random, length)) text += ICE_CHARS[byte & 63];
  return text;
}
