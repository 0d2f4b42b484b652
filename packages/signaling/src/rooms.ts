// What may be done with rooms, and by whom. Knows no HTTP: routes ask, the backend stores.
import type { Appended, Backend, Found, StoredToken, TokenRole } from './backend/backend.ts';
import { SignalingError } from './errors.ts';
import type { ServerSettings } from './options.ts';
import type { BatchLimits } from './records/batch-writer.ts';
import { packRecords } from './records/entry.ts';
import type { Header, NewRecord } from './records/record.ts';
import { drawNameplates, isNameplate, roomOf } from './tokens/nameplate.ts';
import {
  drawToken,
  ID_LENGTH,
  idOf,
  isToken,
  isWord,
  matches,
  NO_HASH,
  ROOM_LENGTH,
  randomWord,
  storedToken,
} from './tokens/token.ts';
import { TokenCache } from './tokens/token-cache.ts';

/** A room and the secret that opens it. */
export interface RoomKey {
  readonly room: string;
  /** Shown once: the server keeps only a hash. */
  readonly token: string;
}

/** A room that a number leads to, for whoever says it. */
export interface NameplateKey extends RoomKey {
  readonly nameplate: string;
}

/** Who asks: a token that has been checked. */
export interface Access {
  readonly room: string;
  readonly id: string;
  readonly role: TokenRole;
}

export interface Admission {
  readonly member: string;
  readonly token: string;
  readonly members: readonly string[];
  /** Of the record that tells of it. */
  readonly seqNum: number;
}

/** Headers that the server writes, and nobody else: who appended a record, and what the record is if not a message. */
export const FROM = 'from';
export const EVENT = 'event';
export const RESERVED_HEADERS: readonly string[] = [FROM, EVENT];

/** Members are made to leave so many at a time. */
const MAX_EXPIRED = 100;

export class Rooms {
  readonly backend: Backend;
  readonly tokens: TokenCache;
  readonly #settings: ServerSettings;

  /** `onRevoked` hears of tokens that are gone, or (`undefined`) that some may be gone unheard. */
  constructor(
    backend: Backend,
    settings: ServerSettings,
    onRevoked: (room: string | undefined, id: string | undefined) => void,
  ) {
    this.backend = backend;
    this.#settings = settings;
    this.tokens = new TokenCache((room, id) => backend.token(room, id), {
      entries: settings.cachedTokens,
      life: settings.tokenLife,
    });
    backend.onRevoked((room, id) => {
      this.tokens.forget(room, id);
      onRevoked(room, id);
    });
  }

