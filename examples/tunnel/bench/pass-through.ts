// 200 events of a streamed completion, one chunk each: passed through as the tunnel does, and parsed and framed anew as a
// gateway does that looks into each. `node --conditions=@millrace/source examples/tunnel/bench/pass-through.ts`
import assert from 'node:assert/strict';
import { LineFramer } from '../src/pass-through/line-framer.ts';
import { PassThrough } from '../src/pass-through/pass-through.ts';
import { compare } from './turns.ts';

const EVENTS = 200;
const json = Array.from({ length: EVENTS }, (_, i) =>
  JSON.stringify({
    id: 'chatcmpl-9fVQ2mUY7c1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'stub-model-8b',
    choices: [{ index: 0, delta: { content: ` token${i}` }, logprobs: null, finish_reason: null }],
  }),
);
const events = json.map((text) => Buffer.from(`data: ${text}\n\n`));
const lines = json.map((text) => Buffer.from(`${text}\n`));

/** The text of events cut out of the stream, parsed, and written again. */
class Reframer {
  readonly #decoder = new TextDecoder();
  #text = '';

  push(bytes: Uint8Array): Uint8Array {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    let out = '';
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      const event = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      out += `data: ${JSON.stringify(JSON.parse(event.slice(event.indexOf(':') + 1)))}\n\n`;
    }
    return Buffer.from(out);
  }
}

/** Lines by string functions: what the byte framer saves. */
class TextFramer {
  #text = '';

  push(bytes: Buffer): Uint8Array {
    const parts = (this.#text + bytes.toString()).split('\n');
    this.#text = parts.pop()!;
    return Buffer.from(parts.map((line) => `data: ${line}\n\n`).join(''));
  }
}

function through(make: () => { push(bytes: Uint8Array): Uint8Array }, chunks: readonly Uint8Array[]) {
  return (times: number): number => {
    let length = 0;
    for (let i = 0; i < times; i += EVENTS) {
      const stream = make();
      for (let at = 0; at < EVENTS; at++) length += stream.push(chunks[at]!).length;
    }
    return length;
  };
}

function output(stream: { push(bytes: Uint8Array): Uint8Array }, chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks.map((chunk) => stream.push(chunk))).toString();
}

const all = Buffer.concat(events).toString();
assert.equal(output(new PassThrough('detect'), events), all);
assert.equal(output(new Reframer(), events), all);
assert.equal(output(new PassThrough('detect'), lines), all);

const TIMES = EVENTS * 50;
compare(
  `event streams, ${EVENTS} events of ${events[0]!.length} bytes, the first one parsed`,
  TIMES,
  'an event',
  [
    { name: 'passed through', run: through(() => new PassThrough('detect'), events) },
    { name: 'parsed and framed anew', run: through(() => new Reframer(), events) },
  ],
);
compare(`JSON lines framed, ${EVENTS} lines`, TIMES, 'a line', [
  { name: 'over the bytes', run: through(() => new LineFramer(), lines) },
  { name: 'as text', run: through(() => new TextFramer() as never, lines) },
]);
