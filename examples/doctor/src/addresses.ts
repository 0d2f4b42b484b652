// The addresses this computer has, and what they are good for. Ranges: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291.
import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { AddressFinding } from './findings.ts';

const RANGES: ReadonlyArray<[kind: AddressFinding['kind'], subnets: readonly string[]]> = [
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
  ['shared', ['100.64.0.0/10']],
];

const LISTS = RANGES.map(([kind, subnets]) => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [net = '', prefix] = subnet.split('/');
    list.addSubnet(net, Number(prefix), isIPv6(net) ? 'ipv6' : 'ipv4');
  }
  return { kind, list };
});

export function kindOf(address: string): AddressFinding['kind'] {
  const plain = address.replace(/%.*$/, '');
  const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
  return LISTS.find(({ list }) => list.check(plain, family))?.kind ?? 'public';
}

/** `gathered`: the addresses of the host candidates that a connection has found. */
export function examineAddresses(gathered: ReadonlySet<string>): AddressFinding[] {
  return Object.entries(networkInterfaces()).flatMap(([interfaceName, infos = []]) =>
    infos.map(({ address }) => ({
      interfaceName,
      address,
      kind: kindOf(address),
      isCandidate: gathered.has(address),
    })),
  );
}
