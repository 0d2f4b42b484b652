// Rooms in the memory of one process: nothing to set up, and nothing left when it ends.
import { type Entry, meteredOf } from '../records/entry.ts';
import type { Tail } from '../records/record.ts';
import type {
  AppendConditions,
  Appended,
  Backend,
  BackendLimits,
  BackendStats,
  Entered,
  ExpiredMember,
  Found,
  NewEntry,
  ReadLimits,
  StoredToken,
} from './backend.ts';
import { Followers } from './followers.ts';

interface Member {
  until: number;
  /** The number of what it has appended last. */
  written: number;
}

interface Room {
  entries: Entry[];
  tail: Tail;
  records: number;
  bytes: number;
  usedAt: number;
  readonly tokens: Map<string, StoredToken>;
  readonly members: Map<string, Member>;
}

export class MemoryBackend implements Backend {
  readonly name = 'memory';
  readonly hearsRevocations = true;
  readonly #limits: BackendLimits;
  readonly #rooms = new Map<string, Room>();
  readonly #followers = new Followers();
  #onRevoked: (room: string | undefined, id: string | undefined) => void = () => {};

  constructor(limits: BackendLimits) {
    this.#limits = limits;
  }

  async createRoom(name: string, owner: StoredToken, now: number): Promise<'created' | 'taken' | 'full'> {
    if (this.#rooms.has(name)) return 'taken';
    if (this.#rooms.size >= this.#limits.rooms) return 'full';
    this.#rooms.set(name, {
      entries: [],
      tail: { seq_num: 0, timestamp: 0 },
      records: 0,
      bytes: 0,
      usedAt: now,
      tokens: new Map([[owner.id, owner]]),
      members: new Map(),
    });
    return 'created';
  }

