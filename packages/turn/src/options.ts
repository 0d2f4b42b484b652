// Every tunable, with default, unit and source.
import type { RandomSource } from '@millrace/sans-io';
import type { LongTermCrypto, StunCrypto } from '@millrace/stun';
import { TurnError } from './errors.ts';

export interface TurnOptions {
  readonly username: string;
  /** Also the password of expiring credentials, where the user name holds the time. Never logged. */
  readonly password: string;
  readonly crypto: StunCrypto & LongTermCrypto;
  readonly random: RandomSource;
  /** The family of the relayed address (RFC 8656 §7.1). Default `ipv4`. */
  readonly family?: 'ipv4' | 'ipv6';
  /** Whether the transport to the server loses nothing (TCP, TLS): then nothing is sent twice. Default false. */
  readonly isReliable?: boolean;
  /** Milliseconds until a request is first sent again (RFC 8489 §6.2.1). Default 500. */
  readonly rto?: number;
  /** Seconds asked for (RFC 8656 §7.1). Default 600. */
  readonly lifetime?: number;
  /** Peers that can be sent to; each takes a channel for the allocation's life. Default 256, at most 4096. */
  readonly maxPeers?: number;
  /** Datagrams kept for each peer until its channel is bound. Default 4. */
  readonly maxHeld?: number;
}

export interface TurnTunables {
  readonly family: 'ipv4' | 'ipv6';
  readonly isReliable: boolean;
  readonly rto: number;
  readonly lifetime: number;
  readonly maxPeers: number;
  readonly maxHeld: number;
}

/** RFC 8656 §12: 0x4000 to 0x4fff. */
export const FIRST_CHANNEL = 0x4000;
export const MAX_CHANNELS = 0x1000;

/** The value of each tunable that is not given. */
export const TURN_DEFAULTS: TurnTunables = {
  family: 'ipv4',
  isReliable: false,
  rto: 500,
  lifetime: 600,
  maxPeers: 256,
  maxHeld: 4,
};

export function tunablesOf({ username, password, crypto, random, ...options }: TurnOptions): TurnTunables {
  const tunables = { ...TURN_DEFAULTS, ...options };
  const check = (name: 'rto' | 'lifetime' | 'maxPeers' | 'maxHeld', least: number, most: number): void => {
    const value = tunables[name];
    if (!(value >= least && value <= most)) throw new TurnError('BAD_OPTION', `${name} is ${value}`);
  };
  check('rto', 1, 60_000);
  check('lifetime', 1, 0xffff_ffff);
  check('maxPeers', 1, MAX_CHANNELS);
  check('maxHeld', 0, 64);
  return tunables;
}
