// What a protection profile does to a packet, given its index. One transform holds the session keys of one protocol
// (RTP or RTCP) in one direction.

/** All lengths have been checked. The index of an RTP packet is `roc` and `sequence`; `roc` is a signed 32-bit number. */
export interface Transform {
  /** Encrypts `bytes[from, end)`, nothing if `from` is `end`, and writes the tag behind it. */
  protectRtp(
    bytes: Uint8Array,
    at: number,
    from: number,
    end: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): void;
  /** The same backwards, and false if the tag is wrong. `end` is that of the packet, tag and MKI included. */
  unprotectRtp(
    bytes: Uint8Array,
    at: number,
    from: number,
    end: number,
    ssrc: number,
    roc: number,
    sequence: number,
  ): boolean;
  /** Encrypts `bytes[at + 8, end)` if the E flag in `word` says so; writes `word` and the tag behind it. */
  protectRtcp(bytes: Uint8Array, at: number, end: number, ssrc: number, word: number): void;
  unprotectRtcp(bytes: Uint8Array, at: number, end: number, ssrc: number, word: number): boolean;
  close(): void;
}

/** The E flag of SRTCP (RFC 3711 §3.4), as the sign bit of the word it shares with the index. */
export const ENCRYPTED: number = 0x8000_0000 | 0;
