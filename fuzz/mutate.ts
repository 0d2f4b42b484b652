// Makes a new input out of seeds: a few random changes of the kinds that break parsers, and now and then noise.
import type { SeededRandom } from '@millrace/sans-io/testing';

const MAX_BYTES = 4096;
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

export function makeInput(seeds: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  if (seeds.length === 0 || random.chance(0.05)) {
    const noise = new Uint8Array(random.below(64));
    random.fill(noise);
    return noise;
  }
  const seed = seeds[random.below(seeds.length)]!;
  let bytes: Uint8Array = seed.slice();
  // Small counts most of the time: one change at a time gets past more checks than many.
  for (let changes = random.below(random.chance(0.8) ? 4 : 24); changes > 0; changes--)
    bytes = change(bytes, seeds, random);
  return bytes.length > MAX_BYTES ? bytes.slice(0, MAX_BYTES) : bytes;
}

function change(bytes: Uint8Array, seeds: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  const at = random.below(bytes.length);
  const length = 1 + random.below(random.chance(0.5) ? 4 : 32);
  switch (random.below(9)) {
    case 0: // one bit
      if (bytes.length > 0) bytes[at] = bytes[at]! ^ (1 << random.below(8));
      return bytes;
    case 1: // a byte at an edge of its range
      if (bytes.length > 0) bytes[at] = EDGES[random.below(EDGES.length)]!;
      return bytes;
    case 2: // a random byte
      if (bytes.length > 0) bytes[at] = random.below(256);
      return bytes;
    case 3: // a 16-bit field, often a length, a little off
      if (bytes.length >= at + 2) {
        const value = ((bytes[at]! << 8) | bytes[at + 1]!) + random.below(9) - 4;
        bytes[at] = value >>> 8;
        bytes[at + 1] = value;
      }
      return bytes;
    case 4: // a shorter input
      return bytes.slice(0, at);
    case 5: // a stretch left out
      return join(bytes.subarray(0, at), bytes.subarray(at + length));
    case 6: // a stretch twice
      return join(bytes.subarray(0, at + length), bytes.subarray(at));
    case 7: {
      // the tail of another
      const other = seeds[random.below(seeds.length)]!;
      return join(bytes.subarray(0, at), other.subarray(random.below(other.length)));
    }
    default: {
      // noise in between
      const noise = new Uint8Array(length);
      random.fill(noise);
      return join(bytes.subarray(0, at), noise, bytes.subarray(at));
    }
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
