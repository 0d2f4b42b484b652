// KeyUpdate: the sender changes its keys, and may ask the peer to do the same. RFC 8446 §4.6.3.

export type KeyUpdateRequest = 'update_not_requested' | 'update_requested';

export function parseKeyUpdate(body: Uint8Array): KeyUpdateRequest | 'malformed' | 'unknown' {
  if (body.length !== 1) return 'malformed';
  if (body[0] === 0) return 'update_not_requested';
  return body[0] === 1 ? 'update_requested' : 'unknown';
}

export function writeKeyUpdate(request: KeyUpdateRequest): Uint8Array {
  return Uint8Array.of(request === 'update_requested' ? 1 : 0);
}
