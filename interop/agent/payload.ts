// What is sent and how it is described when it arrives. Both the agent and the harness make the same bytes from
// the same seed, so that payloads never travel through the harness: only sizes and SHA-256 digests do.

/** A message to send: given text, or `bytes` bytes grown from `seed`. */
export type Item = { readonly text: string } | { readonly bytes: number; readonly seed: number };

/** A message as it arrived. */
export interface Seen {
  readonly kind: 'text' | 'binary';
  readonly bytes: number;
  readonly sha256: string;
}

/** `length` bytes of an xorshift32 sequence: nothing repeats within a message, so a swapped fragment shows. */
export function grow(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 0x9e3779b1 + 1) | 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

export function payload(item: Item): string | Uint8Array<ArrayBuffer> {
  return 'text' in item ? item.text : grow(item.bytes, item.seed);
}

export async function describe(message: string | Uint8Array<ArrayBuffer>): Promise<Seen> {
  const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message;
  return {
    kind: typeof message === 'string' ? 'text' : 'binary',
    bytes: bytes.length,
    sha256: await sha256(bytes),
  };
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
