// The id of the first event of a stream: of its `id:` field (WHATWG HTML §9.2.6), or of the JSON in its data. It copies
// what it needs of the first bytes and then never looks at the stream again.
import { LIMITS } from '../options.ts';

export class FirstEvent {
  /** Known once `isDone`, if there is one. */
  id: string | undefined;
  isDone = false;
  #text = '';
  readonly #decoder = new TextDecoder();

  push(bytes: Uint8Array): void {
    if (this.isDone) return;
    this.#text += this.#decoder.decode(bytes, { stream: true });
    for (let end = BLANK_LINE.exec(this.#text); end; end = BLANK_LINE.exec(this.#text)) {
      const event = this.#text.slice(0, end.index);
      if (/^(?:data|id|event)\b/m.test(event)) {
        this.#finish(event);
        return;
      }
      this.#text = this.#text.slice(end.index + end[0].length); // comments alone are no event
    }
    if (this.#text.length > LIMITS.firstEventBytes) this.#finish('');
  }

  #finish(event: string): void {
    this.isDone = true;
    this.#text = '';
    const field = /^id: ?(.*)$/m.exec(event)?.[1]?.trim();
    this.id = clean(field ?? idOfData(event));
  }
}

const BLANK_LINE = /\r\n\r\n|\n\n|\r\r/;

function idOfData(event: string): string | undefined {
  const data = event.matchAll(/^data: ?(.*)$/gm);
  try {
    const value = JSON.parse(Array.from(data, ([, line]) => line).join('\n')) as { id?: unknown } | null;
    return typeof value?.id === 'string' ? value.id : undefined;
  } catch {
    return undefined; // not JSON: then it has no id we know of
  }
}

/** For a line of a log. */
function clean(id: string | undefined): string | undefined {
  return id !== undefined && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
}
