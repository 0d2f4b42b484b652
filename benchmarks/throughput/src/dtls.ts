import type { Entry } from '@millrace/bench-harness';

const url = (name: string): string => new URL(`./operations/${name}.ts`, import.meta.url).href;
const SIZES = [64, 1_200, 16_384] as const;

export const dtls: readonly Entry[] = [
  ...(['seal', 'seal and open'] as const).flatMap((verb) =>
    SIZES.map(
      (bytes): Entry => ({
        kind: 'operation',
        name: `dtls/${verb === 'seal' ? 'seal' : 'seal-open'}-${bytes}`,
        what: `a record of ${bytes} B ${verb === 'seal' ? 'sealed' : 'sealed by one side and opened by the other'}`,
        quick: verb !== 'seal' && bytes === 1_200,
        module: url('dtls-records'),
        subjects: ['millrace', 'millrace-portable', 'node:crypto', 'werift'],
        settings: { bytes, verb },
        bytesPerOperation: bytes,
        counters: [{ name: 'dropped', unit: '', better: 'lower' }],
      }),
    ),
  ),
  ...(['aes-128-gcm', 'chacha20-poly1305'] as const).flatMap((algorithm) =>
    (['seal', 'open'] as const).flatMap((verb) =>
      SIZES.map(
        (bytes): Entry => ({
          kind: 'operation',
          name: `dtls/${algorithm}-${verb}-${bytes}`,
          what: `${bytes} B ${verb === 'seal' ? 'sealed' : 'opened'} with ${algorithm}, any nonce`,
          quick: false,
          module: url('aead'),
          subjects: ['millrace', 'millrace-portable', 'node:crypto', 'copy'],
          floor: 'copy',
          settings: { bytes, verb, algorithm },
          bytesPerOperation: bytes,
        }),
      ),
    ),
  ),
  {
    kind: 'operation',
    name: 'dtls/handshake',
    what: 'a whole handshake in memory, both sides: ECDHE with both certificates checked',
    quick: true,
    module: url('dtls-handshake'),
    subjects: ['millrace', 'millrace-1.3', 'millrace-1.3-ml-kem', 'werift', 'node:tls'],
  },
];
