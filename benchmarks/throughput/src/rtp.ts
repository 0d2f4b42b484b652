import type { Entry } from '@millrace/bench-harness';

const module = new URL('./operations/rtp-packets.ts', import.meta.url).href;
const SIZES = [160, 1_200] as const;
const PROFILES = ['aes-128-cm-hmac-sha1-80', 'aead-aes-128-gcm'] as const;

export const rtp: readonly Entry[] = [
  ...(['parse', 'marshal'] as const).flatMap((verb) =>
    SIZES.map(
      (bytes): Entry => ({
        kind: 'operation',
        name: `rtp/${verb}-${bytes}`,
        what: `an RTP packet of ${bytes} B: ${verb}`,
        quick: false,
        module,
        subjects: ['millrace', 'werift'],
        settings: { bytes, verb },
        bytesPerOperation: bytes,
        latency: true,
      }),
    ),
  ),
  ...PROFILES.flatMap((profile) =>
    (['protect', 'unprotect'] as const).flatMap((verb) =>
      SIZES.map(
        (bytes): Entry => ({
          kind: 'operation',
          name: `srtp/${profile}-${verb}-${bytes}`,
          what: `an RTP packet of ${bytes} B: ${verb} with ${profile}`,
          quick: false,
          module,
          subjects: ['millrace', 'werift'],
          settings: { bytes, verb, profile },
          bytesPerOperation: bytes,
          latency: true,
        }),
      ),
    ),
  ),
];
