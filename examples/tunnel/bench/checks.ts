// What a request costs before it is passed on: its shape, the order of upstreams, its key.
// `node --conditions=@millrace/source examples/tunnel/bench/checks.ts`
import assert from 'node:assert/strict';
import { hash, timingSafeEqual } from 'node:crypto';
import { drawKey } from '../src/api-keys/key.ts';
import { KeyCheck } from '../src/api-keys/key-check.ts';
import { COMPLETION, shapeProblem } from '../src/request-shape/json-shape.ts';
import { Upstreams } from '../src/upstreams/upstreams.ts';
import { compare } from './turns.ts';

for (const count of [2, 20, 200]) {
  const messages = Array.from({ length: count }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: `Message ${i} says “${'a few words more, '.repeat(10)}” and a line\nmore.`,
  }));
  const body = Buffer.from(
    JSON.stringify({ model: 'stub-model-8b', messages, stream: true, temperature: 0.7 }),
  );
  assert.equal(shapeProblem(body, COMPLETION), undefined);
  const isRight = (value: { model?: unknown; messages?: unknown }): boolean =>
    typeof value.model === 'string' && Array.isArray(value.messages);
  compare(`the shape of a request of ${count} messages, ${body.length} bytes`, 40_000 / count, 'a request', [
    {
      name: 'scanned, passed on as it is',
      run: (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) sum += shapeProblem(body, COMPLETION) === undefined ? body.length : 0;
        return sum;
      },
    },
    {
      name: 'parsed, passed on as it is',
      run: (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) sum += isRight(JSON.parse(body.toString())) ? body.length : 0;
        return sum;
      },
    },
    {
      name: 'parsed and serialised anew',
      run: (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) {
          const value = JSON.parse(body.toString());
          if (isRight(value)) sum += Buffer.from(JSON.stringify(value)).length;
        }
        return sum;
      },
    },
  ]);
}

const sessions = Array.from({ length: 256 }, (_, i) => `session-${i}-${'x'.repeat(16)}`);
for (const count of [3, 10]) {
  const urls = Array.from({ length: count }, (_, i) => new URL(`http://10.0.0.${i}:8080`));
  const upstreams = new Upstreams(urls);
  const ill = new Upstreams(urls);
  ill.all[1]!.onFailure(0);
  const ordering = (from: Upstreams, session: (i: number) => string | undefined) => (times: number) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum += from.order(session(i), 1)[0]!.index;
    return sum;
  };
  compare(`the order of ${count} upstreams`, 10_000, 'a request', [
    { name: 'in turns', run: ordering(upstreams, () => undefined) },
    { name: 'in turns, one of them down', run: ordering(ill, () => undefined) },
    { name: 'by session', run: ordering(upstreams, (i) => sessions[i & 255]) },
    {
      name: 'by session, plainly (SHA-256 of each, sort)',
      run: (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) {
          const weigh = (url: URL): string => hash('sha256', sessions[i & 255]! + url.href);
          const weighed = urls.map((url, index) => ({ index, weight: weigh(url) }));
          sum += weighed.sort((a, b) => (a.weight < b.weight ? -1 : 1))[0]!.index;
        }
        return sum;
      },
    },
  ]);
}

const drawn = drawKey();
const hashes = new Map([[drawn.id, drawn.hash]]);
const source = { version: () => '1', read: async () => hashes };
const check = new KeyCheck(source);
const other = drawn.key.slice(0, -1) + (drawn.key.endsWith('a') ? 'b' : 'a');
assert.equal(await check.check(`Bearer ${drawn.key}`), 'ok');
assert.equal(check.check(`Bearer ${other}`), 'WRONG_KEY');
const checking = (field: string) => (times: number) => {
  let sum = 0;
  for (let i = 0; i < times; i++) sum += (check.check(field) as string).length;
  return sum;
};
compare('the check of a key that is remembered', 20_000, 'a request', [
  { name: 'valid', run: checking(`Bearer ${drawn.key}`) },
  { name: 'another secret', run: checking(`Bearer ${other}`) },
  { name: 'malformed', run: checking('Bearer sk-0123456789abcdef0123456789abcdef') },
  { name: 'none', run: checking('') },
  {
    name: 'plainly: hash any key, look through 100 hashes',
    run: (times) => {
      const all = Array.from({ length: 100 }, (_, i) => (i === 99 ? drawn.hash : Buffer.alloc(32, i)));
      let sum = 0;
      for (let i = 0; i < times; i++) {
        const digest = hash('sha256', drawn.key, 'buffer');
        sum += all.findIndex((one) => timingSafeEqual(one, digest));
      }
      return sum;
    },
  },
]);
