// RFC 7983 §7 (updated by RFC 9443): the first byte of a datagram tells its protocol.
export type DatagramKind = 'stun' | 'dtls' | 'rtp' | 'turn-channel' | 'unknown';

export function datagramKind(firstByte: number): DatagramKind {
  if (firstByte >= 20 && firstByte <= 63) return 'dtls'; // the most frequent first
  if (firstByte <= 3) return 'stun';
  if (firstByte >= 128 && firstByte <= 191) return 'rtp';
  if (firstByte >= 64 && firstByte <= 79) return 'turn-channel';
  return 'unknown';
}
