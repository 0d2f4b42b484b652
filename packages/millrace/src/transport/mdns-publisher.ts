// Names in place of addresses: the host candidates of an application that does not want its peers to know where it
// is hold a name that only the local network can resolve. draft-ietf-mmusic-mdns-ice-candidates §3.1, RFC 6762 §6, §10.1.
// Names are drawn at random, so nobody is asked whether they are taken, and nobody is told of them before they ask. The
// socket opens with the first name and closes with the last; it never keeps a process alive. IPv4's multicast group only:
// it serves for addresses of either family.
import { randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { BlockList, isIPv6 } from 'node:net';
import { type Millis, u16 } from '@millrace/sans-io';
import { parseAddress } from '@millrace/stun';
import { now } from './alarm.ts';
import { recentInterfaces } from './local-addresses.ts';
import { MAX_MDNS_ANSWERS, MAX_MDNS_NAMES, MAX_MDNS_PACKETS, mdnsDrops, PerSecond } from './mdns-limits.ts';
import { type MdnsQuestion, parseQuestions, writeAnswer } from './mdns-packet.ts';

const GROUP = '224.0.0.251';
const PORT = 5353;
/** Seconds. RFC 6762 §10: 120 for addresses; §6.7: at most 10 for a resolver that knows nothing of multicast. */
const LIFETIME = 120;
const LEGACY_LIFETIME = 10;
/** RFC 6762 §6: no record is multicast again within a second on the same link. */
const REPEAT_PAUSE: Millis = 1_000;
/** How often it is looked whether the host has joined other networks. */
const JOIN_INTERVAL: Millis = 5_000;

export interface PublishedName {
  readonly name: string;
  withdraw(): void;
}

interface Entry {
  readonly name: string;
  readonly address: Uint8Array;
  /** When it was last multicast, by the address of the interface. */
  readonly answered: Map<string, Millis>;
}

interface Link {
  /** Our address on it, by which the system knows it. */
  readonly address: string;
  readonly members: BlockList;
}

const names = new Map<string, Entry>();
const packets = new PerSecond(MAX_MDNS_PACKETS);
const answers = new PerSecond(MAX_MDNS_ANSWERS);
let responder: Responder | undefined;

/** A name for `address`, answered for until it is withdrawn; `undefined` if there are too many. */
export function publishName(address: string): PublishedName | undefined {
  const bytes = parseAddress(address);
  if (bytes === undefined || names.size >= MAX_MDNS_NAMES) {
    mdnsDrops.count('too-many-names');
    return undefined;
  }
  const name = `${randomUUID()}.local`;
  const entry: Entry = { name, address: bytes, answered: new Map() };
  names.set(name, entry);
  responder ??= new Responder();
  return { name, withdraw: () => withdraw(entry) };
}

function withdraw(entry: Entry): void {
  if (!names.delete(entry.name)) return;
  // RFC 6762 §10.1: whoever has it in a cache forgets it.
  responder?.sayGoodbye(entry);
  if (names.size > 0) return;
  responder?.close();
  responder = undefined;
}

class Responder {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #links: Link[] = [];
  #isBound = false;
  #isClosed = false;

  constructor() {
    this.#socket = createSocket({
      type: 'udp4',
      reuseAddr: true,
      // At once, or another link could be chosen before the datagram is on its way.
      lookup: (hostname, _options, callback) => callback(null, hostname, 4),
    });
    this.#socket.on('error', () => this.close()); // no multicast here: the names resolve for nobody
    this.#socket.on('message', (message, from) => this.#onMessage(message, from));
    this.#socket.bind(PORT, () => {
      this.#isBound = true;
      this.#socket.setMulticastTTL(255); // RFC 6762 §11
      this.#socket.setMulticastLoopback(true);
      this.#join();
    });
    this.#socket.unref();
    this.#timer = setInterval(() => this.#join(), JOIN_INTERVAL);
    this.#timer.unref();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    setImmediate(() => this.#socket.close()); // the goodbyes are on their way first
  }

  sayGoodbye({ name, address, answered }: Entry): void {
    const bytes = writeAnswer({ name, address, lifetime: 0 });
    for (const link of this.#links) if (answered.has(link.address)) this.#multicast(bytes, link);
  }

  #onMessage(message: Buffer, from: RemoteInfo): void {
    const at = now();
    if (!packets.take(at)) {
      mdnsDrops.count('too-many-packets');
      return;
    }
    for (const question of parseQuestions(message)) {
      const entry = names.get(question.name);
      if (entry !== undefined) this.#answer(entry, question, u16(message, 0), from, at);
    }
  }

  #answer(
    entry: Entry,
    { type, wantsUnicast }: MdnsQuestion,
    id: number,
    from: RemoteInfo,
    at: Millis,
  ): void {
    // RFC 6762 §11: a name must not tell an address to whoever is somewhere else.
    // Nor is there anybody at port 0, which node:dgram throws at.
    const link = from.port === 0 ? undefined : this.#links.find(({ members }) => members.check(from.address));
    if (link === undefined) {
      mdnsDrops.count('off-link');
      return;
    }
    const isLegacy = from.port !== PORT;
    const isUnicast = isLegacy || (wantsUnicast && entry.answered.has(link.address));
    const lastAt = entry.answered.get(link.address) ?? Number.NEGATIVE_INFINITY;
    if ((!isUnicast && at < lastAt + REPEAT_PAUSE) || !answers.take(at)) {
      mdnsDrops.count('too-many-answers');
      return;
    }
    const { name, address } = entry;
    const bytes = writeAnswer({
      name,
      address,
      lifetime: isLegacy ? LEGACY_LIFETIME : LIFETIME,
      legacy: isLegacy ? { id, type } : undefined,
    });
    if (isUnicast) this.#send(bytes, from.port, from.address);
    else {
      entry.answered.set(link.address, at);
      this.#multicast(bytes, link);
    }
  }

  #multicast(bytes: Uint8Array, { address }: Link): void {
    if (!this.#isBound || this.#isClosed) return;
    try {
      this.#socket.setMulticastInterface(address);
    } catch {
      return; // the interface has just gone
    }
    this.#send(bytes, PORT, GROUP);
  }

  #send(bytes: Uint8Array, port: number, address: string): void {
    this.#socket.send(bytes, port, address, () => {}); // what is lost is asked for again
  }

  /** Every IPv4 interface is a link; one that has been joined before refuses, and stays joined. */
  #join(): void {
    if (!this.#isBound || this.#isClosed) return;
    this.#links = [];
    for (const infos of Object.values(recentInterfaces()))
      for (const { address, cidr, family } of infos ?? []) {
        if (family !== 'IPv4' || cidr === null) continue;
        const members = new BlockList();
        members.addSubnet(address, Number(cidr.split('/')[1]), 'ipv4');
        this.#links.push({ address, members });
        try {
          this.#socket.addMembership(GROUP, address);
        } catch {
          // Already, or it can't.
        }
      }
  }
}

/** RFC 8839 §5.1: what stands in place of an address that is not told. */
export function unspecified(address: string): string {
  return isIPv6(address) ? '::' : '0.0.0.0';
}
