// A NAT and a server with two addresses, in virtual time: what comes out of the query is what the NAT was built to do.
import { NEVER } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import {
  CHANGE_IP,
  CHANGE_PORT,
  CHANGE_REQUEST,
  METHOD_BINDING,
  MessageWriter,
  type NatBehavior,
  type NatBehaviorOptions,
  NatBehaviorQuery,
  type NatDependence,
  type NatMapping,
  OTHER_ADDRESS,
  parseMessage,
  type TransportAddress,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';

export const SERVER: TransportAddress = { address: '198.51.100.1', port: 3478 };
export const OTHER: TransportAddress = { address: '198.51.100.2', port: 3479 };
export const LOCAL: TransportAddress = { address: '10.0.0.2', port: 40_000 };
const OUTSIDE = '203.0.113.5';
const DELAY = 20; // ms, each way

export interface WorldOptions {
  readonly mapping: NatMapping;
  readonly filtering: NatDependence;
  readonly hairpins?: boolean;
  /** What the server says of its other address; `undefined` says nothing. */
  readonly other?: TransportAddress | undefined;
  /** The server answers from where it was asked, whatever the request wants. */
  readonly staysPut?: boolean;
  readonly loses?: (from: TransportAddress, to: TransportAddress, count: number) => boolean;
}

interface Flight {
  readonly bytes: Uint8Array;
  readonly from: TransportAddress;
  readonly arrival: number;
}

export class World {
  readonly query: NatBehaviorQuery;
  readonly sent: Array<[to: string, change: number, now: number]> = [];
  readonly #options: WorldOptions;
  readonly #mappings = new Map<string, TransportAddress>();
  /** What lets datagrams in, by address alone or with the port. */
  readonly #pinholes = new Set<string>();
  #flights: Flight[] = [];
  #now = 0;

  constructor(options: WorldOptions, query: Partial<NatBehaviorOptions> = {}) {
    this.#options = options;
    this.query = new NatBehaviorQuery({
      server: SERVER,
      local: LOCAL,
      random: new SeededRandom(1),
      ...query,
    });
  }

  /** Runs until the query has its answer. */
  run(): NatBehavior & { readonly at: number } {
    const out = new Uint8Array(100);
    for (;;) {
      for (let length = 1; length > 0; ) {
        length = this.query.transmit(out, 0, 100, this.#now);
        if (length > 0) this.#send(out.slice(0, length), this.query.route);
      }
      let found: NatBehavior | undefined;
      this.query.drain({ onBehavior: (behavior) => void (found = behavior) });
      if (found) return { ...found, at: this.#now };
      const next = Math.min(this.query.deadline(), ...this.#flights.map(({ arrival }) => arrival));
      if (next === NEVER) throw new Error('nothing is due');
      this.#now = next;
      this.query.expire(next);
      const [due, later] = [true, false].map((isDue) =>
        this.#flights.filter(({ arrival }) => arrival <= next === isDue),
      );
      this.#flights = later!;
      for (const { bytes, from } of due!) this.query.receive(bytes, 0, bytes.length, next, from);
    }
  }

  #send(request: Uint8Array, to: TransportAddress): void {
    const message = parseMessage(request, 0, request.length)!;
    const change = message.get(CHANGE_REQUEST) ?? 0;
    this.sent.push([`${to.address}:${to.port}`, change, this.#now]);
    if (this.#options.loses?.(LOCAL, to, this.sent.length)) return;
    const mapped = this.#mapped(to);
    this.#pinholes.add(to.address).add(`${to.address}:${to.port}`);
    if (to.address === mapped.address) {
      if (this.#options.hairpins) this.#flights.push({ bytes: request, from: mapped, arrival: this.#now });
      return;
    }
    const isAt = [SERVER.address, OTHER.address].includes(to.address);
    if (!isAt || (to.port !== SERVER.port && to.port !== OTHER.port)) return;
    const from = this.#options.staysPut ? to : origin(to, change);
    if (!this.#letsIn(from) || this.#options.loses?.(from, LOCAL, this.sent.length)) return;
    const response = new Uint8Array(100);
    const writer = new MessageWriter()
      .begin(response, 0, 100, 'success', METHOD_BINDING, message.transactionId)
      .add(XOR_MAPPED_ADDRESS, mapped);
    const other = 'other' in this.#options ? this.#options.other : OTHER;
    if (other) writer.add(OTHER_ADDRESS, other);
    const length = writer.finish();
    this.#flights.push({ bytes: response.slice(0, length), from, arrival: this.#now + 2 * DELAY });
  }

  #mapped(to: TransportAddress): TransportAddress {
    const { mapping } = this.#options;
    if (mapping === 'none') return LOCAL;
    const key = {
      'endpoint-independent': '',
      'address-dependent': to.address,
      'address-and-port-dependent': `${to.address}:${to.port}`,
    }[mapping];
    const mapped = this.#mappings.get(key) ?? { address: OUTSIDE, port: 50_000 + this.#mappings.size };
    this.#mappings.set(key, mapped);
    return mapped;
  }

  #letsIn(from: TransportAddress): boolean {
    const { filtering } = this.#options;
    if (filtering === 'endpoint-independent') return true;
    return this.#pinholes.has(
      filtering === 'address-dependent' ? from.address : `${from.address}:${from.port}`,
    );
  }
}

/** RFC 5780 §6.1: where an answer to a request that was sent to `at` comes from. */
function origin(at: TransportAddress, change: number): TransportAddress {
  const isAtOther = at.address === OTHER.address;
  const isAtOtherPort = at.port === OTHER.port;
  const address = isAtOther !== ((change & CHANGE_IP) !== 0) ? OTHER.address : SERVER.address;
  const port = isAtOtherPort !== ((change & CHANGE_PORT) !== 0) ? OTHER.port : SERVER.port;
  return { address, port };
}
