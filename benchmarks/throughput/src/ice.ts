import type { Entry } from '@millrace/bench-harness';

const url = (name: string): string => new URL(`./operations/${name}.ts`, import.meta.url).href;

export const ice: readonly Entry[] = [
  ...(['parse', 'format'] as const).map(
    (verb): Entry => ({
      kind: 'operation',
      name: `ice/candidate-${verb}`,
      what: `a candidate line ${verb === 'parse' ? 'read' : 'written'}`,
      quick: verb === 'parse',
      module: url('candidate-lines'),
      subjects: ['millrace', 'werift'],
      settings: { verb },
      sample: 4,
    }),
  ),
  ...[10, 100, 1_000].map(
    (candidates): Entry => ({
      kind: 'operation',
      name: `ice/pairs-${candidates}`,
      what: `${candidates} remote candidates, one after the other, paired with 4 local ones and sorted`,
      quick: candidates === 10,
      module: url('ice-pairs'),
      subjects: ['millrace', 'werift'],
      settings: { candidates, locals: 4, cap: 0 },
    }),
  ),
  ...[0, 100].map(
    (cap): Entry => ({
      kind: 'operation',
      name: `ice/trickle-1000x10${cap === 0 ? '' : '-capped'}`,
      what: `1,000 remote candidates, one after the other, paired with 10 local ones and sorted; ${
        cap === 0 ? 'all 10,000 pairs are kept' : `the ${cap} best pairs are kept, the default`
      }`,
      quick: false,
      module: url('ice-pairs'),
      subjects: ['millrace'],
      settings: { candidates: 1_000, locals: 10, cap },
    }),
  ),
  ...[1, 4].map(
    (addresses): Entry => ({
      kind: 'operation',
      name: `ice/connect-${addresses}`,
      what: `two agents with ${addresses} address${addresses === 1 ? '' : 'es'} each, from the first check to the nominated pair, in virtual time`,
      quick: addresses === 1,
      module: url('ice-connect'),
      subjects: ['millrace'],
      settings: { addresses },
    }),
  ),
];