  async create(): Promise<RoomKey> {
    while (true) {
      const room = randomWord(ROOM_LENGTH);
      const { id, hash, token } = drawToken();
      const owner: StoredToken = { id, hash, role: 'owner' };
      const result = await this.backend.createRoom(room, owner, this.#now());
      if (result === 'full') throw new SignalingError('ROOMS_FULL');
      if (result === 'created') return { room, token };
    }
  }

  /** With a name and a token that were drawn earlier. */
  async createAgain({ room, token }: RoomKey): Promise<RoomKey> {
    if (!isToken(token) || !isWord(room, ROOM_LENGTH)) throw new SignalingError('BAD_REQUEST');
    const { id, hash } = storedToken(token);
    const result = await this.backend.createRoom(room, { id, hash, role: 'owner' }, this.#now());
    if (result === 'full') throw new SignalingError('ROOMS_FULL');
    if (result === 'taken') throw new SignalingError('BAD_REQUEST');
    return { room, token };
  }

  /** A room with a number that no other room has. */
  async createNumbered(): Promise<NameplateKey> {
    for (const nameplate of drawNameplates()) {
      const room = roomOf(nameplate);
      const { id, hash, token } = drawToken();
      const result = await this.backend.createRoom(room, { id, hash, role: 'owner' }, this.#now());
      if (result === 'created') return { nameplate, room, token };
      if (result === 'full') break;
    }
    throw new SignalingError('ROOMS_FULL');
  }

  /** A guest's token of the room that has this number. */
  async claim(nameplate: string): Promise<RoomKey> {
    if (!isNameplate(nameplate)) throw new SignalingError('NO_SUCH_NAMEPLATE');
    const room = roomOf(nameplate);
    const guest = await this.#addGuest(room);
    if (guest === undefined) throw new SignalingError('NO_SUCH_NAMEPLATE');
    return { room, token: guest.token };
  }

  /** Throws `ROOM_REFUSED`: a missing room, a missing token and a wrong one look the same. */
  async authorize(room: string, token: string): Promise<Access> {
    const access = await this.check(room, token);
    if (!access) throw new SignalingError('ROOM_REFUSED');
    return access;
  }

  /** Who asks, or `undefined`. What can't be a token is not hashed; the rest takes the same time but for the look-up. */
  async check(room: string, token: string): Promise<Access | undefined> {
    if (!isToken(token) || !isWord(room, ROOM_LENGTH)) return undefined;
    const id = idOf(token);
    let stored = this.#remembered(room, id);
    if (stored === undefined) stored = await this.#lookUp(room, id);
    if (!matches(stored?.hash ?? NO_HASH, token) || !stored) return undefined;
    return { room, id, role: stored.role };
  }

  async destroy(access: Access): Promise<void> {
    expectRole(access, 'owner');
    await this.backend.deleteRoom(access.room);
  }

  async addToken(access: Access): Promise<{ id: string; token: string }> {
    expectRole(access, 'owner');
    const guest = await this.#addGuest(access.room);
    if (guest === undefined) throw new SignalingError('ROOM_REFUSED');
    return guest;
  }

  /** Who has come in with the token is put out: nobody does any more from now on. */
  async revokeToken(access: Access, id: string): Promise<void> {
    expectRole(access, 'owner');
    const { room } = access;
    if (!isWord(id, ID_LENGTH) || !(await this.backend.revokeToken(room, id)))
      throw new SignalingError('NO_SUCH_TOKEN');
    for (const member of await this.backend.members(room))
      if ((await this.backend.token(room, member))?.by === id) await this.#leave(room, member);
  }

  /** Whether what was allowed a while ago still is: throws `ROOM_REFUSED`, or `MEMBER_GONE`. */
  async expectStill({ room, id, role }: Access): Promise<void> {
    let stored = this.#remembered(room, id);
    if (stored === undefined) stored = await this.#lookUp(room, id);
    if (!stored) throw new SignalingError(role === 'member' ? 'MEMBER_GONE' : 'ROOM_REFUSED');
  }

  async enter(access: Access): Promise<Admission> {
    expectRole(access, 'owner', 'guest');
    while (true) {
      const { id, hash, token } = drawToken();
      const now = this.#now();
      const until = now + this.#settings.memberTimeout;
      const entry = { count: 1, bytes: packRecords([news('join', id)]) };
      const member: StoredToken = { id, hash, role: 'member', by: access.id };
      const result = await this.backend.enter(access.room, member, until, entry, now);
      if (result.kind === 'gone') throw new SignalingError('ROOM_REFUSED');
      if (result.kind === 'full') throw new SignalingError('ROOM_FULL');
      if (result.kind === 'entered') {
        const { members, seqNum } = result;
        return { member: id, token, members, seqNum };
      }
    }
  }

  /** A member leaves; an owner may make others leave. */
  async leave(access: Access, id: string): Promise<void> {
    if (access.id !== id) expectRole(access, 'owner');
    if (!(await this.#leave(access.room, id))) throw new SignalingError('NO_SUCH_TOKEN');
  }

  async append(
    access: Access,
    records: readonly NewRecord[],
    conditions: { readonly seqNum?: number | undefined; readonly first?: number | undefined },
  ): Promise<Exclude<Appended, { kind: 'gone' | 'mismatch' | 'gap' }>> {
    const isMember = access.role === 'member';
    const stamped = isMember ? records.map((record) => stamp(record, access.id)) : records;
    const { seqNum, first } = conditions;
    if (first !== undefined) expectRole(access, 'member');
    const result = await this.backend.append(
      access.room,
      { count: records.length, bytes: packRecords(stamped) },
      { seqNum, writer: first === undefined ? undefined : { id: access.id, first } },
      this.#now(),
    );
    if (result.kind === 'gone') throw new SignalingError(isMember ? 'MEMBER_GONE' : 'ROOM_REFUSED');
    if (result.kind === 'gap') throw new SignalingError('OUT_OF_ORDER');
    if (result.kind === 'mismatch') throw new SignalingError('SEQUENCE_MISMATCH', { tail: result.tail });
    return result;
  }

  /** From record `from` on, or from the end if that is left out. */
  async read(room: string, from: number, limits: BatchLimits): Promise<Found> {
    const found = await this.backend.read(room, from, limits, this.#now());
    if (!found) throw new SignalingError('ROOM_REFUSED');
    if (from > found.tail.seq_num) throw new SignalingError('BAD_REQUEST');
    if (from < found.oldest)
      throw new SignalingError('HISTORY_LOST', { tail: found.tail, oldest: found.oldest });
    return found;
  }

  async keep(members: readonly Access[]): Promise<void> {
    const now = this.#now();
    await this.backend.keep(members, now + this.#settings.memberTimeout, now);
  }

  /** Makes those leave that have been away too long, and removes rooms that nobody uses. */
  async sweep(): Promise<void> {
    const now = this.#now();
    for (const { room, id } of await this.backend.expired(now, MAX_EXPIRED)) await this.#leave(room, id);
    await this.backend.sweep(now);
  }

  /** Null: it is remembered that there is none. */
  #remembered(room: string, id: string): StoredToken | null | undefined {
    if (!this.backend.hearsRevocations) return undefined;
    return this.tokens.peek(room, id, this.#settings.clock.now());
  }

  #lookUp(room: string, id: string): Promise<StoredToken | undefined> {
    if (!this.backend.hearsRevocations) return this.backend.token(room, id);
    return this.tokens.find(room, id, this.#settings.clock.now());
  }

  /** `undefined` if there is no such room. */
  async #addGuest(room: string): Promise<{ id: string; token: string } | undefined> {
    while (true) {
      const { id, hash, token } = drawToken();
      const result = await this.backend.addToken(room, { id, hash, role: 'guest' }, this.#now());
      if (result === 'gone') return undefined;
      if (result === 'full') throw new SignalingError('TOKENS_FULL');
      if (result === 'added') return { id, token };
    }
  }

  #leave(room: string, id: string): Promise<boolean> {
    const entry = { count: 1, bytes: packRecords([news('leave', id)]) };
    return this.backend.leave(room, id, entry, this.#now());
  }

  #now(): number {
    return this.#settings.clock.date();
  }
}

const news = (event: 'join' | 'leave', id: string): NewRecord => ({
  headers: [
    [EVENT, event],
    [FROM, id],
  ],
  body: '',
});

const stamp = ({ headers, body }: NewRecord, id: string): NewRecord => ({
  headers: [[FROM, id] as Header, ...headers],
  body,
});

function expectRole(access: Access, ...roles: TokenRole[]): void {
  if (!roles.includes(access.role)) throw new SignalingError('NOT_ALLOWED');
}
