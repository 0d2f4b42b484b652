// Which of a connection's candidates may be made and told, and with which address: `CandidateOptions` as it is applied.

import { isIPv6 } from 'node:net';
import { DISCARD_PORT, type LocalCandidate } from '@millrace/ice';
import { LeanMap } from '@millrace/sans-io';
import { canonicalAddress } from '@millrace/stun';
import type { IceServer } from '../servers/ice-server.ts';
import { queueTask } from '../task-queue.ts';
import { isPresent, type LocalAddress, localAddresses } from '../transport/local-addresses.ts';
import { type PublishedName, publishName, unspecified } from '../transport/mdns-publisher.ts';
import type { CandidateOptions, LocalCandidateInfo } from './candidate-options.ts';
import type { IceTcpPolicy } from './tcp-candidates.ts';

interface Rule {
  readonly from: string | undefined;
  readonly to: string;
  readonly isAdded: boolean;
}

export interface PolicyOptions extends CandidateOptions {
  readonly iceLite?: boolean | undefined;
  /** The connection has its sockets there. */
  readonly shared?: { readonly addresses: readonly string[] } | undefined;
}

export class CandidatePolicy {
  readonly #options: PolicyOptions;
  readonly #rules: readonly Rule[];

  /** By local address. */
  readonly #names = new LeanMap<string, PublishedName>();

  constructor(options: PolicyOptions) {
    this.#options = options;
    this.#rules = (options.addressRewriting ?? []).map(({ from, to, mode }) => ({
      from: from === undefined ? undefined : canonicalAddress(from),
      to: canonicalAddress(to) ?? to,
      isAdded: mode === 'add',
    }));
  }

  get isContinual(): boolean {
    return this.#options.continualGathering ?? false;
  }

  get portRange(): CandidateOptions['portRange'] {
    return this.#options.portRange;
  }

  get iceTcp(): IceTcpPolicy {
    // RFC 8445 §2.5: a lite agent begins nothing, so it connects to nobody either.
    return this.#options.iceTcp ?? (this.#options.iceLite ? 'off' : 'active');
  }

  /** The addresses to bind sockets to, as the host has them now. */
  addresses(): LocalAddress[] {
    const { loopback = false, interfaces, addressFilter, shared } = this.#options;
    const accepts = (address: string, name: string): boolean => {
      if (interfaces !== undefined && !interfaces.includes(name)) return false;
      return addressFilter === undefined || this.#judge(() => addressFilter(address, name));
    };
    if (shared === undefined) return localAddresses(loopback, accepts);
    const names = new Map(localAddresses(true).map((local) => [local.address, local.interfaceName]));
    return shared.addresses
      .map((address) => ({ address, interfaceName: names.get(address) ?? '' }))
      .filter(({ address, interfaceName }) => accepts(address, interfaceName));
  }

  makes(type: 'host' | 'srflx' | 'relay'): boolean {
    return this.#options.candidateTypes?.includes(type) ?? true;
  }

  /** Those of the servers that can help to a candidate that is wanted. */
  servers(all: readonly IceServer[]): readonly IceServer[] {
    const { iceLite, shared } = this.#options;
    // RFC 8445 §5.1.1: a lite agent has host candidates alone.
    if (iceLite) return [];
    return (
      all
        .filter(({ kind }) => this.makes(kind === 'turn' ? 'relay' : 'srflx'))
        // RFC 8656 §7.2: a TURN server knows its clients by their addresses. To it all on one port would be one.
        .filter(({ kind, transport }) => !shared || kind === 'stun' || transport !== 'udp')
    );
  }

  mayTell(candidate: LocalCandidateInfo): boolean {
    const { candidateFilter } = this.#options;
    if (!this.makes(candidate.type)) return false;
    return candidateFilter === undefined || this.#judge(() => candidateFilter(candidate));
  }

  /** The public address that host candidates of `address` are told with. */
  replacementOf(address: string): string | undefined {
    const rule = this.#ruleFor(address);
    return rule?.isAdded ? undefined : rule?.to;
  }

  /** The public address told beside that of the host. */
  additionTo(address: string): string | undefined {
    const rule = this.#ruleFor(address);
    return rule?.isAdded ? rule.to : undefined;
  }

  /** Whether host candidates hold names. */
  get hidesHosts(): boolean {
    return this.#options.hideHostAddresses ?? false;
  }

  /** What host candidates of `address` are told with; `undefined`: nothing, since there is no name to be had for it. */
  shownAs(address: string): string | undefined {
    const replaced = this.replacementOf(address);
    if (replaced !== undefined || !this.hidesHosts) return replaced ?? address;
    const known = this.#names.get(address) ?? publishName(address);
    if (known !== undefined) this.#names.set(address, known);
    return known?.name;
  }

  /** The candidate as the peer is told of it. */
  told(candidate: LocalCandidate): LocalCandidate {
    const { address, relatedAddress, type } = candidate;
    const replaced = type === 'host' ? this.replacementOf(address) : undefined;
    if (!this.hidesHosts) return replaced === undefined ? candidate : { ...candidate, address: replaced };
    const name = replaced ?? this.#names.get(address)?.name ?? unspecified(address);
    const told = type === 'host' ? { ...candidate, address: name } : candidate;
    // A relay names as related how the server sees us: without a NAT, by a local address.
    if (relatedAddress === undefined || !this.#isLocal(relatedAddress)) return told;
    return { ...told, relatedAddress: unspecified(relatedAddress), relatedPort: DISCARD_PORT };
  }

  /** The names are not answered for any more. */
  close(): void {
    for (const { withdraw } of this.#names.values()) withdraw();
    this.#names.clear();
  }

  #isLocal(address: string): boolean {
    return this.#names.has(address) || isPresent(address);
  }

  #ruleFor(address: string): Rule | undefined {
    if (this.#rules.length === 0) return undefined;
    const local = canonicalAddress(address) ?? address;
    return this.#rules.find(({ from, to }) =>
      from === undefined ? isIPv6(to) === isIPv6(local) : from === local,
    );
  }

  /** A filter that throws is a listener that throws: reported as such, and what it was asked of stays private. */
  #judge(ask: () => boolean): boolean {
    try {
      return ask();
    } catch (error) {
      queueTask(rethrow, error);
      return false;
    }
  }
}

function rethrow(error: unknown): never {
  throw error;
}
