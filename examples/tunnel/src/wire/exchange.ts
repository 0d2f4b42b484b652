// One end of a request on a channel: a head, a body and an end each way. The head goes with the first bytes of the body,
// and with its end if that is known soon enough: most requests and answers are one message each.
import { LIMITS } from '../options.ts';
import {
  type AbortReason,
  type Control,
  END,
  parseOpening,
  type RequestHead,
  type ResponseHead,
  writeOpening,
} from './frames.ts';
import type { Lane, LaneUser } from './lane.ts';

export interface ExchangeEvents {
  /** `isWhole`: what follows is on hand, and told before anything else happens. */
  onHead(head: Record<string, unknown>, isWhole: boolean): void;
  /** Handed over. Say `consumed` when it has gone on: until then it takes its place in the window. */
  onBody(bytes: Uint8Array): void;
  onEnd(): void;
  /** `write` has said no; now it would say yes. */
  onRoom(): void;
  /** There will be nothing more, and this side did not want that. */
  onAbort(reason: AbortReason): void;
}

export class Exchange implements LaneUser {
  readonly #lane: Lane;
  readonly #events: ExchangeEvents;
  /** False once it has the channel no more: whatever is said or heard there then is of another request. */
  #isLive = true;
  // Going out. The head waits for what goes with it.
  #head: RequestHead | ResponseHead | undefined;
  #first: Uint8Array = NOTHING;
  #wantsRoom = false;
  #hasEnded = false;
  // Coming in.
  #expects: 'head' | 'body' | 'nothing' = 'head';

  constructor(lane: Lane, events: ExchangeEvents) {
    this.#lane = lane;
    this.#events = events;
    lane.taken(this);
  }

  /** It is sent when this turn of the event loop ends, with what has been written until then. */
  sendHead(head: RequestHead | ResponseHead): void {
    if (!this.#isLive) return;
    this.#head = head;
    setImmediate(() => this.#sendOpening(false));
  }

  /** Kept until it is sent. False: stop until `onRoom`. */
  write(bytes: Uint8Array): boolean {
    if (!this.#isLive || this.#hasEnded || bytes.length === 0) return true;
    if (this.#head !== undefined) {
      if (this.#first.length === 0 && bytes.length <= LIMITS.messageBytes) {
        this.#first = bytes;
        return true;
      }
      this.#sendOpening(false);
    }
    if (bytes.length <= LIMITS.messageBytes) this.#lane.send(bytes, bytes.length);
    else
      for (let at = 0; at < bytes.length; at += LIMITS.messageBytes) {
        const part = bytes.subarray(at, Math.min(at + LIMITS.messageBytes, bytes.length));
        this.#lane.send(part, part.length);
      }
    this.#wantsRoom = this.#lane.isBlocked;
    return !this.#wantsRoom;
  }

  end(): void {
    if (!this.#isLive || this.#hasEnded) return;
    if (this.#head === undefined) this.#lane.send(END);
    else this.#sendOpening(true);
    this.#hasEnded = true;
    this.#giveBackIfOver();
  }

  /** Bytes of `onBody` that need no place any more. */
  consumed(bytes: number): void {
    this.#lane.consumed(bytes);
  }

  /** Gives up, unless all has been said: what has not been sent is dropped. */
  abort(reason: AbortReason): void {
    if (!this.#isLive) return;
    this.#isLive = false;
    this.#lane.close(reason);
  }

  /** Needs nothing more. What is on its way still arrives, what has not been sent is dropped. */
  close(): void {
    if (!this.#isLive) return;
    this.#isLive = false;
    this.#lane.close();
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#expects === 'body') this.#onBody(bytes);
    else if (this.#expects === 'head') this.#onOpening(bytes);
    else this.#violated();
  }

  onControl(control: Control | undefined): void {
    if (control?.type === 'abort') {
      this.close();
      this.#events.onAbort(control.reason);
    } else if (control?.type === 'end' && this.#expects === 'body') this.#onEnd();
    else this.#violated();
  }

  onRoom(): void {
    if (!this.#wantsRoom) return;
    this.#wantsRoom = false;
    this.#events.onRoom();
  }

  onClosed(): void {
    if (!this.#isLive) return;
    this.#isLive = false;
    this.#events.onAbort('gone');
  }

  #sendOpening(isWhole: boolean): void {
    const head = this.#head;
    if (head === undefined || !this.#isLive) return;
    this.#head = undefined;
    this.#lane.send(writeOpening(head, this.#first, isWhole), this.#first.length);
    this.#first = NOTHING;
  }

  #onOpening(bytes: Uint8Array): void {
    const opening = parseOpening(bytes);
    if (opening === undefined) {
      this.#violated();
      return;
    }
    this.#expects = 'body';
    this.#events.onHead(opening.head, opening.isWhole);
    if (opening.body.length > 0 && this.#isLive) this.#onBody(opening.body);
    if (opening.isWhole && this.#isLive) this.#onEnd();
  }

  #onBody(bytes: Uint8Array): void {
    if (this.#lane.received(bytes.length)) this.#events.onBody(bytes);
    else this.#violated();
  }

  #onEnd(): void {
    this.#expects = 'nothing';
    this.#events.onEnd();
    this.#giveBackIfOver();
  }

  #giveBackIfOver(): void {
    if (!this.#isLive || !this.#hasEnded || this.#expects !== 'nothing') return;
    this.#isLive = false;
    this.#lane.givenBack();
  }

  #violated(): void {
    this.abort('protocol');
    this.#events.onAbort('protocol');
  }
}

const NOTHING = new Uint8Array(0);
