// What the client offers, in one hello that a server of either version understands. RFC 9147 §5.3, RFC 8446 §4.1.2 and
// §4.2; RFC 5246 §7.4.1.2.
import { type Millis, randomBytes } from '@millrace/sans-io';
import { keySharesExtension } from '../handshake13/key-share.ts';
import {
  binderOf,
  parsePreSharedKey,
  preSharedKeyExtension,
  pskModesExtension,
} from '../handshake13/pre-shared-key.ts';
import { hashOf, obfuscatedAge, sessionToOffer } from '../handshake13/resumption.ts';
import { KEY_EXCHANGES, type KeyOffer } from '../key-exchange.ts';
import { DTLS_1_2 } from '../record/header.ts';
import type { ResumableSession } from '../session-cache.ts';
import { SIGNATURE_SCHEMES } from '../signature-schemes.ts';
import {
  EXTENSION,
  firstRenegotiationInfo,
  numbersExtension,
  pointFormatsExtension,
  useSrtpExtension,
} from './extensions.ts';
import {
  type ClientHello,
  NULL_COMPRESSION,
  RANDOM_BYTES,
  writeClientHello,
} from './messages/client-hello.ts';
import type { HandshakeContext } from './step.ts';
import { supportedVersionsExtension } from './supported-versions.ts';

export interface ClientOffer {
  readonly hello: ClientHello;
  /** By group; those whose shares the hello carries. */
  readonly keyOffers: ReadonlyMap<number, KeyOffer>;
  /** The session whose ticket is shown; its extension comes last, and is added when the hello is written. */
  readonly session: ResumableSession | undefined;
}

const NOTHING = new Uint8Array(0);

export function firstOffer(context: HandshakeContext, now: Millis): ClientOffer {
  const { settings } = context;
  const { versions, speaks12, speaks13, groups13, crypto, srtpProfiles } = settings;
  const extensions = new Map<number, Uint8Array>();
  if (speaks12) {
    extensions.set(EXTENSION.extendedMasterSecret, NOTHING);
    extensions.set(EXTENSION.renegotiationInfo, firstRenegotiationInfo());
  }
  extensions.set(EXTENSION.supportedGroups, numbersExtension(settings.offeredGroups));
  if (speaks12) extensions.set(EXTENSION.ecPointFormats, pointFormatsExtension());
  extensions.set(EXTENSION.signatureAlgorithms, numbersExtension([...SIGNATURE_SCHEMES.keys()]));
  if (srtpProfiles.length > 0) extensions.set(EXTENSION.useSrtp, useSrtpExtension(srtpProfiles));
  const keyOffers = new Map<number, KeyOffer>();
  if (speaks13) {
    extensions.set(EXTENSION.supportedVersions, supportedVersionsExtension(versions));
    for (const group of groups13.slice(0, settings.keyShares)) {
      keyOffers.set(group, KEY_EXCHANGES.get(group)!.offer(crypto));
    }
    extensions.set(EXTENSION.keyShare, keySharesOf(keyOffers));
    if (settings.sessions !== undefined) extensions.set(EXTENSION.pskKeyExchangeModes, pskModesExtension());
  }
  const hello: ClientHello = {
    version: DTLS_1_2, // RFC 9147 §5.3: in every version; `supported_versions` says the rest
    random: randomBytes(settings.random, RANDOM_BYTES),
    sessionId: NOTHING,
    cookie: NOTHING,
    cipherSuites: settings.cipherSuites,
    compressionMethods: [NULL_COMPRESSION],
    extensions,
  };
  return { hello, keyOffers, session: sessionToOffer(context, now) };
}

/** The body of the hello. What came before it, if something did, is in the transcript. */
export function bodyOfOffer(context: HandshakeContext, offer: ClientOffer, now: Millis): Uint8Array {
  const { hello, session } = offer;
  if (session === undefined) return writeClientHello(hello);
  const { crypto } = context.settings;
  const hash = hashOf(session);
  const extension = preSharedKeyExtension(session.ticket, obfuscatedAge(session, now), hash);
  const extensions = new Map([...hello.extensions, [EXTENSION.preSharedKey, extension] as const]);
  const body = writeClientHello({ ...hello, extensions });
  const { bindersBytes } = parsePreSharedKey(extension)!;
  const before = context.transcript.bytes;
  const binder = binderOf(crypto, hash, session.preSharedKey, before, body, bindersBytes);
  body.set(binder, body.length - binder.length);
  return body;
}

export function keySharesOf(offers: ReadonlyMap<number, KeyOffer>): Uint8Array {
  return keySharesExtension([...offers].map(([group, { share }]) => ({ group, keyExchange: share })));
}
