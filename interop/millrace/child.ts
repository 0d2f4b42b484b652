// millrace in its own process. Loopback candidates are on, so that a machine without a network can run this too. A
// connection whose configuration says `singlePort` is one of a lite server's, and shares its port with all others; `listens` and
// `direct` make it a client of `listen()`; others say of what kind its certificates are to be.

import { subscribe } from 'node:diagnostics_channel';
import { networkInterfaces } from 'node:os';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import {
  type FingerprintHash,
  generateCertificate,
  type RTCConfiguration,
  RTCPeerConnection,
  UdpMux,
} from 'millrace';
import { serve } from '../agent/process.ts';
import type { PeerConnectionClass } from '../agent/w3c.ts';
import { Awaited, type Direct } from './awaited.ts';
import { type WireHellos, watchWire } from './wire.ts';

const addresses = Object.values(networkInterfaces())
  .flatMap((infos) => infos ?? [])
  .filter(({ address }) => !/^fe[89ab]/i.test(address))
  .map(({ address }) => address);
const udpMux = await UdpMux.listen({ addresses });

/** By the names of `certificateKinds`. */
const certificates = {
  ecdsa: await generateCertificate('ECDSA'),
  rsa: await generateCertificate({ name: 'RSASSA-PKCS1-v1_5' }),
  ed25519: await generateCertificate('Ed25519'),
};

interface Wish {
  readonly singlePort?: boolean;
  /** It is a client of `listen()`. */
  readonly listens?: boolean;
  /** It is one that nobody signals. */
  readonly direct?: Direct;
  readonly certificateKinds?: ReadonlyArray<keyof typeof certificates>;
  readonly fingerprintHashes?: readonly FingerprintHash[];
  /** PEM, trusted beside all others. */
  readonly authority?: string;
}

class Served extends RTCPeerConnection {
  constructor({
    singlePort,
    certificateKinds,
    fingerprintHashes,
    authority,
    ...given
  }: RTCConfiguration & Wish = {}) {
    if (authority) setDefaultCACertificates([...getCACertificates('bundled'), authority]);
    super({
      ...given,
      ...(certificateKinds && { certificates: certificateKinds.map((kind) => certificates[kind]) }),
      millrace: {
        ...given.millrace,
        ...(fingerprintHashes && { fingerprintHashes }),
        ...(singlePort && { udpMux, iceLite: true }),
      },
    });
  }
}

/** INIT, INIT ACK, COOKIE ECHO and COOKIE ACK (RFC 9260 §3.2). */
const HANDSHAKE: ReadonlySet<number> = new Set([1, 2, 10, 11]);
const counts = globalThis as { handshakeChunks?: number };

subscribe('millrace:sctp:packet', (message) => {
  const bytes = (message as { readonly line: string }).line
    .split(/\s+/)
    .filter((word) => /^[0-9a-f]{2}$/i.test(word));
  if (HANDSHAKE.has(Number.parseInt(bytes[12] ?? '', 16)))
    counts.handshakeChunks = (counts.handshakeChunks ?? 0) + 1;
});

const hellos: WireHellos = { offered: [], selected: 0 };
Object.assign(globalThis, { hellos });
watchWire(hellos);

/** Whatever the configuration asks for. */
function connect(configuration: RTCConfiguration & Wish): object {
  const { listens, direct } = configuration;
  return listens || direct ? new Awaited(addresses, direct) : new Served(configuration);
}

serve({
  RTCPeerConnection: connect as unknown as PeerConnectionClass,
  configuration: { millrace: { loopback: true } },
});
