// All rooms of a server: made with a secret, opened with it, removed when nobody has been in them for a while.
// No I/O and no clock.
import { SignalingError } from '../errors.ts';
import type { SignalingLimits } from '../options.ts';
import { type Peer, Room, type RoomLimits } from './room.ts';
import { NO_SECRET, ROOM_LENGTH, randomWord, SECRET_LENGTH } from './secret.ts';

export interface RoomKey {
  readonly room: string;
  /** Whoever has it may enter the room. Shown once: the server keeps only a hash. */
  readonly token: string;
}

export class Rooms {
  readonly #limits: RoomLimits & Pick<SignalingLimits, 'rooms' | 'roomIdle'>;
  readonly #rooms = new Map<string, Room>();

  constructor(limits: RoomLimits & Pick<SignalingLimits, 'rooms' | 'roomIdle'>) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#rooms.size;
  }

  create(now: number): RoomKey {
    if (this.#rooms.size >= this.#limits.rooms) throw new SignalingError('ROOMS_FULL');
    const name = randomWord(ROOM_LENGTH);
    const token = randomWord(SECRET_LENGTH);
    this.#rooms.set(name, new Room(name, token, this.#limits, now));
    return { room: name, token };
  }

  /** The room, for whoever knows its token. A missing room and a wrong token look the same. */
  open(name: string, token: string): Room {
    const room = this.#rooms.get(name);
    if (!(room?.token ?? NO_SECRET).matches(token) || !room) throw new SignalingError('ROOM_REFUSED');
    return room;
  }

  /** The room and the peer in it, for whoever knows the session of that peer. */
  resume(name: string, peerName: string, session: string): { room: Room; peer: Peer } {
    const room = this.#rooms.get(name);
    const peer = room?.peer(peerName);
    if (!(peer?.session ?? NO_SECRET).matches(session) || !room || !peer)
      throw new SignalingError('PEER_REFUSED');
    return { room, peer };
  }

  /** Removes what has been idle too long. Returns the rooms that peers were removed from. */
  expire(now: number): Room[] {
    const changed: Room[] = [];
    for (const room of this.#rooms.values()) {
      if (room.expire(now)) changed.push(room);
      if (room.peerCount === 0 && now - room.emptySince >= this.#limits.roomIdle)
        this.#rooms.delete(room.name);
    }
    return changed;
  }
}
