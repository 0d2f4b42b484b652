// What rides with checks and their responses: datagrams of the handshake that follows, and word of those that have
// come (draft-hancke-webrtc-sped). ICE carries both and understands neither.

import type { Millis } from '@millrace/sans-io';

export interface Piggyback {
  /** Whether checks and responses say anything of it: if not, they are as they were without. */
  readonly isOn: boolean;
  /** Counts the flights: another number, other datagrams. */
  readonly flight: number;
  /**
   * How many datagrams of the flight wait for a path. Until one is known, a check or response that carries the first
   * of them is followed by checks that carry the others.
   */
  readonly pending: number;
  /**
   * When a check is worth sending for the sake of what it carries, on the pair in use, though none is due; `NEVER` if not.
   * It moves on with each `next`.
   */
  readonly checkDueAt: Millis;
  /** The next datagram in turn, of at most `room` bytes. It is copied at once. */
  next(room: number, now: Millis): Uint8Array | undefined;
  /** Four bytes for each datagram that has come. */
  readonly acknowledgements: Uint8Array;
  /**
   * An authentic message has come. Both ranges are those of its attributes in `bytes`, borrowed for the call; one that
   * begins at -1 is of an attribute that is missing. Nothing may be asked of the agent meanwhile.
   */
  receive(bytes: Uint8Array, dataAt: number, dataEnd: number, ackAt: number, ackEnd: number): void;
}
