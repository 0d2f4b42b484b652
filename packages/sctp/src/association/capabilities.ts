// Extensions: what we offer in INIT and INIT ACK, and what both ends can do (RFC 5061 §4.2.7, RFC 3758 §3.3.1).
import { CHUNK } from '../packet/chunks.ts';
import type { Init } from '../packet/init.ts';

export interface Capabilities {
  /** Partial reliability (RFC 3758). */
  readonly forwardTsn: boolean;
  /** Stream reset (RFC 6525). */
  readonly reconfig: boolean;
}

/** Chunk types of the extensions we support, as Supported Extensions lists them. */
export const OUR_EXTENSIONS: readonly number[] = [CHUNK.RE_CONFIG, CHUNK.FORWARD_TSN];

/** What both ends can do. FORWARD-TSN may be announced by its own parameter or in the list. */
export function commonCapabilities(theirs: Init): Capabilities {
  return {
    forwardTsn: theirs.forwardTsn || theirs.extensions.includes(CHUNK.FORWARD_TSN),
    reconfig: theirs.extensions.includes(CHUNK.RE_CONFIG),
  };
}
