// Who meets whom, and how they have to find each other.

import type { SitePlan } from './network.ts';
import type { Nat, RouterPlan } from './ruleset.ts';

export type Server = 'stun' | 'stun6' | 'turn/udp' | 'turn6/udp' | 'turn/tcp' | 'turn/tls';

export interface Case {
  readonly says: string;
  /** The offerer's, then the answerer's; one site with two hosts is both. */
  readonly sites: readonly SitePlan[];
  /** The offerer's, then the answerer's if they differ. */
  readonly servers: readonly [offerer: readonly Server[], answerer?: readonly Server[]];
  /** Who takes connections over TCP: the offerer, the answerer, both. Default nobody. */
  readonly takesTcp?: readonly [offerer: boolean, answerer: boolean];
  /** `host`: as they are, `host/tcp`: and over TCP; `direct`: through the NATs; else the relays between them. */
  readonly path: readonly string[];
  /** It is run when there is little time. */
  readonly quick?: true;
}

const USUAL: readonly Server[] = ['stun', 'turn/udp'];

const behind = (...routers: RouterPlan[]): SitePlan => ({ routers });
const nat = (kind: Nat): SitePlan => behind({ nat: kind });
const between = (a: Nat, b: Nat, path: string, more: { quick?: true } = {}): Case => ({
  says: a === b ? `both ${a}` : `${a}, ${b}`,
  sites: [nat(a), nat(b)],
  servers: [USUAL],
  path: [path],
  ...more,
});

const noUdp: SitePlan = { routers: [{ nat: 'none', noUdp: true }], family: 'ipv6' };
const only443 = behind({ nat: 'port-restricted', only443: true });

// Hole punching, as in RFC 5128 §3.3: a mapping for each destination cannot be guessed, so the other side has to let
// in what comes from a port it has not sent to.
export const CASES: readonly Case[] = [
  between('cone', 'cone', 'direct', { quick: true }),
  between('port-restricted', 'port-restricted', 'direct'),
  between('cone', 'symmetric', 'direct'),
  between('symmetric', 'cone', 'direct'),
  between('symmetric', 'address-restricted', 'direct'),
  between('symmetric', 'port-restricted', 'relay/udp'),
  between('port-restricted', 'symmetric', 'relay/udp'),
  between('symmetric', 'symmetric', 'relay/udp', { quick: true }),
  {
    says: 'both port-restricted behind a port-restricted NAT of the provider',
    sites: [
      behind({ nat: 'port-restricted' }, { nat: 'port-restricted' }),
      behind({ nat: 'port-restricted' }, { nat: 'port-restricted' }),
    ],
    servers: [USUAL],
    path: ['direct'],
  },
  {
    says: 'port-restricted behind a symmetric NAT of the provider, cone',
    sites: [behind({ nat: 'port-restricted' }, { nat: 'symmetric' }), nat('cone')],
    servers: [USUAL],
    path: ['direct'],
  },
  {
    says: 'both port-restricted behind a symmetric NAT of the provider',
    sites: [
      behind({ nat: 'port-restricted' }, { nat: 'symmetric' }),
      behind({ nat: 'port-restricted' }, { nat: 'symmetric' }),
    ],
    servers: [USUAL],
    path: ['relay/udp'],
  },
  {
    says: 'hairpin: both behind one cone, by their public addresses alone',
    sites: [{ routers: [{ nat: 'cone' }], hosts: 2 }],
    servers: [USUAL],
    path: ['direct'],
  },
  {
    says: 'both behind one router without hairpin',
    sites: [{ routers: [{ nat: 'port-restricted' }], hosts: 2 }],
    servers: [USUAL],
    path: ['relay/udp'],
  },
  {
    says: 'IPv6 alone, behind firewalls',
    sites: [
      { routers: [{ nat: 'none' }], family: 'ipv6' },
      { routers: [{ nat: 'none' }], family: 'ipv6' },
    ],
    servers: [['stun6']],
    path: ['host'],
  },
  {
    says: 'IPv6 alone, IPv4 alone',
    sites: [{ routers: [{ nat: 'none' }], family: 'ipv6' }, nat('port-restricted')],
    servers: [['stun6', 'turn6/udp'], USUAL],
    path: ['relay/udp'],
    quick: true,
  },
  {
    says: 'UDP blocked on both sides, no relay, the answerer takes TCP',
    sites: [noUdp, { ...noUdp, routers: [{ nat: 'none', noUdp: true, opensTcp: true }] }],
    servers: [[]],
    takesTcp: [false, true],
    path: ['host/tcp'],
    quick: true,
  },
  {
    says: 'UDP blocked on both sides, no relay, the offerer takes TCP',
    sites: [{ ...noUdp, routers: [{ nat: 'none', noUdp: true, opensTcp: true }] }, noUdp],
    servers: [[]],
    takesTcp: [true, false],
    path: ['host/tcp'],
  },
  {
    says: 'UDP blocked on both sides, TURN by TCP',
    sites: [only443, only443],
    servers: [[...USUAL, 'turn/tcp']],
    path: ['relay/tcp'],
  },
  {
    says: 'UDP blocked on both sides, TURN by TLS',
    sites: [only443, only443],
    servers: [[...USUAL, 'turn/tls']],
    path: ['relay/tls'],
  },
  {
    says: 'UDP blocked, TURN by TCP; cone',
    sites: [only443, nat('cone')],
    servers: [[...USUAL, 'turn/tcp'], USUAL],
    path: ['relay/tcp'],
  },
  {
    says: 'UDP blocked, TURN by TLS; symmetric',
    sites: [only443, nat('symmetric')],
    servers: [[...USUAL, 'turn/tls'], USUAL],
    path: ['relay/tls', 'relay/tls + relay/udp'],
  },
  {
    says: 'UDP blocked on both sides, TURN by TLS and TCP',
    sites: [only443, only443],
    servers: [
      [...USUAL, 'turn/tls'],
      [...USUAL, 'turn/tcp'],
    ],
    path: ['relay/tcp + relay/tls'],
    quick: true,
  },
  {
    says: 'both cone, 10 % of packets lost on each side',
    sites: [behind({ nat: 'cone', loss: 10 }), behind({ nat: 'cone', loss: 10 })],
    servers: [USUAL],
    // Losses decide which check succeeds first.
    path: ['direct', 'relay/udp'],
    quick: true,
  },
  {
    says: 'both symmetric, 10 % of packets lost on each side',
    sites: [behind({ nat: 'symmetric', loss: 10 }), behind({ nat: 'symmetric', loss: 10 })],
    servers: [USUAL],
    path: ['relay/udp'],
  },
];
