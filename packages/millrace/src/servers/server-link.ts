// A server that a connection talks to beside its peer, as the driver sees it.

import type { TransportAddress } from '@millrace/ice';
import type { Millis } from '@millrace/sans-io';
import type { DatagramPort } from '../transport/datagram-port.ts';

export interface ServerLink {
  /** The socket the server is reached by; -1 if the link has a connection of its own. */
  readonly socket: number;
  readonly remote: TransportAddress;
  /** That of the relayed address, once there is one. */
  readonly port?: DatagramPort | undefined;
  /** A datagram from the server. Borrowed for the call. */
  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void;
  /** Sends what there is to send. */
  flush(now: Millis): void;
  deadline(): Millis;
  expire(now: Millis): void;
  /** Says goodbye and gives back what it has. */
  close(now: Millis): void;
}
