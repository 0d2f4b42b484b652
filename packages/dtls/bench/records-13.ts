// What sealing and opening a record costs in DTLS 1.3, against DTLS 1.2 with the same cipher, in turns in one process:
// nanoseconds a record, and how fast 1.3 is as a part of 1.2 (above 1: quicker), with quartiles. Records lie end to end in a slab,
// as a batch of the driver's does, and are opened in order; with the native layer as from datagrams that the kernel has
// merged, else one by one. Both paths keep a replay window.
// Usage: node --conditions=@millrace/source packages/dtls/bench/records-13.ts [rounds] [lengths] [algorithms]
import { createAeadKey, createSequenceMask, slab } from '@millrace/crypto';
import { loadNative, type Native } from '@millrace/native';
import { CIPHER_SUITES } from '../src/cipher-suites.ts';
import { CIPHER_SUITES_13 } from '../src/cipher-suites-13.ts';
import type { AeadAlgorithm, DtlsCrypto } from '../src/crypto.ts';
import { nodeDtlsCrypto } from '../src/node-crypto.ts';
import { CONTENT_TYPE, DTLS_1_2, RECORD_HEADER_BYTES, recordLength } from '../src/record/header.ts';
import { PROTECTED_EPOCH, RecordLayer } from '../src/record/layer.ts';
import { createRecordProtection } from '../src/record/protection.ts';
import { createEpoch13 } from '../src/record/protection-13.ts';
import { ReplayWindow } from '../src/record/replay-window.ts';

const ROUNDS = Number(process.argv[2] ?? 100);
const LENGTHS = (process.argv[3] ?? '64,1200,16000').split(',').map(Number);
const ALGORITHMS = (process.argv[4] ?? 'aes-128-gcm,chacha20-poly1305').split(',') as AeadAlgorithm[];
/** The driver and the native sockets leave some room in front of the first record, too. */
const FRONT_BYTES = 64;
const SLAB_BYTES: number = FRONT_BYTES + 65_536;
const ROUND_MILLIS = 8;
/** Datagrams that the kernel merges at most. */
const RUN = 64;

interface Path {
  /** Seals a slab full of records and says how many. */
  seal(): number;
  open(): void;
}

const native = loadNative();
const portable: DtlsCrypto = { ...nodeDtlsCrypto, createAeadKey, createSequenceMask };
const backends: Array<[string, DtlsCrypto, Uint8Array]> = [['portable', portable, slab(SLAB_BYTES)]];
if (native?.aead) backends.unshift(['native', nativeCrypto(native), native.slab(SLAB_BYTES)]);

console.log('backend   algorithm           bytes      seal 1.2  1.3 ns ratio      open 1.2  1.3 ns ratio');
for (const [name, crypto, bytes] of backends)
  for (const algorithm of ALGORITHMS)
    for (const length of LENGTHS) {
      const paths = [
        path12(crypto, algorithm, bytes, length),
        path13(crypto, algorithm, bytes, length, name === 'native'),
      ] as const;
      const samples: [number[][], number[][]] = [
        [[], []],
        [[], []],
      ];
      for (let round = -12; round < ROUNDS; round++)
        for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
          const [seal, open] = measure(paths[which]!);
          if (round >= 0) {
            samples[which]![0]!.push(seal);
            samples[which]![1]!.push(open);
          }
        }
      const [v12, v13] = samples;
      console.log(
        `${name.padEnd(9)} ${algorithm.padEnd(18)} ${String(length).padStart(6)}  ${[0, 1]
          .map((i) => `    ${ns(v12[i]!)} ${ns(v13[i]!)} ${ratios(v12[i]!, v13[i]!)}`)
          .join('')}`,
      );
    }

/** Of one record, in the slab that took neither the longest nor the shortest time: what else runs here is left out so. */
function measure(path: Path): [number, number] {
  const sealing: number[] = [];
  const opening: number[] = [];
  const until = performance.now() + ROUND_MILLIS;
  while (performance.now() < until) {
    const start = performance.now();
    const records = path.seal();
    const middle = performance.now();
    path.open();
    const end = performance.now();
    sealing.push(((middle - start) / records) * 1e6);
    opening.push(((end - middle) / records) * 1e6);
  }
  return [median(sealing), median(opening)];
}

