// One request on its way: what it asks, its transaction, and how often the server has wanted other credentials.
import type { Millis, RandomSource } from '@millrace/sans-io';
import { ClientTransaction, type MessageWriter, TRANSACTION_DEFAULTS } from '@millrace/stun';
import {
  CHANNEL_NUMBER,
  LIFETIME,
  METHOD_ALLOCATE,
  METHOD_CHANNEL_BIND,
  METHOD_REFRESH,
  REQUESTED_ADDRESS_FAMILY,
  REQUESTED_TRANSPORT,
  XOR_PEER_ADDRESS,
} from './attributes.ts';
import type { Credentials } from './credentials.ts';
import type { TurnTunables } from './options.ts';
import type { Peer } from './peers.ts';

const UDP = 17;
const IPV6_FAMILY = 2;
/** RFC 8489 §6.2.2: in RTOs, how long a response is waited for where nothing is lost: as long as where something is. */
const RELIABLE_WAIT = 79;

export type Asking =
  | { readonly kind: 'allocate' | 'release' }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'bind'; readonly peer: Peer };

const METHODS = {
  allocate: METHOD_ALLOCATE,
  refresh: METHOD_REFRESH,
  release: METHOD_REFRESH,
  bind: METHOD_CHANNEL_BIND,
} as const;

export class Request {
  readonly asking: Asking;
  transaction: ClientTransaction;
  /** How often it was sent anew with other credentials. */
  challenges = 0;
  /** Whether it waits for `transmit`. */
  isQueued = false;
  isProven = false;
  readonly #tunables: TurnTunables;
  readonly #random: RandomSource;

  constructor(asking: Asking, tunables: TurnTunables, random: RandomSource) {
    this.asking = asking;
    this.#tunables = tunables;
    this.#random = random;
    this.transaction = this.#newTransaction();
  }

  /** Sent with credentials, and not answered. */
  get isUnderWay(): boolean {
    return this.isProven && this.transaction.sends > 0;
  }

  get method(): number {
    return METHODS[this.asking.kind];
  }

  /** RFC 8489 §9.2.5: the same again with other credentials is another transaction. */
  renew(): void {
    this.challenges++;
    this.transaction = this.#newTransaction();
  }

  /** Writes it into `out[at, end)`; 0: no room. */
  write(
    writer: MessageWriter,
    credentials: Credentials,
    out: Uint8Array,
    at: number,
    end: number,
    now: Millis,
  ): number {
    const { asking, transaction } = this;
    writer.begin(out, at, end, 'request', this.method, transaction.id);
    if (asking.kind === 'bind') {
      writer.add(CHANNEL_NUMBER, asking.peer.channel * 0x1_0000).add(XOR_PEER_ADDRESS, asking.peer.address);
    } else {
      writer.add(LIFETIME, asking.kind === 'release' ? 0 : this.#tunables.lifetime);
    }
    if (asking.kind === 'allocate') {
      writer.add(REQUESTED_TRANSPORT, UDP * 0x100_0000);
      // RFC 8656 §7.1: without it the relayed address is of IPv4.
      if (this.#tunables.family === 'ipv6') writer.add(REQUESTED_ADDRESS_FAMILY, IPV6_FAMILY * 0x100_0000);
    }
    credentials.prove(writer);
    const length = writer.addFingerprint().finish();
    if (length > 0) {
      this.isProven = credentials.isChallenged;
      this.isQueued = false;
      transaction.onSent(now);
    }
    return length;
  }

  #newTransaction(): ClientTransaction {
    const { rto, isReliable } = this.#tunables;
    const tunables = isReliable
      ? { ...TRANSACTION_DEFAULTS, rto, sends: 1, lastWait: RELIABLE_WAIT }
      : { ...TRANSACTION_DEFAULTS, rto };
    return new ClientTransaction(this.#random, tunables);
  }
}
