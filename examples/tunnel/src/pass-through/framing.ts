// Which answers are looked at on their way, by their head.
import { fieldOf } from '../http/fields.ts';
import type { Fields } from '../wire/frames.ts';

export type Framing = 'detect' | 'lines';

const JSON_LINES = /^application\/(?:x-ndjson|ndjson|jsonl|jsonlines|x-jsonlines|json-lines)\b/i;

/**
 * `detect` for event streams, `lines` for JSON lines to a client that asked for an event stream; `undefined` for
 * everything else, and for what is compressed: that goes by unseen.
 */
export function framingOf(request: Fields, response: Fields): Framing | undefined {
  const coding = fieldOf(response, 'content-encoding') ?? 'identity';
  if (coding.toLowerCase() !== 'identity') return undefined;
  const type = fieldOf(response, 'content-type') ?? '';
  if (/^text\/event-stream\b/i.test(type)) return 'detect';
  const wantsEvents = /\btext\/event-stream\b/i.test(fieldOf(request, 'accept') ?? '');
  return wantsEvents && JSON_LINES.test(type) ? 'lines' : undefined;
}
