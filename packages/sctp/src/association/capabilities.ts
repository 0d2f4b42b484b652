// Extensions: what we offer in INIT and INIT ACK, and what both ends can do (RFC 5061 §4.2.7, RFC 3758 §3.3.1,
// RFC 8260 §2.2.1, RFC 9653 §5).
import { MAX_MTU, type ResolvedOptions } from '../options.ts';
import { CHUNK } from '../packet/chunks.ts';
import type { Init } from '../packet/init.ts';

export interface Capabilities {
  /** Partial reliability (RFC 3758). */
  readonly forwardTsn: boolean;
  /** Stream reset (RFC 6525). */
  readonly reconfig: boolean;
  /** I-DATA in place of DATA, I-FORWARD-TSN in place of FORWARD TSN (RFC 8260). */
  readonly interleaving: boolean;
  /** We may leave out checksums (RFC 9653). */
  readonly zeroChecksum: boolean;
  /** Beside a SACK without room for all its gap blocks, what came last is told (latest-tsns.ts). */
  readonly latestTsns: boolean;
  /** The peer knows PAD (RFC 4820), or is known to pass over what it does not know. */
  readonly padding: boolean;
  /** The longest packet the peer is known to take. */
  readonly largestPacket: number;
}

/**
 * What a peer that does not say takes for certain: what Ethernet carries. To be asked about more can be the end of it:
 * libwebrtc reads DTLS records into 2048 bytes, and closes the connection at the first longer one.
 */
const LARGEST_PACKET_UNTOLD = 1_432;
/**
 * Deviation: what is in a peer's cookie is its own business, but dcSCTP and usrsctp begin it with their names, and they
 * skip what they do not know, as RFC 9260 §3.2 asks of everyone.
 */
const COOKIES_OF_THE_TOLERANT: readonly string[] = ['dcSCTP', 'KAME-BSD'];
/** dcSCTP's receive window, which nobody else has: of its INIT nothing else tells who it is. */
const WINDOW_OF_THE_TOLERANT = 5 * 1024 * 1024;
/** RFC 9653 §7.2: SCTP over DTLS. */
const METHOD_DTLS = 1;
const EXTENSIONS: readonly number[] = [CHUNK.RE_CONFIG, CHUNK.PAD, CHUNK.FORWARD_TSN];
const INTERLEAVING: readonly number[] = [CHUNK.I_DATA, CHUNK.I_FORWARD_TSN];

/** The part of our INIT, and INIT ACK, that says what we can do. */
export function ourOffer(
  options: ResolvedOptions,
): Pick<Init, 'extensions' | 'forwardTsn' | 'zeroChecksum' | 'largestPacket'> {
  return {
    extensions: [
      ...EXTENSIONS,
      ...(options.interleaving ? INTERLEAVING : []),
      ...(options.latestTsns ? [CHUNK.LATEST_TSNS] : []),
    ],
    forwardTsn: true,
    largestPacket: options.largestPacket,
    ...(options.zeroChecksum ? { zeroChecksum: METHOD_DTLS } : {}),
  };
}

/** What both ends can do. FORWARD-TSN may be announced by its own parameter or in the list. */
export function commonCapabilities(theirs: Init, options: ResolvedOptions): Capabilities {
  return {
    forwardTsn: theirs.forwardTsn || theirs.extensions.includes(CHUNK.FORWARD_TSN),
    reconfig: theirs.extensions.includes(CHUNK.RE_CONFIG),
    interleaving: options.interleaving && INTERLEAVING.every((type) => theirs.extensions.includes(type)),
    latestTsns: options.latestTsns && theirs.extensions.includes(CHUNK.LATEST_TSNS),
    zeroChecksum: options.zeroChecksum && theirs.zeroChecksum === METHOD_DTLS,
    padding: theirs.extensions.includes(CHUNK.PAD) || isKnownToSkip(theirs),
    largestPacket: Math.min(theirs.largestPacket ?? LARGEST_PACKET_UNTOLD, MAX_MTU),
  };
}

function isKnownToSkip({ cookie, window }: Init): boolean {
  if (cookie === undefined) return window === WINDOW_OF_THE_TOLERANT;
  return COOKIES_OF_THE_TOLERANT.some((name) => {
    for (let i = 0; i < name.length; i++) if (cookie[i] !== name.charCodeAt(i)) return false;
    return true;
  });
}
