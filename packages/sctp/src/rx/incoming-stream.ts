// One incoming stream, made when its first message comes: the next number, messages that came too early, and those
// that have come in part.
import type { PartialTable } from './partial-table.ts';

/** A whole message that waits for the ones before it. */
export interface WaitingMessage {
  readonly ppid: number;
  /** undefined: its number counts, but there is nothing to deliver (it was too long). */
  readonly bytes: Uint8Array | undefined;
}

export class IncomingStream {
  readonly id: number;
  /** SSN, or MID, of the ordered message to be delivered next. */
  next = 0;
  /** MID behind the last unordered message that was skipped. */
  nextUnordered = 0;
  /** Whole messages by number, while one before them is missing. */
  waiting: Map<number, WaitingMessage> | undefined;
  /** Interleaved messages of which some fragments have come, by MID. */
  orderedPartials: PartialTable | undefined;
  unorderedPartials: PartialTable | undefined;
  /** Length of the last message that came in fragments: how much memory the next one gets at once. */
  lastLength = 0;

  constructor(id: number) {
    this.id = id;
  }
}
