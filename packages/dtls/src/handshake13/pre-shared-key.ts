// `pre_shared_key` and `psk_key_exchange_modes`: the client shows a ticket, and that it has the key of it. RFC 8446 §4.2.9,
// §4.2.11. Resumption always agrees on a fresh key as well (psk_dhe_ke); keys from elsewhere are not spoken.
import { equalConstantTime, putU24 } from '@millrace/sans-io';
import type { DtlsCrypto, PrfHash } from '../crypto.ts';
import { HANDSHAKE_HEADER_BYTES, HANDSHAKE_TYPE } from '../handshake/header.ts';
import { joined } from '../key-schedule/prf.ts';
import { HASH_BYTES, KeySchedule13 } from '../key-schedule/tls13.ts';
import { Reader } from '../presentation/reader.ts';
import { Writer } from '../presentation/writer.ts';

const PSK_DHE_KE = 1;
const TLS_HEADER_BYTES = 4;

export interface PskIdentity {
  readonly identity: Uint8Array;
  readonly obfuscatedAge: number;
}

export interface PskOffer {
  readonly identities: readonly PskIdentity[];
  readonly binders: readonly Uint8Array[];
  /** Bytes of the list of binders, which no binder covers. */
  readonly bindersBytes: number;
}

export function parsePreSharedKey(data: Uint8Array): PskOffer | undefined {
  const reader = new Reader(data);
  const identityList = new Reader(reader.vector16(7));
  const identities: PskIdentity[] = [];
  while (identityList.hasMore) {
    identities.push({ identity: identityList.vector16(1), obfuscatedAge: identityList.u32() });
  }
  const bindersData = reader.vector16(33);
  const binderList = new Reader(bindersData);
  const binders: Uint8Array[] = [];
  while (binderList.hasMore) binders.push(binderList.vector8(32));
  if (!reader.isDone || !identityList.isDone || !binderList.isDone) return undefined;
  return { identities, binders, bindersBytes: 2 + bindersData.length };
}

/** With one identity, whose binder is still to be written. */
export function preSharedKeyExtension(identity: Uint8Array, age: number, hash: PrfHash): Uint8Array {
  const identities = new Writer().vector16(identity).u32(age).finish();
  const binders = new Writer().vector8(new Uint8Array(HASH_BYTES[hash])).finish();
  return new Writer().vector16(identities).vector16(binders).finish();
}

export function pskModesExtension(): Uint8Array {
  return Uint8Array.of(1, PSK_DHE_KE);
}

export function offersPskDhe(data: Uint8Array | undefined): boolean {
  if (data === undefined) return false;
  const reader = new Reader(data);
  const modes = reader.vector8(1);
  return reader.isDone && modes.includes(PSK_DHE_KE);
}

/** Of a ServerHello: which of the identities. */
export function parseSelectedIdentity(data: Uint8Array): number | undefined {
  const reader = new Reader(data);
  const index = reader.u16();
  return reader.isDone ? index : undefined;
}

export function selectedIdentityExtension(index: number): Uint8Array {
  return new Writer().u16(index).finish();
}

/**
 * RFC 8446 §4.2.11.2: over everything so far and the hello up to the binders. `before`: what the transcript holds (a
 * HelloRetryRequest and what led to it); `hello`: the message's body, whose last `bindersBytes` are left out.
 */
export function binderOf(
  crypto: DtlsCrypto,
  hash: PrfHash,
  preSharedKey: Uint8Array,
  before: Uint8Array,
  hello: Uint8Array,
  bindersBytes: number,
): Uint8Array {
  const header = new Uint8Array(TLS_HEADER_BYTES);
  header[0] = HANDSHAKE_TYPE.clientHello;
  putU24(header, 1, hello.length);
  const covered = joined(before, header, hello.subarray(0, hello.length - bindersBytes));
  const schedule = new KeySchedule13(crypto, hash, preSharedKey);
  const key = schedule.binderKey('res');
  const binder = schedule.verifyData(key, crypto.hash(hash, covered));
  schedule.wipe();
  key.fill(0);
  return binder;
}

export function isBinder(expected: Uint8Array, binder: Uint8Array): boolean {
  return expected.length === binder.length && equalConstantTime(expected, 0, binder, 0, binder.length);
}

export function helloBody(message: Uint8Array): Uint8Array {
  return message.subarray(HANDSHAKE_HEADER_BYTES);
}
