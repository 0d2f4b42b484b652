// How long packets and DATA chunks may be on the association's path (RFC 9260 §6.9, §7.3). One object for life: whoever
// needs a size reads it here each time, since the discovery of the path MTU (RFC 8899) changes it.
import { HEADER_BYTES } from '../packet/packet.ts';

/** What congestion control needs to know of the path. */
export interface PacketSize {
  /** Longest packet in bytes, checksum and padding included. */
  readonly mtu: number;
}

export class PathPacketSize implements PacketSize {
  mtu: number;
  /**
   * Longest DATA chunk, header and padding included, that may be made. A chunk that has its TSN can never be cut
   * again (§6.9), so it must fit whatever the path comes to carry later: as long as the packet only where nothing can
   * come in between, and no longer than the base everywhere else. Longer packets carry several.
   */
  chunkBytes: number;
  /** Longest packet that was ever filled: a chunk of it may have to go out again. */
  longest: number;
  /** The packet size that every path is taken to carry (RFC 8899 §5.1.2 BASE_PLPMTU). */
  readonly base: number;

  constructor(base: number) {
    this.base = base;
    this.mtu = base;
    this.longest = base;
    this.chunkBytes = base - HEADER_BYTES;
  }
}
