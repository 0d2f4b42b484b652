// The ciphers alone, any nonce: sealing and opening in place. To open the same bytes again they are copied in first,
// for every subject alike; the floor is that copy.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import type { AeadAlgorithm } from '@millrace/dtls';
import { type CryptoName, dtlsCrypto, slabOf } from './dtls-cryptos.ts';
import { randomArrays } from './inputs.ts';

const TAG_BYTES = 16;
const RECORDS = 16;

const by =
  (name: CryptoName) =>
  ({ bytes, verb, algorithm }: OperationSettings): Prepared => {
    const crypto = dtlsCrypto(name);
    const length = bytes as number;
    const key = crypto.createAeadKey(algorithm as AeadAlgorithm, keyFor(algorithm as AeadAlgorithm));
    const aad = randomArrays(1, 13)[0]!;
    const slab = slabOf(name, length + TAG_BYTES);
    const nonces = randomArrays(RECORDS, 12, 2);
    const contents = randomArrays(RECORDS, length, 3);
    // The same array at each call, changed in between, as the record layer has it.
    const nonce = new Uint8Array(12);
    const sealed = contents.map((content, i) => {
      slab.set(content);
      nonce.set(nonces[i]!);
      key.seal(slab, 0, length, nonce, aad);
      return slab.slice(0, length + TAG_BYTES);
    });
    let next = 0;
    return {
      run(times) {
        let sum = 0;
        for (let i = 0; i < times; i++) {
          const record = next++ % RECORDS;
          nonce.set(nonces[record]!);
          if (verb === 'seal') {
            slab.set(contents[record]!);
            key.seal(slab, 0, length, nonce, aad);
            sum += slab[length]!;
          } else {
            slab.set(sealed[record]!);
            if (!key.open(slab, 0, length + TAG_BYTES, nonce, aad))
              throw new Error('a good record was refused');
            sum += slab[length - 1]!;
          }
        }
        return sum;
      },
    };
  };

export const operation: Operation = {
  subjects: {
    millrace: by('millrace'),
    'millrace-portable': by('millrace-portable'),
    'node:crypto': by('node:crypto'),
    copy({ bytes }: OperationSettings): Prepared {
      const contents = randomArrays(RECORDS, bytes as number, 3);
      const slab = new Uint8Array((bytes as number) + TAG_BYTES);
      let next = 0;
      return {
        run(times) {
          let sum = 0;
          for (let i = 0; i < times; i++, next++) {
            slab.set(contents[next % RECORDS]!);
            sum += slab[next % slab.length]!;
          }
          return sum;
        },
      };
    },
  },
};

function keyFor(algorithm: AeadAlgorithm): Uint8Array {
  return randomArrays(1, algorithm === 'aes-128-gcm' ? 16 : 32, 4)[0]!;
}
