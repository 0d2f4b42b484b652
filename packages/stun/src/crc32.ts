// CRC-32 of ITU V.42 (reflected, polynomial 0xEDB88320), as FINGERPRINT wants it. RFC 8489 §14.7.

const TABLE = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  TABLE[i] = crc;
}

export function crc32(bytes: Uint8Array, at: number, end: number): number {
  let crc = 0xffff_ffff;
  for (let i = at; i < end; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}
