// Records of application data: sealed, or sealed by one side and opened by the other (a record can be opened once only,
// so opening has no benchmark without sealing; `aead.ts` has one for the ciphers). What is sealed is what the record
// before has left behind, so it differs each time.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { type CryptoName, dtlsCrypto, slabOf } from './dtls-cryptos.ts';
import { DtlsSum, handshake } from './dtls-pair.ts';
import { randomArrays } from './inputs.ts';
import { weriftPart } from './werift.ts';

/** Enough for a record of the longest content, and for another beginning than the last one. */
const ROOM_BYTES = 17_000;

const by =
  (name: CryptoName) =>
  ({ bytes, verb }: OperationSettings): Prepared => {
    const sink = new DtlsSum();
    const { client, server } = handshake(dtlsCrypto(name), 1, sink);
    const length = bytes as number;
    const slab = slabOf(name, ROOM_BYTES);
    slab.set(randomArrays(1, ROOM_BYTES)[0]!);
    const opens = verb === 'seal and open';
    return {
      run(times) {
        let sum = 0;
        for (let i = 0; i < times; i++) {
          const record = client.seal(slab, 0, length);
          sum += record + slab[record - 1]!;
          if (!opens) continue;
          server.receive(slab, 0, record, 0);
          server.drain(sink);
        }
        return sum + sink.sum;
      },
      counters: () => ({
        dropped: Object.values(server.drops).reduce((total: number, count) => total + (count ?? 0), 0),
      }),
    };
  };

interface WeriftCipher {
  init(masterSecret: Buffer, serverRandom: Buffer, clientRandom: Buffer): void;
  encrypt(side: number, bytes: Buffer, header: object): Buffer;
  decrypt(side: number, bytes: Buffer, header: object): Buffer;
}

const ECDHE_ECDSA_AES_128_GCM = 0xc02b;
const CLIENT = 1;
const SERVER = 2;

export const operation: Operation = {
  subjects: {
    millrace: by('millrace'),
    'millrace-portable': by('millrace-portable'),
    'node:crypto': by('node:crypto'),
    // Its cipher alone, without the record around it, which it builds from objects: this flatters it a little.
    werift({ bytes, verb }: OperationSettings): Prepared {
      const { createCipher } = weriftPart<{ createCipher(suite: number): WeriftCipher }>(
        'dtls/src/cipher/create.js',
      );
      const [master, serverRandom, clientRandom] = randomArrays(3, 48).map((array) => Buffer.from(array));
      const cipher = createCipher(ECDHE_ECDSA_AES_128_GCM);
      cipher.init(master!, serverRandom!.subarray(0, 32), clientRandom!.subarray(0, 32));
      const content = Buffer.from(randomArrays(1, bytes as number)[0]!);
      const header = { type: 23, version: 0xfefd, epoch: 1, sequenceNumber: 0 };
      const opens = verb === 'seal and open';
      return {
        run(times) {
          let sum = 0;
          for (let i = 0; i < times; i++) {
            header.sequenceNumber++;
            content[0] = i;
            const sealed = cipher.encrypt(CLIENT, content, header);
            sum += sealed.length + sealed[sealed.length - 1]!;
            if (opens) sum += cipher.decrypt(SERVER, sealed, header)[0]!;
          }
          return sum;
        },
      };
    },
  },
};
