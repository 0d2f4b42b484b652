// millrace in its own process. Loopback candidates are on, so that a machine without a network can run this too. A
// connection whose configuration says `singlePort` is one of a lite server's, and shares its port with all others.

import { subscribe } from 'node:diagnostics_channel';
import { networkInterfaces } from 'node:os';
import { type RTCConfiguration, RTCPeerConnection, UdpMux } from 'millrace';
import { serve } from '../agent/process.ts';
import type { PeerConnectionClass } from '../agent/w3c.ts';

const addresses = Object.values(networkInterfaces())
  .flatMap((infos) => infos ?? [])
  .filter(({ address }) => !/^fe[89ab]/i.test(address))
  .map(({ address }) => address);
const udpMux = await UdpMux.listen({ addresses });

class Served extends RTCPeerConnection {
  constructor({ singlePort, ...configuration }: RTCConfiguration & { singlePort?: boolean } = {}) {
    const { millrace } = configuration;
    super(
      singlePort ? { ...configuration, millrace: { ...millrace, udpMux, iceLite: true } } : configuration,
    );
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

serve({
  RTCPeerConnection: Served as unknown as PeerConnectionClass,
  configuration: { millrace: { loopback: true } },
});
