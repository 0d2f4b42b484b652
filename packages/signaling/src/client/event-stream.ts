// The parser of a server-sent event stream (WHATWG HTML §9.2.6): text comes in pieces cut anywhere, events go out.
// Left out: `retry`, and a byte order mark at the start, which TextDecoder takes away.

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** The last `id` seen on the stream up to this event. */
  readonly id: string;
}

/** Characters of one event; a server that sends more is none of ours. */
export const EVENT_MAX_LENGTH: number = 8 * 1024 * 1024;

export class EventStreamParser {
  readonly #onEvent: (event: StreamEvent) => void;
  #line = '';
  #afterCarriageReturn = false;
  #event = '';
  #data: string | undefined;
  #id = '';

  constructor(onEvent: (event: StreamEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Takes the next piece of the stream; throws a RangeError if an event grows beyond any measure. */
  push(text: string): void {
    let at = 0;
    if (this.#afterCarriageReturn && text.length > 0) {
      if (text[0] === '\n') at = 1; // the second half of a line end that was cut in two
      this.#afterCarriageReturn = false;
    }
    LINE_END.lastIndex = at;
    for (let end = LINE_END.exec(text); end !== null; end = LINE_END.exec(text)) {
      this.#onLine(this.#line + text.slice(at, end.index));
      this.#line = '';
      at = LINE_END.lastIndex;
      this.#afterCarriageReturn = end[0] === '\r' && at === text.length;
    }
    this.#line += text.slice(at);
    if (this.#line.length + (this.#data?.length ?? 0) > EVENT_MAX_LENGTH)
      throw new RangeError('an event of the stream is too long');
  }

  #onLine(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }

  #dispatch(): void {
    const [event, data] = [this.#event, this.#data];
    this.#event = '';
    this.#data = undefined;
    if (data !== undefined) this.#onEvent({ event: event === '' ? 'message' : event, data, id: this.#id });
  }
}

const LINE_END = /\r\n|\r|\n/g;
