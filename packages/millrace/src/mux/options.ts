// Every tunable of a shared port, with its default and unit, and its caps: each bounds what strangers can make grow.
import { isIP } from 'node:net';
import type { TransportAddress } from '@millrace/ice';
import { UdpMuxError } from './errors.ts';

/**
 * A check (RFC 8445 §7.2.2) for a username fragment that nobody here has: whoever sent it has never heard of us by
 * signaling, or tries. Valid during the call of the hook.
 */
export interface UnknownUfragRequest {
  /** The first half of USERNAME: ours, as the peer believes. From 4 to 256 ice-chars. */
  readonly localUsernameFragment: string;
  /** The second half: the peer's own. The same. */
  readonly remoteUsernameFragment: string;
  /** Which of the addresses it has come to. */
  readonly local: TransportAddress;
  /** Where it says that it comes from: anybody can write anything there. */
  readonly remote: TransportAddress;
  /**
   * Whether its MESSAGE-INTEGRITY was made with this password: worth asking before a connection is made.
   *
   * @throws {UdpMuxError} REQUEST_IS_OVER after the hook has returned
   */
  isSignedWith(password: string): boolean;
}

export interface UdpMuxOptions {
  /** The port, the same on each address. Default 0: one of the system's choice. */
  readonly port?: number | undefined;
  /**
   * Local addresses to listen on; `0.0.0.0` and `::` stand for all of their kind. Default: all addresses but loopback,
   * or loopback where there is no other.
   */
  readonly addresses?: readonly string[] | undefined;
  /** Batched UDP where it can be had, as of a connection's `millrace.native`. Default true. */
  readonly native?: boolean | undefined;
  /**
   * Hears of each check with an unknown username fragment. It may make a connection with that fragment at once
   * (`millrace.iceParameters`), or answer true and do so within `holdFor`; the check is answered then. Otherwise the
   * check is dropped. It is called for anybody's datagrams: see `maxHeldRequests`. Default: all of them are dropped.
   */
  readonly onUnknownUfrag?: ((request: UnknownUfragRequest) => boolean | undefined) | undefined;
  /** Most connections; one more is refused to the caller. Default 65,536. */
  readonly maxConnections?: number | undefined;
  /**
   * Most remote addresses of one connection that its datagrams are recognised by; the one longest without a check gives
   * way. Default 16.
   */
  readonly maxAddressesPerConnection?: number | undefined;
  /** Most checks held for connections that are about to be made; more are dropped before the hook is asked. Default 1,024. */
  readonly maxHeldRequests?: number | undefined;
  /** How long one is held, in milliseconds. Default 5,000. */
  readonly holdFor?: number | undefined;
  /** Most own requests whose responses are waited for; the oldest is forgotten. Default 65,536. */
  readonly maxTransactions?: number | undefined;
  /**
   * For as long as this after its last check, in milliseconds, an address stays with its connection though another
   * connection's peer has proven to be there too. Peers check every 4 to 6 s (RFC 7675 §5.1). Default 13,000.
   */
  readonly addressHold?: number | undefined;
}

export const MUX_DEFAULTS: {
  readonly maxConnections: number;
  readonly maxAddressesPerConnection: number;
  readonly maxHeldRequests: number;
  readonly holdFor: number;
  readonly maxTransactions: number;
  readonly addressHold: number;
} = {
  maxConnections: 65_536,
  maxAddressesPerConnection: 16,
  maxHeldRequests: 1_024,
  holdFor: 5_000,
  maxTransactions: 65_536,
  addressHold: 13_000,
};

export type MuxLimits = typeof MUX_DEFAULTS;

/** @throws {UdpMuxError} BAD_OPTION */
export function muxLimits(options: UdpMuxOptions): MuxLimits {
  const limits: Record<string, number> = {};
  for (const name of Object.keys(MUX_DEFAULTS) as Array<keyof MuxLimits>) {
    const value = options[name] ?? MUX_DEFAULTS[name];
    const least = name.startsWith('max') ? 1 : 0;
    if (!(Number.isFinite(value) && value >= least)) throw new UdpMuxError('BAD_OPTION', `${name} ${value}`);
    limits[name] = value;
  }
  const { port = 0 } = options;
  if (!(Number.isInteger(port) && port >= 0 && port < 65_536))
    throw new UdpMuxError('BAD_OPTION', `port ${port}`);
  const { addresses, onUnknownUfrag } = options;
  if (addresses !== undefined && !(Array.isArray(addresses) && addresses.every((each) => isIP(each) !== 0)))
    throw new UdpMuxError('BAD_OPTION', `addresses ${String(addresses)} must be an array of IP addresses`);
  if (onUnknownUfrag !== undefined && typeof onUnknownUfrag !== 'function')
    throw new UdpMuxError('BAD_OPTION', 'onUnknownUfrag must be a function');
  return limits as MuxLimits;
}
