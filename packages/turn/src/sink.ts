// What a client has to tell.
import type { TransportAddress } from '@millrace/stun';

export interface TurnAllocation {
  /** Peers see our datagrams come from here, and send theirs to it. */
  readonly relayed: TransportAddress;
  /** As the server sees us: a server-reflexive address, when the way to the server is UDP. */
  readonly mapped: TransportAddress | undefined;
  /** Seconds. */
  readonly lifetime: number;
}

export type TurnEndCode =
  /** `close` was called. */
  | 'CLOSED'
  /** The server did not answer. */
  | 'TIMEOUT'
  /** The server said no: see `errorCode`. */
  | 'REFUSED'
  /** The server wants us to ask another: see `alternate`. RFC 8489 §10 */
  | 'TRY_ALTERNATE';

export interface TurnEnd {
  readonly code: TurnEndCode;
  /** The server's (RFC 8656 §19). */
  readonly errorCode?: number;
  /** The server's words, or ours. */
  readonly reason: string;
  readonly alternate?: TransportAddress;
}

export interface TurnSink {
  onAllocated(allocation: TurnAllocation): void;
  /** The server has the allocation still, as of now. */
  onRefreshed?(): void;
  /** A peer's datagram, `bytes[at, end)`: where `receive` was given it, borrowed for the call. */
  onData(bytes: Uint8Array, at: number, end: number, peer: TransportAddress): void;
  /** The server does not let us send to this peer. */
  onPeerRefused(peer: TransportAddress, errorCode: number | undefined, reason: string): void;
  /** The allocation is gone, or was never had. Nothing follows. */
  onEnd(end: TurnEnd): void;
}
