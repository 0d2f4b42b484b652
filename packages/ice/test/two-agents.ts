// What most tests begin with: two agents on a virtual network.

import { IceAgent, type IceAgentOptions } from '@millrace/ice';
import { type VirtualHost, VirtualNetwork } from '@millrace/ice/testing';
import { SeededRandom, type WireOptions } from '@millrace/sans-io/testing';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';

export interface TwoOptions {
  readonly seed?: number;
  readonly wire?: WireOptions;
  readonly a?: Partial<IceAgentOptions>;
  readonly b?: Partial<IceAgentOptions>;
  readonly addressesA?: readonly string[];
  readonly addressesB?: readonly string[];
  /** Sockets of both whose addresses are relayed ones. */
  readonly relayed?: readonly number[];
}

export interface Two {
  readonly network: VirtualNetwork;
  readonly a: VirtualHost;
  readonly b: VirtualHost;
}

export function newAgent(seed: number, options: Partial<IceAgentOptions> = {}): IceAgent {
  return new IceAgent({
    role: 'controlling',
    crypto: nodeStunCrypto,
    random: new SeededRandom(seed),
    ...options,
  });
}

/** `a` controls; they do not know of each other yet. */
export function strangers(options: TwoOptions = {}): Two {
  const { seed = 1, wire = { delay: 10 } } = options;
  const network = new VirtualNetwork({ seed, wire });
  const a = network.attach(newAgent(seed * 2 + 1, { role: 'controlling', ...options.a }), {
    addresses: options.addressesA ?? ['192.0.2.1'],
    relayed: options.relayed ?? [],
  });
  const b = network.attach(newAgent(seed * 2 + 2, { role: 'controlled', ...options.b }), {
    addresses: options.addressesB ?? ['192.0.2.2'],
    relayed: options.relayed ?? [],
  });
  return { network, a, b };
}

/** They know everything of each other and have not sent anything. */
export function introduced(options: TwoOptions = {}): Two {
  const two = strangers(options);
  two.network.introduce(two.a, two.b);
  return two;
}

/** Both have a selected pair. */
export function connected(options: TwoOptions = {}): Two {
  const two = introduced(options);
  if (!two.network.run(10_000, () => bothSelected(two))) throw new Error('they never connected');
  return two;
}

export function bothSelected({ a, b }: Two): boolean {
  return a.agent.selectedPair !== undefined && b.agent.selectedPair !== undefined;
}
