// Millions of random records: what the portable keys make of them is what node:crypto makes, seal and open, in
// ordinary memory and in a slab, with nonces in a row and jumping, and no forged record opens.
// Usage: node --conditions=@millrace/source packages/crypto/bench/verify.ts [records of each algorithm] [seed]
import { createCipheriv } from 'node:crypto';
import { AEAD_KEY_BYTES, type AeadAlgorithm, createAeadKey, nodeAeadKey, slab } from '@millrace/crypto';

const RECORDS = Number(process.argv[2] ?? 1_000_000);
const SEED = Number(process.argv[3] ?? Date.now() % 1e9);
const KEY_LIFE = 2_000;
const ALGORITHMS: readonly AeadAlgorithm[] = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'];

/** Random bytes that a seed gives again: the key stream of a cipher. */
const source = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.from(String(SEED).padStart(16, '0')));
const zeros = new Uint8Array(1 << 16);
let pool = source.update(zeros);
let used = 0;
function take(length: number): Buffer {
  if (used + length > pool.length) {
    pool = source.update(zeros);
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
}
const below = (limit: number): number => take(4).readUInt32BE() % limit;

const memories = [new Uint8Array(8_000), slab(8_000)];
const expected = new Uint8Array(8_000);
for (const algorithm of ALGORITHMS) {
  const started = performance.now();
  let forged = 0;
  const nonce = Buffer.alloc(12);
  let [sealer, opener, node] = keys(algorithm);
  for (let record = 0; record < RECORDS; record++) {
    if (record % KEY_LIFE === 0) [sealer, opener, node] = keys(algorithm);
    const bytes = memories[record & 1]!;
    const kind = below(100);
    // Mostly full packets and small answers, now and then anything.
    const length =
      kind < 40 ? 1_100 + below(100) : kind < 80 ? below(100) : kind < 99 ? below(1_500) : below(6_200);
    const at = below(70);
    if (below(10) === 0) nonce.set(take(12));
    else nonce.writeUInt32BE((nonce.readUInt32BE(8) + 1) >>> 0, 8);
    const aad = take(kind === 0 ? below(60) : 13);
    const plain = take(length);
    const end = at + length;
    bytes.set(plain, at);
    expected.set(plain, at);
    sealer.seal(bytes, at, end, nonce, aad);
    node.seal(expected, at, end, nonce, aad);
    const sealed = expected.subarray(at, end + 16);
    if (Buffer.compare(bytes.subarray(at, end + 16), sealed) !== 0) fail(algorithm, record, 'seals wrongly');
    if (kind % 10 === 0) {
      const bit = below((length + 16) * 8);
      bytes[at + (bit >> 3)]! ^= 1 << (bit & 7);
      if (opener.open(bytes, at, end + 16, nonce, aad)) fail(algorithm, record, 'opens a forgery');
      bytes.set(sealed, at);
      forged++;
    }
    if (!opener.open(bytes, at, end + 16, nonce, aad)) fail(algorithm, record, 'does not open');
    if (Buffer.compare(bytes.subarray(at, end), plain) !== 0) fail(algorithm, record, 'opens wrongly');
  }
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  console.log(
    `${algorithm}: ${RECORDS} records and ${forged} forgeries agree with node:crypto, ${seconds} s`,
  );
}

function keys(algorithm: AeadAlgorithm) {
  const material = take(AEAD_KEY_BYTES[algorithm]);
  return [
    createAeadKey(algorithm, material),
    createAeadKey(algorithm, material),
    nodeAeadKey(algorithm, material),
  ] as const;
}

function fail(algorithm: AeadAlgorithm, record: number, what: string): never {
  console.error(`SEED=${SEED}: ${algorithm} ${what} at record ${record}`);
  process.exit(1);
}
