// Finds out what kind of NAT is between one of our sockets and a server with two addresses: RFC 5780 §4.3 (mapping), §4.4
// (filtering), §3.4 (hairpinning). A core like the others, whose route is the address at the other end of a datagram.
// Left out: the lifetime of bindings (§4.6), fragments and ALGs (§3.5, §3.6), and servers of RFC 3489.
import { type Core, type Millis, NEVER, type RandomSource } from '@millrace/sans-io';
import { isIpv6, type TransportAddress } from './address.ts';
import type { ErrorCode } from './attribute.ts';
import {
  CHANGE_IP,
  CHANGE_PORT,
  CHANGE_REQUEST,
  ERROR_CODE,
  MAPPED_ADDRESS,
  OTHER_ADDRESS,
  XOR_MAPPED_ADDRESS,
} from './attributes.ts';
import { parseMessage, type StunMessage } from './message.ts';
import { METHOD_BINDING, TRANSACTION_ID_AT } from './message-type.ts';
import { ClientTransaction, type TransactionTunables } from './transaction.ts';
import { MessageWriter } from './writer.ts';

/** RFC 4787 §4.1 and §5: what of the other end makes a difference. */
export type NatDependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent';
/** `none`: the server sees the socket's own address. */
export type NatMapping = 'none' | NatDependence;

export interface NatBehavior {
  /** How the server sees the socket; `undefined` if it does not answer, and all the rest is unknown then. */
  readonly mapped: TransportAddress | undefined;
  /** The server's other address and port; `undefined` if it has none, and only `mapped` can be known then. */
  readonly other: TransportAddress | undefined;
  readonly mapping: NatMapping | undefined;
  /** Whose datagrams come in that we have sent something to. */
  readonly filtering: NatDependence | undefined;
  /** Whether what we send to `mapped` comes back to us. */
  readonly hairpins: boolean | undefined;
  readonly roundTripTime: Millis | undefined;
  /** The server said no to the first request. */
  readonly error: ErrorCode | undefined;
}

export interface NatBehaviorSink {
  /** Once, when all has been tried. */
  onBehavior(behavior: NatBehavior): void;
}

export interface NatBehaviorOptions {
  /** One that has a second address (OTHER-ADDRESS), or only the mapping is found out. */
  readonly server: TransportAddress;
  /** The socket's own address, if it is known: without it, no NAT looks like one that translates nothing. */
  readonly local?: TransportAddress;
  readonly random: RandomSource;
  /** How often and how long each request is sent. Default: at 0, 0.25 and 0.75 s, given up at 1.75 s. */
  readonly transaction?: TransactionTunables;
}

/** A filter tells itself by silence, so patience is what the result costs: sent at 0, 0.25, 0.75 s, given up at 1.75 s. */
const PATIENCE: TransactionTunables = { rto: 250, rtoMax: NEVER, sends: 3, lastWait: 4 };

/** One request, and what became of it. */
class Probe {
  readonly remote: TransportAddress;
  readonly change: number;
  readonly transaction: ClientTransaction;
  isDue = true;
  isOver = false;
  /** It was answered as wanted, or came back. */
  isAnswered = false;
  /** The server has said that it does not do this, or has shown it. */
  isRefused = false;
  mapped: TransportAddress | undefined;

  constructor(remote: TransportAddress, change: number, transaction: ClientTransaction) {
    this.remote = remote;
    this.change = change;
    this.transaction = transaction;
  }
}

/** Asks one server from one socket what the NAT in between does. */
export class NatBehaviorQuery implements Core<NatBehaviorSink, TransportAddress> {
  readonly #options: NatBehaviorOptions;
  readonly #writer: MessageWriter = new MessageWriter();
  readonly #first: Probe;
  #other: TransportAddress | undefined;
  #filteringByNobody: Probe | undefined;
  #filteringByAddress: Probe | undefined;
  #mappingToAddress: Probe | undefined;
  #mappingToPort: Probe | undefined;
  #hairpin: Probe | undefined;
  /** Those under way. Each step begins when all of the one before are over. */
  #probes: readonly Probe[];
  #route: TransportAddress;
  #roundTripTime: Millis | undefined;
  #error: ErrorCode | undefined;
  #step: 'first' | 'filtering' | 'mapping' | 'over' = 'first';
  #isTold = false;

  constructor(options: NatBehaviorOptions) {
    this.#options = options;
    this.#route = options.server;
    this.#first = this.#probe(options.server);
    this.#probes = [this.#first];
  }

  /** Where the datagram that `transmit` has just written goes. */
  get route(): TransportAddress {
    return this.#route;
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis, from: TransportAddress): void {
    const message = parseMessage(bytes, at, end);
    if (message === undefined || message.method !== METHOD_BINDING) return;
    const probe = this.#probes.find((each) => isOf(each, message));
    if (probe === undefined) return;
    if (message.messageClass === 'request') this.#onRequest(probe);
    else if (message.messageClass === 'success') this.#onSuccess(probe, message, now, from);
    else if (message.messageClass === 'error') this.#onError(probe, message);
    this.#proceed();
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    const probe = this.#probes.find(({ isDue, isOver }) => isDue && !isOver);
    if (probe === undefined) return 0;
    this.#writer.begin(out, at, end, 'request', METHOD_BINDING, probe.transaction.id);
    if (probe.change !== 0) this.#writer.add(CHANGE_REQUEST, probe.change);
    const length = this.#writer.addFingerprint().finish();
    if (length > 0) {
      probe.isDue = false;
      probe.transaction.onSent(now);
      this.#route = probe.remote;
    }
    return length;
  }

  deadline(): Millis {
    let next = NEVER;
    for (const { isOver, isDue, transaction } of this.#probes) {
      if (!isOver && !isDue) next = Math.min(next, transaction.deadline);
    }
    return next;
  }

