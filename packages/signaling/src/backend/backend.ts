// Where rooms live. One interface, so that a server does not know whether it is alone: memory, a file of SQLite, or
// Redis with many servers on it. test/backends.ts is the suite that all of them pass.
//
// A room is an append-only stream of records (records/entry.ts), the tokens that open it and the members that are in
// it. Names, hashes and limits are checked by who calls; what is atomic is done here.
import type { Entry } from '../records/entry.ts';
import type { Tail } from '../records/record.ts';

export type TokenRole =
  /** Came with the room: may do everything, also make and revoke tokens. */
  | 'owner'
  /** May read, write and become a member. */
  | 'guest'
  /** Of a member: reads and writes as that member. Goes when the member goes. */
  | 'member';

export interface StoredToken {
  /** The public part of the token; of a member, its name. */
  readonly id: string;
  readonly role: TokenRole;
  /** SHA-256 of the secret part. */
  readonly hash: Uint8Array;
  /** Of a member: the id of the token that it came in with. */
  readonly by?: string;
}

/** What a room may hold. */
export interface RoomLimits {
  /** Records that are kept; the oldest entries go first. */
  readonly records: number;
  /** Bytes of the entries that are kept. */
  readonly bytes: number;
  /** Tokens besides those of members. */
  readonly tokens: number;
  readonly members: number;
}

export interface BackendLimits extends RoomLimits {
  readonly rooms: number;
  /** Milliseconds without a member, a read or an append after which a room is removed. */
  readonly roomIdle: number;
}

export interface NewEntry {
  readonly count: number;
  readonly bytes: Uint8Array;
}

export interface AppendConditions {
  /** The number that the first record must get. */
  readonly seqNum?: number | undefined;
  /** The writer's own numbering of what it appends, from 1 on: what it has appended before is not taken again. */
  readonly writer?: { readonly id: string; readonly first: number } | undefined;
}

export type Appended =
  | { readonly kind: 'appended'; readonly seqNum: number; readonly timestamp: number; readonly tail: Tail }
  /** The writer's retry of what is there already. */
  | { readonly kind: 'repeated'; readonly tail: Tail }
  /** Records of the writer before these are missing, or of these some are there already and others are not. */
  | { readonly kind: 'gap'; readonly tail: Tail }
  /** `seqNum` was not the next number. */
  | { readonly kind: 'mismatch'; readonly tail: Tail }
  /** There is no such room, or no such member in it any more. */
  | { readonly kind: 'gone' };

export type Entered =
  | {
      readonly kind: 'entered';
      /** Who was there before. */
      readonly members: readonly string[];
      /** Of the record that tells of it. */
      readonly seqNum: number;
    }
  | { readonly kind: 'taken' | 'full' | 'gone' };

/** What a read found; `undefined`: there is no such room. */
export interface Found {
  /** Whole entries, of which the first holds the record asked for. Empty at the end of the stream. */
  readonly entries: readonly Entry[];
  /** The oldest record that is kept. */
  readonly oldest: number;
  readonly tail: Tail;
}

export interface ReadLimits {
  readonly count: number;
  readonly bytes: number;
}

export interface ExpiredMember {
  readonly room: string;
  readonly id: string;
}

export interface BackendStats {
  readonly rooms: number;
}

/** All times are milliseconds since 1970, by the clock of the server that asks. Rejects only when the store fails. */
export interface Backend {
  /** For metrics and health: `memory`, `sqlite`, `redis`. */
  readonly name: string;
  /** False while revocations that other servers make may go unheard: nothing about tokens may be remembered then. */
  readonly hearsRevocations: boolean;

  /** `full`: there are as many rooms as may be. */
  createRoom(room: string, owner: StoredToken, now: number): Promise<'created' | 'taken' | 'full'>;
  /** With all that is in it. Whether it was there. */
  deleteRoom(room: string): Promise<boolean>;

  token(room: string, id: string): Promise<StoredToken | undefined>;
  addToken(room: string, token: StoredToken, now: number): Promise<'added' | 'taken' | 'full' | 'gone'>;
  /** Not for members. Whether it was there. */
  revokeToken(room: string, id: string): Promise<boolean>;

  /**
   * Adds the token of a member, which stays until `until` unless it is kept, and appends `entry`, which tells of it.
   * `gone`: the room is, or the token that the member comes in with.
   */
  enter(room: string, token: StoredToken, until: number, entry: NewEntry, now: number): Promise<Entered>;
  members(room: string): Promise<readonly string[]>;
  /** Members stay until `until`. Those that are gone already are left out of account. */
  keep(members: readonly ExpiredMember[], until: number, now: number): Promise<void>;
  /** Removes the member and its token, and appends `entry`. Whether it was there: of many callers one is told so. */
  leave(room: string, id: string, entry: NewEntry, now: number): Promise<boolean>;
  /** At most `count` members whose time is over. They are there until somebody makes them leave. */
  expired(now: number, count: number): Promise<readonly ExpiredMember[]>;

  append(room: string, entry: NewEntry, conditions: AppendConditions, now: number): Promise<Appended>;
  /** From record `from` on, or from the oldest if that is gone. */
  read(room: string, from: number, limits: ReadLimits, now: number): Promise<Found | undefined>;

  /**
   * Calls `onNews` after every append to the room, wherever it was made, until the returned function is called. News
   * may come more than once, or for several appends together; it may come late, but not never.
   */
  follow(room: string, onNews: () => void): () => void;
  /** Calls `onRevoked` when a token is gone, by revocation, its member's leaving or its room's end (`id` undefined). */
  onRevoked(onRevoked: (room: string | undefined, id: string | undefined) => void): void;

  /** Removes rooms that have been idle. Where the store does so by itself this does nothing. */
  sweep(now: number): Promise<void>;
  stats(): Promise<BackendStats>;
  close(): Promise<void>;
}
