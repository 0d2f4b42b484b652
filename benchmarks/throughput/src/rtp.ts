import type { Entry } from '@millrace/bench-harness';
import type { SrtpProfile } from '@millrace/srtp';
import { RTCP_BYTES, RTCP_KINDS } from './operations/rtp-kinds.ts';

const url = (name: string): string => new URL(`./operations/${name}.ts`, import.meta.url).href;
const SIZES = [160, 1_200] as const;
const PROFILES = [
  'aes128-cm-hmac-sha1-80',
  'aes128-cm-hmac-sha1-32',
  'aead-aes-128-gcm',
  'aead-aes-256-gcm',
] as const satisfies readonly SrtpProfile[];
/** Those that werift has not are measured without it. */
const WERIFT_PROFILES: readonly SrtpProfile[] = ['aes128-cm-hmac-sha1-80', 'aead-aes-128-gcm'];
const RTCP_NAMES = {
  sr: 'a sender report with two report blocks',
  nack: 'a NACK of three entries',
  twcc: 'transport-wide feedback on 29 packets',
} as const;

const PIPELINE = {
  receive: 'an RTP packet of 1200 B: parse, statistics, log for NACK and transport-wide feedback',
  reorder: 'an RTP packet of 1200 B: parse, through the jitter buffer, one in sixteen out of order',
} as const;

/** Packets that are met: RTP of two sizes, RTCP of as many bytes as their kind has. */
const CODED = [
  ...SIZES.map((bytes) => ({ kind: 'rtp', label: `${bytes}`, what: `an RTP packet of ${bytes} B`, bytes })),
  ...RTCP_KINDS.map((kind) => ({ kind, label: kind, what: RTCP_NAMES[kind], bytes: RTCP_BYTES[kind] })),
];
const PROTECTED = CODED.filter(({ kind }) => kind === 'rtp' || kind === 'sr');

export const rtp: readonly Entry[] = [
  ...(['parse', 'marshal'] as const).flatMap((verb) =>
    CODED.map(
      ({ kind, label, what, bytes }): Entry => ({
        kind: 'operation',
        name: `rtp/${verb}-${label}`,
        what: `${what}: ${verb}`,
        quick: label === '1200',
        module: url('rtp-codecs'),
        subjects: ['millrace', 'werift'],
        settings: { kind, bytes, verb },
        bytesPerOperation: bytes,
        sample: 16,
      }),
    ),
  ),
  ...(['receive', 'reorder'] as const).map(
    (verb): Entry => ({
      kind: 'operation',
      name: `rtp/${verb}-1200`,
      what: PIPELINE[verb],
      quick: false,
      module: url('rtp-pipeline'),
      subjects: ['millrace', 'werift'],
      settings: { verb, bytes: 1_200 },
      bytesPerOperation: 1_200,
    }),
  ),
  ...PROFILES.flatMap((profile) =>
    (['protect', 'unprotect'] as const).flatMap((verb) =>
      PROTECTED.map(
        ({ kind, label, what, bytes }): Entry => ({
          kind: 'operation',
          name: `srtp/${profile}-${verb}-${label === 'sr' ? 'rtcp' : label}`,
          what: `${what}: ${verb} with ${profile}`,
          quick: profile === 'aead-aes-128-gcm' && label === '1200',
          module: url('srtp-packets'),
          subjects: [
            'millrace',
            'millrace-portable',
            ...(WERIFT_PROFILES.includes(profile) ? ['werift'] : []),
          ],
          settings: { kind, bytes, verb, profile },
          bytesPerOperation: bytes,
          counters: [{ name: 'dropped', unit: '', better: 'lower' }],
        }),
      ),
    ),
  ),
];
