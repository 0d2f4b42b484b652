// Whether packets longer than the base vanish one after the other while shorter ones pass (RFC 8899 §4.3). One long packet
// at a time is followed by a chunk of it, which costs nothing beside the sending of the rest.
import { after32 } from '@millrace/sans-io';
import { CHUNK_STATE } from '../tx/outstanding.ts';

/** So many long packets lost in a row, none of them having passed, make a black hole. */
const MAX_LOST_IN_A_ROW = 3;

/** What there is to know of chunks by their TSN: `Outstanding` does. */
export interface ChunkLedger {
  /** The oldest chunk that is not cumulatively acknowledged. */
  readonly first: number;
  state(tsn: number): number;
  /** Number of the packet that carried it last. */
  packet(tsn: number): number;
}

export class BlackHoleWatch {
  /** Whether a packet is being followed. */
  isWatching = false;
  #tsn = 0;
  #packet = 0;
  #lostInARow = 0;

  /** Packet number `packet`, longer than the base, has gone out with the chunk `tsn`. */
  watch(tsn: number, packet: number): void {
    this.isWatching = true;
    this.#tsn = tsn;
    this.#packet = packet;
  }

  /** Something was acknowledged or lost. Returns whether the path is a black hole for long packets. */
  judge(outstanding: ChunkLedger): boolean {
    if (!this.isWatching) return false;
    const hasLeft = after32(outstanding.first, this.#tsn);
    if (!hasLeft && outstanding.packet(this.#tsn) === this.#packet) {
      const state = outstanding.state(this.#tsn);
      if (state === CHUNK_STATE.IN_FLIGHT) return false;
      if (state === CHUNK_STATE.LOST) return this.#onLost();
    } else if (!hasLeft) return this.#onLost(); // sent again already
    this.reset();
    return false;
  }

  reset(): void {
    this.isWatching = false;
    this.#lostInARow = 0;
  }

  #onLost(): boolean {
    this.isWatching = false;
    if (++this.#lostInARow < MAX_LOST_IN_A_ROW) return false;
    this.#lostInARow = 0;
    return true;
  }
}
