// What a ClientHello settles between the server and a client of DTLS 1.3. RFC 8446 §4.1.2, §4.2, §9.2; RFC 9147 §5.3. All by our
// order of preference, but for a group of which we have a share already: that saves a round trip.
import { CIPHER_SUITES_13, type CipherSuite13 } from '../cipher-suites-13.ts';
import { type Credential, chooseCredential13 } from '../credential.ts';
import { type Fault, fault } from '../fault.ts';
import { EXTENSION, parseNumbers, parseUseSrtp } from '../handshake/extensions.ts';
import type { ClientHello } from '../handshake/messages/client-hello.ts';
import type { HandshakeContext } from '../handshake/step.ts';
import { KEY_EXCHANGES, type KeyExchange } from '../key-exchange.ts';
import { type KeyShareEntry, parseKeyShares } from './key-share.ts';

export interface Choice13 {
  readonly kind: 'choice';
  readonly suite: CipherSuite13;
  readonly exchange: KeyExchange;
  /** The client's, of that group; `undefined`: it has to be asked for. */
  readonly share: Uint8Array | undefined;
  readonly shares: readonly KeyShareEntry[];
  /** `undefined` where none of ours can be checked by the client: only a session can be resumed then. */
  readonly credential: Credential | undefined;
  readonly srtpProfile: number | undefined;
}

export function choose13(context: HandshakeContext, hello: ClientHello): Choice13 | Fault {
  const { settings } = context;
  const { extensions } = hello;
  // RFC 9147 §5.3: no cookie of 1.2. RFC 8446 §4.1.2: exactly one compression method, null.
  if (hello.cookie.length > 0 || hello.compressionMethods.length !== 1) return fault('illegal-parameter');

  const suiteId = settings.cipherSuites.find(
    (id) => CIPHER_SUITES_13.has(id) && hello.cipherSuites.includes(id),
  );
  const suite = suiteId === undefined ? undefined : CIPHER_SUITES_13.get(suiteId);
  if (suite === undefined) return fault('no-common-cipher-suite');

  // RFC 8446 §9.2: groups and shares MUST be there where keys are agreed on anew; schemes, unless a session is shown.
  const showsSession = extensions.has(EXTENSION.preSharedKey);
  const groupsData = extensions.get(EXTENSION.supportedGroups);
  const sharesData = extensions.get(EXTENSION.keyShare);
  const schemesData = extensions.get(EXTENSION.signatureAlgorithms);
  if (groupsData === undefined || sharesData === undefined || (schemesData === undefined && !showsSession))
    return fault('missing-extension');
  const groups = parseNumbers(groupsData);
  const shares = parseKeyShares(sharesData);
  const schemes = schemesData === undefined ? [] : parseNumbers(schemesData);
  if (groups === undefined || shares === undefined || schemes === undefined) return fault('decode-error');
  // RFC 8446 §4.2.8: one share for a group, and only of groups that are offered.
  const shared = new Set(shares.map(({ group }) => group));
  if (shared.size < shares.length || shares.some(({ group }) => !groups.includes(group)))
    return fault('illegal-parameter');
  const common = settings.groups13.filter((group) => groups.includes(group));
  const group = common.find((id) => shared.has(id)) ?? common[0];
  const exchange = group === undefined ? undefined : KEY_EXCHANGES.get(group);
  if (exchange === undefined) return fault('no-common-group');

  const credential = chooseCredential13(settings.certificates, schemes);
  if (credential === undefined && !showsSession) return fault('no-common-signature-scheme');

  const srtpData = extensions.get(EXTENSION.useSrtp);
  const srtp = srtpData === undefined ? undefined : parseUseSrtp(srtpData);
  if (srtpData !== undefined && srtp === undefined) return fault('decode-error');
  const srtpProfile = settings.srtpProfiles.find((profile) => srtp?.profiles.includes(profile));
  const share = shares.find((entry) => entry.group === exchange.id)?.keyExchange;
  return { kind: 'choice', suite, exchange, share, shares, credential, srtpProfile };
}
