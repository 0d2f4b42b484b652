// The way to the side that publishes: whichever connection to it stands.
import type { WireChannel } from '../wire/exchange.ts';

export interface Peer {
  /** A channel for one request; `undefined` while there is no connection. */
  openChannel(): WireChannel | undefined;
}
