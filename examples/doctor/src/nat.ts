// What kind of NAT is in front of this computer, by what its servers have seen: RFC 5780 where one has two addresses, and
// otherwise a comparison of how two of them see one socket. Kinds in the words of RFC 3489 §5, which people know.
import type { NatBehavior, TransportAddress } from '@millrace/stun';
import type { NatFinding, NatKind } from './findings.ts';
import { askMapped } from './query-socket.ts';

/** One server's view. */
export interface NatQuery {
  readonly url: string;
  readonly server: TransportAddress;
  readonly local: TransportAddress;
  readonly behavior: NatBehavior;
}

export async function judgeNat(queries: readonly NatQuery[]): Promise<NatFinding | undefined> {
  const best = queries.find(({ behavior }) => behavior.other !== undefined) ?? queries[0];
  if (best?.behavior.mapped === undefined) return undefined;
  const { url, local, behavior } = best;
  const { mapping, filtering, hairpins } = behavior;
  const finding = {
    kind: kindOfNat(mapping, filtering),
    servers: [url],
    local: placeText(local),
    mapped: placeText(best.behavior.mapped),
    mapping,
    filtering,
    hairpins,
  };
  return finding.kind === 'unknown' ? ((await compared(queries)) ?? finding) : finding;
}

/** One socket asks servers at different addresses. What the NAT lets in stays unknown. */
async function compared(queries: readonly NatQuery[]): Promise<NatFinding | undefined> {
  const asked = [...new Map(queries.map((query) => [query.server.address, query])).values()];
  if (asked.length < 2) return undefined;
  const { local, mapped } = await askMapped(asked.map(({ server }) => server));
  const answered = mapped.filter((each) => each !== undefined).map(placeText);
  if (answered.length < 2) return undefined;
  const isSame = new Set(answered).size === 1;
  return {
    kind: isSame ? 'cone-of-unknown-filter' : 'symmetric',
    servers: asked.filter((_, i) => mapped[i] !== undefined).map(({ url }) => url),
    local: placeText(local),
    mapped: answered[0]!,
    mapping: isSame ? 'endpoint-independent' : undefined,
    filtering: undefined,
    hairpins: undefined,
  };
}

export function kindOfNat(mapping: NatBehavior['mapping'], filtering: NatBehavior['filtering']): NatKind {
  if (mapping === undefined) return 'unknown';
  // A server without a second address sees no NAT, but not who is let in.
  if (mapping === 'none')
    return filtering === undefined || filtering === 'endpoint-independent' ? 'open' : 'firewall';
  if (mapping !== 'endpoint-independent') return 'symmetric';
  if (filtering === undefined) return 'cone-of-unknown-filter';
  return (
    {
      'endpoint-independent': 'full-cone',
      'address-dependent': 'address-restricted',
      'address-and-port-dependent': 'port-restricted',
    } as const
  )[filtering];
}

export function placeText({ address, port }: TransportAddress): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