function path12(crypto: DtlsCrypto, algorithm: AeadAlgorithm, bytes: Uint8Array, length: number): Path {
  const suite = [...CIPHER_SUITES.values()].find((each) => each.aead === algorithm)!;
  const key = new Uint8Array(suite.keyBytes).fill(3);
  const nonce = new Uint8Array(suite.fixedNonceBytes).fill(4);
  const make = (direction: 'seal' | 'open') => createRecordProtection(crypto, suite, key, nonce, direction);
  const layer = new RecordLayer({ recordLimit: 2 ** 48 - 1, forgeryLimit: 2 ** 36, epochRetention: 0 });
  layer.protect({ sealing: make('seal'), opening: make('open') });
  const room = layer.headroom(PROTECTED_EPOCH) + length + layer.tailroom(PROTECTED_EPOCH);
  let end = 0;
  return {
    seal() {
      let at = FRONT_BYTES;
      let count = 0;
      for (; at + room <= SLAB_BYTES; count++)
        at += layer.write(bytes, at, PROTECTED_EPOCH, CONTENT_TYPE.applicationData, DTLS_1_2, length);
      end = at;
      return count;
    },
    open() {
      for (let at = FRONT_BYTES; at < end; ) {
        const recordEnd = at + RECORD_HEADER_BYTES + recordLength(bytes, at);
        if (layer.open(bytes, at, recordEnd) !== undefined) throw new Error('did not open');
        at = recordEnd;
      }
    },
  };
}

/** `isMerged`: node:dgram hands up each datagram by itself, in a buffer of its own. */
function path13(
  crypto: DtlsCrypto,
  algorithm: AeadAlgorithm,
  bytes: Uint8Array,
  length: number,
  isMerged: boolean,
): Path {
  const suite = [...CIPHER_SUITES_13.values()].find((each) => each.aead === algorithm)!;
  const secret = new Uint8Array(suite.hash === 'sha-256' ? 32 : 48).fill(5);
  const sealing = createEpoch13(crypto, suite, secret, 3, 'seal');
  const opening = createEpoch13(crypto, suite, secret, 3, 'open');
  const window = new ReplayWindow();
  const room = sealing.headroom + length + sealing.tailroom;
  const recordBytes = room;
  let sequence = 0;
  let expected = 0;
  let end = 0;
  return {
    seal() {
      let at = FRONT_BYTES;
      let count = 0;
      for (; at + room <= SLAB_BYTES; count++)
        at += sealing.sealInBatch(bytes, at, length, CONTENT_TYPE.applicationData, sequence++);
      sealing.finishBatch();
      end = at;
      return count;
    },
    open() {
      for (let at = FRONT_BYTES, run = 0; at < end; run++) {
        if (isMerged && run % RUN === 0)
          opening.foresee(bytes, at, Math.min(at + RUN * recordBytes, end), recordBytes);
        const reason = opening.open(bytes, at, end, expected);
        if (reason !== undefined) throw new Error(`did not open: ${reason}`);
        if (window.check(opening.sequence) !== undefined) throw new Error('replayed');
        window.accept(opening.sequence);
        if (opening.sequence >= expected) expected = opening.sequence + 1;
        at = opening.recordEnd;
      }
    },
  };
}

function nativeCrypto({ aead, ciphers }: Native): DtlsCrypto {
  return {
    ...portable,
    createAeadKey: (algorithm, key) => aead!.createAeadKey(algorithm, key),
    createRecordKey: (algorithm, key, fixedNonce, direction) =>
      aead!.createRecordKey(algorithm, key, fixedNonce, direction),
    createRecordKey13: (algorithm, key, iv, direction) =>
      aead!.createRecordKey13(algorithm, key, iv, direction),
    createSequenceMask: (algorithm, key) =>
      algorithm === 'chacha20-poly1305' || ciphers === undefined
        ? createSequenceMask(algorithm, key)
        : ciphers.createMask(key),
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function ns(values: readonly number[]): string {
  return median(values).toFixed(0).padStart(7);
}

/** The median, and the quartiles. */
function ratios(old: readonly number[], now: readonly number[]): string {
  const each = old.map((value, i) => value / now[i]!).sort((a, b) => a - b);
  const at = (part: number): string => each[Math.floor(each.length * part)]!.toFixed(2);
  return `${at(0.5)} [${at(0.25)}-${at(0.75)}]`;
}
