// Which of a connection's candidates may be made and told, and with which address: `CandidateOptions` as it is applied.
import { isIPv6 } from 'node:net';
import type { LocalCandidate } from '@millrace/ice';
import { canonicalAddress } from '@millrace/stun';
import type { IceServer } from '../servers/ice-server.ts';
import { queueTask } from '../task-queue.ts';
import { type LocalAddress, localAddresses } from '../transport/local-addresses.ts';
import type { CandidateOptions, LocalCandidateInfo } from './candidate-options.ts';
import type { IceTcpPolicy } from './tcp-candidates.ts';

interface Rule {
  readonly from: string | undefined;
  readonly to: string;
  readonly isAdded: boolean;
}

export class CandidatePolicy {
  readonly #options: CandidateOptions;
  readonly #rules: readonly Rule[];

  constructor(options: CandidateOptions) {
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
    return this.#options.iceTcp ?? 'active';
  }

  /** The addresses to bind sockets to, as the host has them now. */
  addresses(): LocalAddress[] {
    const { loopback = false, interfaces, addressFilter } = this.#options;
    return localAddresses(loopback, (address, name) => {
      if (interfaces !== undefined && !interfaces.includes(name)) return false;
      return addressFilter === undefined || this.#judge(() => addressFilter(address, name));
    });
  }

  makes(type: 'host' | 'srflx' | 'relay'): boolean {
    return this.#options.candidateTypes?.includes(type) ?? true;
  }

  /** Those of the servers that can help to a candidate that is wanted. */
  servers(all: readonly IceServer[]): readonly IceServer[] {
    return all.filter(({ kind }) => this.makes(kind === 'turn' ? 'relay' : 'srflx'));
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

  /** The candidate as the peer is told of it. */
  told(candidate: LocalCandidate): LocalCandidate {
    const address = candidate.type === 'host' ? this.replacementOf(candidate.address) : undefined;
    return address === undefined ? candidate : { ...candidate, address };
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
