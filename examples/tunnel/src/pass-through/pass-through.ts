// What happens to a streamed answer: nothing. Its chunks go on as they came, the very same objects. Only the first event
// is read, for its id, and a stream of JSON lines that says it were one of events is framed as such.
import { FirstEvent } from './first-event.ts';
import { LineFramer } from './line-framer.ts';

const NOTHING = new Uint8Array(0);
const BRACE = 0x7b;

export class PassThrough {
  readonly #first = new FirstEvent();
  #framer: LineFramer | undefined;
  /** White space before anything that tells what the stream is. */
  #held: Uint8Array | undefined;
  #isDecided = false;

  constructor(framing: 'detect' | 'lines') {
    if (framing === 'lines') this.#decide(BRACE);
  }

  /** The id of the first event, if that has come by and has one. */
  get eventId(): string | undefined {
    return this.#first.id;
  }

  /** What to send on; `bytes` itself as a rule. */
  push(bytes: Uint8Array): Uint8Array {
    if (!this.#isDecided) {
      if (this.#held) bytes = Buffer.concat([this.#held, bytes]);
      const start = firstByte(bytes);
      if (start < 0 && bytes.length < 1024) {
        this.#held = bytes;
        return NOTHING;
      }
      this.#held = undefined;
      this.#decide(bytes[start]);
      if (this.#framer && start > 0) bytes = bytes.subarray(start);
    }
    const out = this.#framer ? this.#framer.push(bytes) : bytes;
    if (!this.#first.isDone) this.#first.push(out);
    return out;
  }

  end(): Uint8Array {
    return this.#framer?.end() ?? this.#held ?? NOTHING;
  }

  /** No field of an event stream begins with a brace: it is JSON, without the `data:` it should have. */
  #decide(byte: number | undefined): void {
    this.#isDecided = true;
    if (byte === BRACE) this.#framer = new LineFramer();
  }
}

/** The place of the first byte that is neither white space nor of a byte order mark; -1 if there is none. */
function firstByte(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf);
}
