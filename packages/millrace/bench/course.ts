// What the allocation bench runs.

/** Of a packet that keeps to 1200 bytes of UDP payload, DTLS in it. */
export const SCTP_PACKET_BYTES = 1160;
/** Kept in the send queue. */
export const BUFFERED_BYTES: number = 512 * 1024;

/** One way for messages to go. */
export interface Course {
  /** Sends messages of `bytes` until `packets` have arrived; returns how many packets and messages did. */
  run(bytes: number, packets: number): Promise<Arrived>;
  /** Sends `trips` messages of `bytes` there and back, one after the other. */
  echo?(bytes: number, trips: number): Promise<void>;
  close(): void;
}

export interface Arrived {
  readonly packets: number;
  readonly messages: number;
}
