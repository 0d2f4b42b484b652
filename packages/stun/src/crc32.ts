// CRC-32 of ITU V.42 (reflected, polynomial 0xEDB88320), as FINGERPRINT wants it. RFC 8489 §14.7. Four bytes at a time, each by a
// table of what it does that far ahead: twice as quick as byte by byte.

const [BY_1, BY_2, BY_3, BY_4] = tables();

export function crc32(bytes: Uint8Array, at: number, end: number): number {
  let crc = 0xffff_ffff;
  for (; at + 4 <= end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc = BY_4[crc & 0xff]! ^ BY_3[(crc >>> 8) & 0xff]! ^ BY_2[(crc >>> 16) & 0xff]! ^ BY_1[crc >>> 24]!;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ BY_1[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

function tables(): [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const first = new Uint32Array(256).map((_, i) => {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
    return crc;
  });
  const next = (table: Uint32Array): Uint32Array => table.map((crc) => (crc >>> 8) ^ first[crc & 0xff]!);
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}