  async deleteRoom(name: string): Promise<boolean> {
    if (!this.#rooms.delete(name)) return false;
    this.#onRevoked(name, undefined);
    this.#followers.tell(name);
    return true;
  }

  async token(name: string, id: string): Promise<StoredToken | undefined> {
    return this.#rooms.get(name)?.tokens.get(id);
  }

  async addToken(
    name: string,
    token: StoredToken,
    now: number,
  ): Promise<'added' | 'taken' | 'full' | 'gone'> {
    const room = this.#rooms.get(name);
    if (!room) return 'gone';
    if (room.tokens.has(token.id)) return 'taken';
    if (room.tokens.size - room.members.size >= this.#limits.tokens) return 'full';
    room.usedAt = now;
    room.tokens.set(token.id, token);
    return 'added';
  }

  async revokeToken(name: string, id: string): Promise<boolean> {
    const room = this.#rooms.get(name);
    if (!room || room.members.has(id) || !room.tokens.delete(id)) return false;
    this.#onRevoked(name, id);
    return true;
  }

  async enter(
    name: string,
    token: StoredToken,
    until: number,
    entry: NewEntry,
    now: number,
  ): Promise<Entered> {
    const room = this.#rooms.get(name);
    if (!room || (token.by !== undefined && !room.tokens.has(token.by))) return { kind: 'gone' };
    if (room.tokens.has(token.id)) return { kind: 'taken' };
    if (room.members.size >= this.#limits.members) return { kind: 'full' };
    const members = [...room.members.keys()];
    room.tokens.set(token.id, token);
    room.members.set(token.id, { until, written: 0 });
    const seqNum = this.#append(name, room, entry, now);
    return { kind: 'entered', members, seqNum };
  }

  async members(name: string): Promise<readonly string[]> {
    return [...(this.#rooms.get(name)?.members.keys() ?? [])];
  }

  async keep(members: readonly ExpiredMember[], until: number, now: number): Promise<void> {
    for (const { room: name, id } of members) {
      const room = this.#rooms.get(name);
      const member = room?.members.get(id);
      if (!room || !member) continue;
      member.until = Math.max(member.until, until);
      room.usedAt = now;
    }
  }

  async leave(name: string, id: string, entry: NewEntry, now: number): Promise<boolean> {
    const room = this.#rooms.get(name);
    if (!room?.members.delete(id)) return false;
    room.tokens.delete(id);
    this.#onRevoked(name, id);
    this.#append(name, room, entry, now);
    return true;
  }

  async expired(now: number, count: number): Promise<readonly ExpiredMember[]> {
    const expired: ExpiredMember[] = [];
    for (const [room, { members }] of this.#rooms)
      for (const [id, { until }] of members)
        if (until <= now && expired.length < count) expired.push({ room, id });
    return expired;
  }

  async append(name: string, entry: NewEntry, conditions: AppendConditions, now: number): Promise<Appended> {
    const room = this.#rooms.get(name);
    if (!room) return { kind: 'gone' };
    const { seqNum: expected, writer } = conditions;
    if (writer) {
      const member = room.members.get(writer.id);
      if (!member) return { kind: 'gone' };
      if (writer.first + entry.count - 1 <= member.written) return { kind: 'repeated', tail: room.tail };
      if (writer.first !== member.written + 1) return { kind: 'gap', tail: room.tail };
    }
    if (expected !== undefined && expected !== room.tail.seq_num)
      return { kind: 'mismatch', tail: room.tail };
    if (writer) room.members.get(writer.id)!.written = writer.first + entry.count - 1;
    const seqNum = this.#append(name, room, entry, now);
    return { kind: 'appended', seqNum, timestamp: room.tail.timestamp, tail: room.tail };
  }

  async read(name: string, from: number, limits: ReadLimits, now: number): Promise<Found | undefined> {
    const room = this.#rooms.get(name);
    if (!room) return undefined;
    room.usedAt = now;
    const { entries, tail } = room;
    const first = firstToRead(entries, from);
    let end = first;
    let count = 0;
    for (let bytes = 0; end < entries.length && count < limits.count && bytes < limits.bytes; end++) {
      const entry = entries[end]!;
      bytes += meteredOf(entry, from);
      count += entry.seqNum + entry.count - Math.max(entry.seqNum, from);
    }
    return { entries: entries.slice(first, end), oldest: entries[0]?.seqNum ?? tail.seq_num, tail };
  }

  follow(name: string, onNews: () => void): () => void {
    return this.#followers.add(name, onNews);
  }

  onRevoked(onRevoked: (room: string | undefined, id: string | undefined) => void): void {
    this.#onRevoked = onRevoked;
  }

  async sweep(now: number): Promise<void> {
    for (const [name, room] of this.#rooms)
      if (room.members.size === 0 && now - room.usedAt >= this.#limits.roomIdle) await this.deleteRoom(name);
  }

  async stats(): Promise<BackendStats> {
    return { rooms: this.#rooms.size };
  }

  async close(): Promise<void> {
    this.#rooms.clear();
  }

  #append(name: string, room: Room, { count, bytes }: NewEntry, now: number): number {
    const seqNum = room.tail.seq_num;
    const timestamp = Math.max(now, room.tail.timestamp); // a clock that was set back does not reorder the stream
    room.entries.push({ seqNum, count, timestamp, bytes });
    room.tail = { seq_num: seqNum + count, timestamp };
    room.records += count;
    room.bytes += bytes.length;
    room.usedAt = now;
    let dropped = 0;
    while (
      dropped < room.entries.length - 1 &&
      (room.records > this.#limits.records || room.bytes > this.#limits.bytes)
    ) {
      const entry = room.entries[dropped++]!;
      room.records -= entry.count;
      room.bytes -= entry.bytes.length;
    }
    if (dropped > 0) room.entries.splice(0, dropped);
    this.#followers.tell(name);
    return seqNum;
  }
}

/** The index of the entry that holds record `from`, or of the first one behind it. */
function firstToRead(entries: readonly Entry[], from: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { seqNum, count } = entries[middle]!;
    if (seqNum + count <= from) low = middle + 1;
    else high = middle;
  }
  return low;
}
