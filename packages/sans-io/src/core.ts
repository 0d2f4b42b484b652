// The contract of every protocol core: five verbs over bytes and time. No core knows a socket, a clock or a
// source of randomness; whoever drives it owns those. Two cores therefore run against each other in memory.

/** Milliseconds on the driver's monotonic clock. Only differences mean anything. */
export type Millis = number;

/** A deadline that never comes: no timer runs. */
export const NEVER: Millis = Number.POSITIVE_INFINITY;

/**
 * A protocol endpoint without I/O.
 *
 * The driver's loop: hand over every datagram that has come (`receive`), let due timers fire (`expire`), take
 * the events (`drain`), then ask for datagrams until there are none (`transmit`) and sleep until `deadline`.
 * No verb calls back while a state changes: everything a core has to say waits for `drain`.
 *
 * @typeParam Sink the methods that `drain` calls, one for each kind of event
 * @typeParam Route what tells one network path from another; `void` where the path does not matter
 */
export interface Core<Sink, Route = void> {
  /**
   * Takes the datagram `bytes[at, end)`. The bytes are borrowed until the next `drain`, and the core may change
   * them in place (decryption). Malformed or hostile input is dropped and counted; nothing is thrown.
   */
  receive(bytes: Uint8Array, at: number, end: number, now: Millis, route: Route): void;

  /**
   * Writes the next datagram into `out[at, end)` and returns its length; 0 means there is nothing to send or
   * the room does not suffice for a whole datagram. `out` is borrowed for the call. A core with routes leaves
   * the path of the datagram just written in its `route` property.
   */
  transmit(out: Uint8Array, at: number, end: number, now: Millis): number;

  /** When `expire` wants to be called next; `NEVER` if no timer runs. */
  deadline(): Millis;

  /** Lets time pass: runs every timer that is due at `now`. Harmless when none is. */
  expire(now: Millis): void;

  /** Hands the waiting events to `sink`, oldest first. Returns whether there were any. */
  drain(sink: Sink): boolean;
}
