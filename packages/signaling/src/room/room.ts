// A room: the peers in it and one log of numbered records. Every peer reads the same log from where it stopped;
// what is addressed to others is passed over. No I/O and no clock: time is an argument, and whoever appends
// tells the readers afterwards.
import { SignalingError } from '../errors.ts';
import type { SignalingLimits } from '../options.ts';
import { PEER_LENGTH, randomWord, SECRET_LENGTH, SecretHash } from './secret.ts';

export type RoomLimits = Pick<
  SignalingLimits,
  'peersPerRoom' | 'queuedMessages' | 'queuedBytes' | 'messageBytes' | 'peerTimeout'
>;

/** One entry of the log, written as a server-sent event once for all who read it. */
interface LogRecord {
  readonly from: string;
  readonly to: string | undefined;
  readonly event: string;
  readonly bytes: number;
}

export class Peer {
  readonly name: string;
  readonly session: SecretHash;
  /** The newest record when the peer joined: it reads what came after. */
  readonly joinedAt: number;
  /** The number of the last message taken from this peer: a batch sent again is not taken twice. */
  lastNumber = 0;
  /** The newest record this peer was to read that the log no longer holds. */
  lostUpTo = 0;
  /** Whether an event stream is open. */
  isReading = false;
  /** When the last event stream closed, or when the peer joined. */
  lastSeen: number;

  constructor(name: string, session: string, joinedAt: number, now: number) {
    this.name = name;
    this.session = new SecretHash(session);
    this.joinedAt = joinedAt;
    this.lastSeen = now;
  }
}

export interface Admission {
  readonly peer: Peer;
  readonly session: string;
  /** Who is there already. */
  readonly others: string[];
}

export class Room {
  readonly name: string;
  readonly token: SecretHash;
  /** When the room was last without peers, or was created. */
  emptySince: number;
  readonly #limits: RoomLimits;
  readonly #peers = new Map<string, Peer>();
  readonly #log = new Map<number, LogRecord>();
  #bytes = 0;
  #oldest = 1;
  #newest = 0;

  constructor(name: string, token: string, limits: RoomLimits, now: number) {
    this.name = name;
    this.token = new SecretHash(token);
    this.#limits = limits;
    this.emptySince = now;
  }

  get peerCount(): number {
    return this.#peers.size;
  }

  get newest(): number {
    return this.#newest;
  }

  peers(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  peer(name: string): Peer | undefined {
    return this.#peers.get(name);
  }

  join(now: number): Admission {
    if (this.#peers.size >= this.#limits.peersPerRoom) throw new SignalingError('ROOM_FULL');
    const others = [...this.#peers.keys()];
    let name = randomWord(PEER_LENGTH);
    while (this.#peers.has(name)) name = randomWord(PEER_LENGTH);
    const session = randomWord(SECRET_LENGTH);
    this.#append('join', name, undefined, `{"peer":"${name}"}`);
    const peer = new Peer(name, session, this.#newest, now);
    this.#peers.set(name, peer);
    return { peer, session, others };
  }

  leave(peer: Peer, now: number): void {
    if (!this.#peers.delete(peer.name)) return;
    this.#append('leave', peer.name, undefined, `{"peer":"${peer.name}"}`);
    if (this.#peers.size === 0) this.emptySince = now;
  }

  /** Appends a message; `data` is JSON. Without `to` it is for all others. */
  send(from: Peer, to: string | undefined, data: string): void {
    if (Buffer.byteLength(data) > this.#limits.messageBytes) throw new SignalingError('MESSAGE_TOO_LARGE');
    if (to !== undefined && !this.#peers.has(to)) throw new SignalingError('RECIPIENT_GONE');
    this.#append('message', from.name, to, `{"from":"${from.name}","data":${data}}`);
  }

  /** The record `number` as an event, if it is for `peer` and still there. */
  read(number: number, peer: Peer): string | undefined {
    const record = this.#log.get(number);
    return record !== undefined && isFor(record, peer) ? record.event : undefined;
  }

  /** The first record after `number` that the log holds, or will hold. */
  after(number: number): number {
    return Math.max(number + 1, this.#oldest);
  }

  /** Lets the peers go that have been away too long. Returns whether there were any. */
  expire(now: number): boolean {
    let any = false;
    for (const peer of this.#peers.values()) {
      if (peer.isReading || now - peer.lastSeen < this.#limits.peerTimeout) continue;
      this.leave(peer, now);
      any = true;
    }
    return any;
  }

  #append(kind: 'join' | 'leave' | 'message', from: string, to: string | undefined, data: string): void {
    const event = `id: ${++this.#newest}\nevent: ${kind}\ndata: ${data}\n\n`;
    const bytes = Buffer.byteLength(event);
    this.#log.set(this.#newest, { from, to, event, bytes });
    this.#bytes += bytes;
    while (this.#log.size > this.#limits.queuedMessages || this.#bytes > this.#limits.queuedBytes)
      this.#drop();
  }

  #drop(): void {
    const record = this.#log.get(this.#oldest)!;
    for (const peer of this.#peers.values()) if (isFor(record, peer)) peer.lostUpTo = this.#oldest;
    this.#log.delete(this.#oldest++);
    this.#bytes -= record.bytes;
  }
}

const isFor = (record: LogRecord, peer: Peer): boolean =>
  record.to === undefined ? record.from !== peer.name : record.to === peer.name;
