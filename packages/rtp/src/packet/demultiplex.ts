// Hot: RTP and RTCP on one port. RFC 5761 §4. What is neither (STUN, DTLS) has been taken out before (RFC 7983).

/**
 * Whether the packet at `bytes[at]`, of two bytes at least, is RTCP: its second byte is a packet type from 192 to 223,
 * which as RTP would be a marker and a payload type from 64 to 95, and those are not used.
 */
export function isRtcp(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + 1]! & 0xe0) === 0xc0;
}
