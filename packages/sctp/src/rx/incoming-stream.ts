// One incoming stream, made when its first message comes: the next SSN and messages that came too early.

/** A whole message that waits for the ones before it, or for a stream reset. */
export interface HeldMessage {
  readonly stream: number;
  readonly ssn: number;
  readonly ordered: boolean;
  readonly ppid: number;
  /** undefined: its SSN counts, but there is nothing to deliver (it was too long). */
  readonly bytes: Uint8Array | undefined;
  /** TSN of its last chunk. */
  readonly tsn: number;
}

export class IncomingStream {
  readonly id: number;
  nextSsn = 0;
  /** Whole messages by SSN, while one before them is missing. */
  waiting: Map<number, HeldMessage> | undefined;
  /** Length of the last message that came in fragments: how much memory the next one gets at once. */
  lastLength = 0;

  constructor(id: number) {
    this.id = id;
  }
}