  expire(now: Millis): void {
    for (const probe of this.#probes) {
      if (probe.isOver || probe.isDue) continue;
      const due = probe.transaction.due(now);
      if (due === 'retransmit') probe.isDue = true;
      else if (due === 'timeout') probe.isOver = true;
    }
    this.#proceed();
  }

  drain(sink: NatBehaviorSink): boolean {
    if (this.#step !== 'over' || this.#isTold) return false;
    this.#isTold = true;
    sink.onBehavior({
      mapped: this.#first.mapped,
      other: this.#other,
      mapping: this.#mapping(),
      filtering: this.#filtering(),
      hairpins: this.#hairpin?.isAnswered,
      roundTripTime: this.#roundTripTime,
      error: this.#error,
    });
    return true;
  }

  #probe(remote: TransportAddress, change = 0): Probe {
    const { random, transaction = PATIENCE } = this.#options;
    return new Probe(remote, change, new ClientTransaction(random, transaction));
  }

  /** RFC 5780 §3.4: our own request has come back. */
  #onRequest(probe: Probe): void {
    if (probe !== this.#hairpin) return;
    probe.isAnswered = true;
    probe.isOver = true;
  }

  #onSuccess(probe: Probe, message: StunMessage, now: Millis, from: TransportAddress): void {
    if (probe === this.#hairpin) return;
    // RFC 5780 §4.4: a server that cannot change its address answers from the one it was asked at, which shows nothing.
    if (!isChanged(probe, from)) {
      probe.isRefused = isSame(probe.remote, from);
      probe.isOver = probe.isRefused;
      return;
    }
    const mapped = message.get(XOR_MAPPED_ADDRESS) ?? message.get(MAPPED_ADDRESS);
    if (mapped?.port !== 0) probe.mapped = mapped;
    probe.isAnswered = true;
    probe.isOver = true;
    if (probe !== this.#first) return;
    this.#roundTripTime = probe.transaction.roundTripTime(now);
    this.#other = this.#usable(message.get(OTHER_ADDRESS));
  }

  #onError(probe: Probe, message: StunMessage): void {
    if (probe === this.#first) this.#error = message.get(ERROR_CODE);
    probe.isRefused = true;
    probe.isOver = true;
  }

  /** RFC 5780 §7.4: another address and another port. Anything else does not serve; where it leads is not asked. */
  #usable(other: TransportAddress | undefined): TransportAddress | undefined {
    const { address, port } = this.#options.server;
    if (other === undefined || other.port === 0 || isIpv6(other.address) !== isIpv6(address))
      return undefined;
    return other.address === address || other.port === port ? undefined : other;
  }

  #proceed(): void {
    if (this.#step === 'over' || this.#probes.some(({ isOver }) => !isOver)) return;
    const { server } = this.#options;
    const { mapped } = this.#first;
    if (this.#step === 'first' && mapped !== undefined && this.#other !== undefined) {
      this.#step = 'filtering';
      // RFC 5780 §4.4, tests II and III.
      this.#filteringByNobody = this.#probe(server, CHANGE_IP | CHANGE_PORT);
      this.#filteringByAddress = this.#probe(server, CHANGE_PORT);
      this.#probes = [this.#filteringByNobody, this.#filteringByAddress];
    } else if (this.#step === 'filtering' && mapped !== undefined && this.#other !== undefined) {
      this.#step = 'mapping';
      // RFC 5780 §4.5: what is sent to the other address opens filters for it, so this comes behind the filtering tests.
      // §4.3, tests II and III.
      this.#mappingToAddress = this.#probe({ address: this.#other.address, port: server.port });
      this.#mappingToPort = this.#probe(this.#other);
      this.#hairpin = this.#probe(mapped);
      this.#probes = [this.#mappingToAddress, this.#mappingToPort, this.#hairpin];
    } else {
      this.#step = 'over';
      this.#probes = [];
    }
  }

  #mapping(): NatMapping | undefined {
    const first = this.#first.mapped;
    if (first === undefined) return undefined;
    if (isSame(first, this.#options.local)) return 'none';
    const toAddress = this.#mappingToAddress?.mapped;
    const toPort = this.#mappingToPort?.mapped;
    if (isSame(first, toAddress)) return 'endpoint-independent';
    if (toAddress === undefined || toPort === undefined) return undefined;
    return isSame(toAddress, toPort) ? 'address-dependent' : 'address-and-port-dependent';
  }

  #filtering(): NatDependence | undefined {
    const [byNobody, byAddress] = [this.#filteringByNobody, this.#filteringByAddress];
    if (byNobody === undefined || byAddress === undefined) return undefined;
    if (byNobody.isAnswered) return 'endpoint-independent';
    if (byNobody.isRefused || byAddress.isRefused) return undefined;
    return byAddress.isAnswered ? 'address-dependent' : 'address-and-port-dependent';
  }
}

function isOf(probe: Probe, { bytes, at, transactionKey }: StunMessage): boolean {
  const { transaction, isOver } = probe;
  if (isOver || transaction.sends === 0 || transaction.key !== transactionKey) return false;
  return transaction.matches(bytes, at + TRANSACTION_ID_AT);
}

/** Whether an answer from `from` comes from where the request wanted it to. */
function isChanged({ change, remote }: Probe, from: TransportAddress): boolean {
  const hasChangedIp = from.address !== remote.address;
  const hasChangedPort = from.port !== remote.port;
  return hasChangedIp === ((change & CHANGE_IP) !== 0) && hasChangedPort === ((change & CHANGE_PORT) !== 0);
}

function isSame(one: TransportAddress, other: TransportAddress | undefined): boolean {
  return one.address === other?.address && one.port === other.port;
}
