// Rooms in a file, by the SQLite that comes with Node: they outlive the process. One process at a time has the file, and
// no other user may read it: there are addresses in records.
import { closeSync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { SignalingError } from '../errors.ts';
import { type Entry, isEntry, meteredOf } from '../records/entry.ts';
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
  TokenRole,
} from './backend.ts';
import { Followers } from './followers.ts';

/** Of the tables below. Another number in the file: made by another version. */
const SCHEMA_VERSION = 2;
const SCHEMA = `
  CREATE TABLE rooms (
    name TEXT PRIMARY KEY, next INTEGER NOT NULL DEFAULT 0, timestamp INTEGER NOT NULL DEFAULT 0,
    records INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, used_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE entries (
    room TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, last INTEGER NOT NULL, count INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (room, last)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tokens (
    room TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, id TEXT NOT NULL, role TEXT NOT NULL, hash BLOB NOT NULL,
    until INTEGER, written INTEGER NOT NULL DEFAULT 0, admitted_by TEXT, PRIMARY KEY (room, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_until ON tokens (until) WHERE until IS NOT NULL;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;
/** From version 1, which did not know with which token a member had come in. */
const SCHEMA_FROM_1 = `ALTER TABLE tokens ADD COLUMN admitted_by TEXT; PRAGMA user_version = ${SCHEMA_VERSION};`;

interface RoomRow {
  readonly next: number;
  readonly timestamp: number;
  readonly records: number;
  readonly bytes: number;
}

interface EntryRow {
  readonly last: number;
  readonly count: number;
  readonly timestamp: number;
  readonly bytes: Uint8Array;
}

/** Opens the file, or makes it. Throws `STORE_FAILED` if it can't be used. */
export async function openSqlite(path: string, limits: BackendLimits): Promise<Backend> {
  try {
    const { DatabaseSync } = await import('node:sqlite');
    if (!NO_FILE.test(path)) makePrivate(path);
    return new SqliteBackend(new DatabaseSync(path), limits);
  } catch (cause) {
    if (cause instanceof SignalingError) throw cause;
    throw new SignalingError('STORE_FAILED', { cause });
  }
}

/** What SQLite takes for something else than the path of a file. */
const NO_FILE = /^$|^:memory:$|^file:/;

/** A file that is there keeps its permissions, and those that SQLite puts beside it get the same. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

class SqliteBackend implements Backend {
  readonly name = 'sqlite';
  readonly hearsRevocations = true;
  readonly #db: DatabaseSync;
  readonly #limits: BackendLimits;
  readonly #statements = new Map<string, StatementSync>();
  readonly #followers = new Followers();
  /** Something has not succeeded since `stats` was asked for: the disk may be full. */
  #isFailing = false;
  #onRevoked: (room: string | undefined, id: string | undefined) => void = () => {};

  constructor(db: DatabaseSync, limits: BackendLimits) {
    this.#db = db;
    this.#limits = limits;
    // The log is written at once, the disk is waited for now and then: a crash of the process loses nothing.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    db.exec('PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 1000;');
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version === 0 || version === 1) db.exec(`BEGIN; ${version === 0 ? SCHEMA : SCHEMA_FROM_1} COMMIT;`);
    else if (version !== SCHEMA_VERSION) throw new SignalingError('STORE_VERSION');
  }

  async createRoom(room: string, owner: StoredToken, now: number): Promise<'created' | 'taken' | 'full'> {
    return this.#atomically(() => {
      if (this.#room(room)) return 'taken';
      if (this.#count('SELECT count(*) AS n FROM rooms') >= this.#limits.rooms) return 'full';
      this.#run('INSERT INTO rooms (name, used_at) VALUES (?, ?)', room, now);
      this.#addToken(room, owner, null);
      return 'created';
    });
  }

  async deleteRoom(room: string): Promise<boolean> {
    if (this.#run('DELETE FROM rooms WHERE name = ?', room) === 0) return false;
    this.#onRevoked(room, undefined);
    this.#followers.tell(room);
    return true;
  }

  async token(room: string, id: string): Promise<StoredToken | undefined> {
    const row = this.#get('SELECT role, hash, admitted_by FROM tokens WHERE room = ? AND id = ?', room, id);
    if (!row) return undefined;
    const {
      role,
      hash,
      admitted_by: by,
    } = row as { role: TokenRole; hash: Uint8Array; admitted_by: string | null };
    return { id, role, hash, ...(by !== null && { by }) };
  }

  async addToken(
    room: string,
    token: StoredToken,
    now: number,
  ): Promise<'added' | 'taken' | 'full' | 'gone'> {
    return this.#atomically(() => {
      if (!this.#room(room)) return 'gone';
      if (this.#hasToken(room, token.id)) return 'taken';
      const count = this.#count('SELECT count(*) AS n FROM tokens WHERE room = ? AND until IS NULL', room);
      if (count >= this.#limits.tokens) return 'full';
      this.#addToken(room, token, null);
      this.#run('UPDATE rooms SET used_at = ? WHERE name = ?', now, room);
      return 'added';
    });
  }

  async revokeToken(room: string, id: string): Promise<boolean> {
    if (this.#run('DELETE FROM tokens WHERE room = ? AND id = ? AND until IS NULL', room, id) === 0)
      return false;
    this.#onRevoked(room, id);
    return true;
  }

  async enter(
    room: string,
    token: StoredToken,
    until: number,
    entry: NewEntry,
    now: number,
  ): Promise<Entered> {
    const result = this.#atomically(() => {
      if (!this.#room(room)) return { kind: 'gone' } as const;
      if (token.by !== undefined && !this.#hasToken(room, token.by)) return { kind: 'gone' } as const;
      if (this.#hasToken(room, token.id)) return { kind: 'taken' } as const;
      const members = this.#members(room);
      if (members.length >= this.#limits.members) return { kind: 'full' } as const;
      this.#addToken(room, token, until);
      return { kind: 'entered', members, seqNum: this.#append(room, entry, now).seqNum } as const;
    });
    if (result.kind === 'entered') this.#followers.tell(room);
    return result;
  }

  async members(room: string): Promise<readonly string[]> {
    return this.#members(room);
  }

  async keep(members: readonly ExpiredMember[], until: number, now: number): Promise<void> {
    this.#atomically(() => {
      for (const { room, id } of members) {
        const isThere = this.#run(
          'UPDATE tokens SET until = max(until, ?) WHERE room = ? AND id = ? AND until IS NOT NULL',
          until,
          room,
          id,
        );
        if (isThere > 0) this.#run('UPDATE rooms SET used_at = ? WHERE name = ?', now, room);
      }
    });
  }

  async leave(room: string, id: string, entry: NewEntry, now: number): Promise<boolean> {
    const isGone = this.#atomically(() => {
      const removed = this.#run(
        'DELETE FROM tokens WHERE room = ? AND id = ? AND until IS NOT NULL',
        room,
        id,
      );
      if (removed === 0) return false;
      this.#append(room, entry, now);
      return true;
    });
    if (isGone) {
      this.#onRevoked(room, id);
      this.#followers.tell(room);
    }
    return isGone;
  }

  async expired(now: number, count: number): Promise<readonly ExpiredMember[]> {
    const rows = this.#all('SELECT room, id FROM tokens WHERE until <= ? LIMIT ?', now, count);
    return rows.map(({ room, id }) => ({ room: room as string, id: id as string }));
  }

  async append(room: string, entry: NewEntry, conditions: AppendConditions, now: number): Promise<Appended> {
    const result = this.#atomically((): Appended => {
      const held = this.#room(room);
      if (!held) return { kind: 'gone' };
      const tail = tailOf(held);
      const { seqNum: expected, writer } = conditions;
      if (writer) {
        const row = this.#get(
          'SELECT written FROM tokens WHERE room = ? AND id = ? AND until IS NOT NULL',
          room,
          writer.id,
        );
        if (!row) return { kind: 'gone' };
        const written = row.written as number;
        if (writer.first + entry.count - 1 <= written) return { kind: 'repeated', tail };
        if (writer.first !== written + 1) return { kind: 'gap', tail };
      }
      if (expected !== undefined && expected !== held.next) return { kind: 'mismatch', tail };
      if (writer) {
        const written = writer.first + entry.count - 1;
        this.#run('UPDATE tokens SET written = ? WHERE room = ? AND id = ?', written, room, writer.id);
      }
      return { kind: 'appended', ...this.#append(room, entry, now) };
    });
    if (result.kind === 'appended') this.#followers.tell(room);
    return result;
  }

  async read(name: string, from: number, limits: ReadLimits, now: number): Promise<Found | undefined> {
    const room = this.#room(name);
    if (!room) return undefined;
    try {
      this.#run('UPDATE rooms SET used_at = ? WHERE name = ?', now, name);
    } catch {
      // What can't be written now can be read all the same.
    }
    const entries: Entry[] = [];
    let count = 0;
    let bytes = 0;
    this.#trying(() => {
      const rows = this.#statement(
        'SELECT last, count, timestamp, bytes FROM entries WHERE room = ? AND last >= ? ORDER BY last',
      ).iterate(name, from) as Iterable<unknown>;
      for (const row of rows) {
        const entry = entryOf(row as EntryRow);
        entries.push(entry);
        bytes += meteredOf(entry, from);
        count += entry.seqNum + entry.count - Math.max(entry.seqNum, from);
        if (count >= limits.count || bytes >= limits.bytes) break;
      }
    });
    return { entries, oldest: room.next - room.records, tail: tailOf(room) };
  }

  follow(room: string, onNews: () => void): () => void {
    return this.#followers.add(room, onNews);
  }

  onRevoked(onRevoked: (room: string | undefined, id: string | undefined) => void): void {
    this.#onRevoked = onRevoked;
  }

  async sweep(now: number): Promise<void> {
    const idle = this.#all(
      `SELECT name FROM rooms WHERE used_at <= ? AND NOT EXISTS
       (SELECT 1 FROM tokens WHERE room = rooms.name AND until IS NOT NULL)`,
      now - this.#limits.roomIdle,
    );
    for (const { name } of idle) await this.deleteRoom(name as string);
  }

  async stats(): Promise<BackendStats> {
    if (this.#isFailing) this.#trying(() => this.#db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)); // a write
    this.#isFailing = false;
    return { rooms: this.#count('SELECT count(*) AS n FROM rooms') };
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  #append(name: string, entry: NewEntry, now: number): { seqNum: number; timestamp: number; tail: Tail } {
    const room = this.#room(name)!;
    const next = room.next + entry.count;
    const timestamp = Math.max(now, room.timestamp); // a clock that was set back does not reorder the stream
    this.#run(
      'INSERT INTO entries (room, last, count, timestamp, bytes) VALUES (?, ?, ?, ?, ?)',
      ...[name, next - 1, entry.count, timestamp, entry.bytes],
    );
    let records = room.records + entry.count;
    let bytes = room.bytes + entry.bytes.length;
    while (records > entry.count && (records > this.#limits.records || bytes > this.#limits.bytes)) {
      const oldest = this.#get(
        'SELECT last, count, length(bytes) AS size FROM entries WHERE room = ? ORDER BY last LIMIT 1',
        name,
      )!;
      this.#run('DELETE FROM entries WHERE room = ? AND last = ?', name, oldest.last as number);
      records -= oldest.count as number;
      bytes -= oldest.size as number;
    }
    this.#run(
      'UPDATE rooms SET next = ?, timestamp = ?, records = ?, bytes = ?, used_at = ? WHERE name = ?',
      ...[next, timestamp, records, bytes, now, name],
    );
    return { seqNum: room.next, timestamp, tail: { seq_num: next, timestamp } };
  }

  #room(name: string): RoomRow | undefined {
    return this.#get('SELECT next, timestamp, records, bytes FROM rooms WHERE name = ?', name) as
      | RoomRow
      | undefined;
  }

  #members(room: string): string[] {
    const rows = this.#all('SELECT id FROM tokens WHERE room = ? AND until IS NOT NULL', room);
    return rows.map(({ id }) => id as string);
  }

  #hasToken(room: string, id: string): boolean {
    return this.#get('SELECT 1 FROM tokens WHERE room = ? AND id = ?', room, id) !== undefined;
  }

  #addToken(room: string, { id, role, hash, by }: StoredToken, until: number | null): void {
    this.#run(
      'INSERT INTO tokens (room, id, role, hash, until, admitted_by) VALUES (?, ?, ?, ?, ?, ?)',
      ...[room, id, role, hash, until, by ?? null],
    );
  }

  #atomically<T>(work: () => T): T {
    return this.#trying(() => {
      this.#db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#db.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** What SQLite throws is the store's failure: a full disk, a file that is gone. */
  #trying<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof SignalingError) throw cause;
      this.#isFailing = true;
      throw new SignalingError('STORE_FAILED', { cause });
    }
  }

  #count(sql: string, ...values: Value[]): number {
    return this.#get(sql, ...values)!.n as number;
  }

  #run(sql: string, ...values: Value[]): number {
    return this.#trying(() => Number(this.#statement(sql).run(...values).changes));
  }

  #get(sql: string, ...values: Value[]): Record<string, unknown> | undefined {
    return this.#trying(() => this.#statement(sql).get(...values));
  }

  #all(sql: string, ...values: Value[]): Array<Record<string, unknown>> {
    return this.#trying(() => this.#statement(sql).all(...values));
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

type Value = string | number | null | Uint8Array;

const tailOf = ({ next, timestamp }: RoomRow): Tail => ({ seq_num: next, timestamp });

function entryOf({ last, count, timestamp, bytes }: EntryRow): Entry {
  if (!isEntry(bytes, count)) throw new SignalingError('STORE_FAILED');
  return { seqNum: last - count + 1, count, timestamp, bytes };
}
