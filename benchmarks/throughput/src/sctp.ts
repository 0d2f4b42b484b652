import type { Entry, OperationBenchmark } from '@millrace/bench-harness';

const url = (name: string): string => new URL(`./operations/${name}.ts`, import.meta.url).href;

const WIRE: NonNullable<OperationBenchmark['counters']> = [
  { name: 'packets', unit: '/message', better: 'lower' },
  { name: 'wire bytes', unit: '/message', better: 'lower' },
  { name: 'chunks per packet', unit: '', better: 'higher' },
  { name: 'packets back', unit: '/message', better: 'lower' },
];

interface Messages {
  readonly name: string;
  readonly what: string;
  readonly bytes: number;
  readonly streams?: number;
  readonly loseEvery?: number;
  readonly zeroChecksum?: 0 | 1;
  readonly quick?: boolean;
}

function messages({ name, what, bytes, streams = 1, loseEvery = 0, ...rest }: Messages): OperationBenchmark {
  const { zeroChecksum = 0, quick = false } = rest;
  return {
    kind: 'operation',
    name: `sctp/${name}`,
    what,
    quick,
    module: url('sctp-messages'),
    subjects: ['millrace'],
    settings: { bytes, streams, loseEvery, zeroChecksum },
    bytesPerOperation: bytes,
    counters: WIRE,
  };
}

export const sctp: readonly Entry[] = [
  ...[16, 64, 256, 1_024, 4_096, 16_384, 65_536].map((bytes) =>
    messages({
      name: `messages-${bytes}`,
      what: `${bytes} B messages from one association to another over a link in memory`,
      bytes,
      quick: bytes === 64 || bytes === 1_024 || bytes === 65_536,
    }),
  ),
  messages({
    name: 'messages-1024-32-streams',
    what: '1 KiB messages, each of the 32 of a burst on a stream of its own',
    bytes: 1_024,
    streams: 32,
  }),
  messages({
    name: 'messages-1024-zero-checksum',
    what: '1 KiB messages without checksums (RFC 9653)',
    bytes: 1_024,
    zeroChecksum: 1,
  }),
  messages({
    name: 'messages-1024-lossy',
    what: '1 KiB messages where every 50th packet is lost: gaps, SACKs with blocks, retransmissions',
    bytes: 1_024,
    loseEvery: 50,
  }),
  ...(
    [
      [1_100, 1],
      [40, 16],
    ] as const
  ).map(
    ([bytes, chunks]): Entry => ({
      kind: 'operation',
      name: `sctp/receive-${chunks}x${bytes}`,
      what: `a packet with ${chunks} whole message${chunks === 1 ? '' : 's'} of ${bytes} B taken in, no checksum`,
      quick: chunks === 1,
      module: url('sctp-receive'),
      subjects: ['millrace'],
      settings: { bytes, chunks },
      bytesPerOperation: bytes * chunks,
      counters: [{ name: 'dropped', unit: '', better: 'lower' }],
    }),
  ),
  ...[0, 4, 64].map(
    (gaps): Entry => ({
      kind: 'operation',
      name: gaps === 0 ? 'sctp/send-and-sack' : `sctp/sack-${gaps}-gaps`,
      what:
        gaps === 0
          ? 'a packet of 1100 B sent and the SACK for it taken in, no checksum'
          : `a SACK with ${gaps} gap blocks over 256 packets in flight taken in, no checksum`,
      quick: gaps === 0,
      module: url('sctp-sack'),
      subjects: ['millrace'],
      settings: { gaps },
      counters: [
        { name: 'dropped', unit: '', better: 'lower' },
        { name: 'in flight', unit: 'B', better: 'lower' },
      ],
    }),
  ),
  ...[64, 1_200, 9_000].map(
    (bytes): Entry => ({
      kind: 'operation',
      name: `sctp/crc32c-${bytes}`,
      what: `CRC32c of ${bytes} B`,
      quick: bytes === 1_200,
      module: url('crc32c'),
      subjects: ['millrace', 'zlib-crc32'],
      floor: 'zlib-crc32',
      settings: { bytes },
      bytesPerOperation: bytes,
      sample: 4,
    }),
  ),
];
