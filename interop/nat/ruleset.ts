// What a router does to packets, as nftables rules. The kinds of NAT are those of RFC 4787 §4 and §5, in the words of
// RFC 3489 §5. Linux keeps the port of a mapping where it can, and what comes unasked goes to the router itself: the
// rules for that make the difference.

/**
 * - `none`: routed, behind a firewall that lets answers in.
 * - `cone`: one mapping for all destinations, open to everybody.
 * - `address-restricted`: the same mapping, open to the addresses that something was sent to.
 * - `port-restricted`: the same mapping, open to the addresses and ports that something was sent to.
 * - `symmetric`: a mapping for each destination, open to that destination.
 */
export type Nat = 'none' | 'cone' | 'address-restricted' | 'port-restricted' | 'symmetric';

export interface RouterPlan {
  readonly nat: Nat;
  /** Nothing leaves but TCP to port 443. */
  readonly only443?: boolean;
  /** UDP does not leave. */
  readonly noUdp?: boolean;
  /** TCP connections from outside are let in. */
  readonly opensTcp?: boolean;
  /** Packets lost of a hundred, in each direction. */
  readonly loss?: number;
}

/** A host behind the router, and the ports it uses, which the static port map of a full cone has to know. */
export interface Inside {
  readonly address: string;
  readonly ports: string;
}

/** The router's links are called `wan`, and `lan0`, `lan1` for its hosts. */
export function ruleset(plan: RouterPlan, wanAddress: string, insides: readonly Inside[]): string {
  const { nat, only443 = false, noUdp = false, opensTcp = false, loss } = plan;
  return `
table inet lab {
  set asked { type ipv4_addr . inet_service; flags dynamic; size 4096; }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established accept
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ${when(loss !== undefined, `numgen random mod 100 < ${loss} drop`)}
    ${when(only443, 'oifname "wan" meta l4proto != tcp drop')}
    ${when(only443, 'oifname "wan" tcp dport != 443 drop')}
    ${when(noUdp, 'oifname "wan" meta l4proto udp drop')}
    ${when(opensTcp, 'iifname "wan" meta l4proto tcp accept')}
    ${when(nat === 'address-restricted', 'oifname "wan" meta l4proto udp update @asked { ip daddr . udp sport }')}
    ct state established,related accept
    iifname "lan*" oifname "wan" accept
    ct status dnat accept
  }
  ${when(nat !== 'none', natChains(nat, wanAddress, insides))}
}`;
}

function natChains(nat: Nat, wanAddress: string, insides: readonly Inside[]): string {
  const maps = insides.map(({ address, ports }) => {
    const sender = when(nat === 'address-restricted', 'ip saddr . udp dport @asked');
    return `ip daddr ${wanAddress} ${sender} udp dport ${ports} dnat ip to ${address}`;
  });
  const isOpen = nat === 'cone' || nat === 'address-restricted';
  return `
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ${when(isOpen, maps.join('\n    '))}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "wan" meta nfproto ipv4 masquerade ${nat === 'symmetric' ? 'random,fully-random' : 'persistent'}
    iifname "lan*" oifname "lan*" ct status dnat snat ip to ${wanAddress}
  }`;
}

function when(condition: boolean, rule: string): string {
  return condition ? rule : '';
}
