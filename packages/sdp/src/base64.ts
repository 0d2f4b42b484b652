// Base64 as RFC 8866 §9 writes it: the alphabet of RFC 4648 §4, padded, nothing between the characters.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function formatBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const triple = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let i = 0; i < 4; i++)
      text += at + i > bytes.length ? '=' : ALPHABET[(triple >>> (18 - 6 * i)) & 63];
  }
  return text;
}

/** `undefined` if `text` is empty, not base64, or not the one way to write its bytes. */
export function parseBase64(text: string): Uint8Array | undefined {
  if (text === '' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let at = 0; at < text.length; at += 4) {
    let triple = 0;
    for (let i = 0; i < 4; i++) triple = (triple << 6) | (ALPHABET.indexOf(text[at + i]!) & 63);
    const place = (at / 4) * 3;
    for (let i = 0; i < 3 && place + i < bytes.length; i++) bytes[place + i] = triple >>> (16 - 8 * i);
  }
  return formatBase64(bytes) === text ? bytes : undefined;
}
