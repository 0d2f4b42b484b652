// The way to the side that publishes: whichever connection to it stands.
import type { Lane } from '../wire/lane.ts';

export interface Peer {
  /** A channel for one request; `undefined` while there is no connection. */
  takeLane(): Lane | undefined;
  /** The request is over. */
  giveBack(lane: Lane): void;
}
