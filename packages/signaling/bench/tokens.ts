// `node --expose-gc --conditions=@millrace/source packages/signaling/bench/tokens.ts`: what it costs to check a token: one
// that is valid and remembered, a wrong secret for it, an unknown id that is remembered as such, and garbage of every
// kind, against a hash and a look-up for everything that comes. Taken in turns.
import { getHeapStatistics } from 'node:v8';
import { MemoryBackend } from '../src/backend/memory.ts';
import { settingsFrom } from '../src/options.ts';
import { Rooms } from '../src/rooms.ts';
import { drawToken } from '../src/tokens/token.ts';

const ROUNDS = 9;
const TIMES = 5_000;
let found = 0;

const settings = settingsFrom({});
const limits = { rooms: 10, records: 10, bytes: 1e6, tokens: 10, members: 10, roomIdle: 1e9 };
const rooms = new Rooms(new MemoryBackend(limits), settings, () => {});
const { room, token } = await rooms.create();
const wrong = `${token.slice(0, 8)}${drawToken().token.slice(8)}`;
const unknown = drawToken().token;

const cases: Readonly<Record<string, string>> = {
  valid: token,
  'wrong secret': wrong,
  'unknown token': unknown,
  'too short': token.slice(1),
  'bad character': `${token.slice(1)}!`,
  '8 KiB of garbage': 'x'.repeat(8_000),
};
const results = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
const allocated = new Map<string, number>();
for (let round = 0; round < ROUNDS; round++)
  for (const [name, presented] of Object.entries(cases)) {
    const before = getHeapStatistics().total_allocated_bytes ?? 0;
    const began = performance.now();
    for (let i = 0; i < TIMES; i++) if (await rooms.check(room, presented)) found++;
    results.get(name)!.push(((performance.now() - began) / TIMES) * 1e6);
    allocated.set(name, ((getHeapStatistics().total_allocated_bytes ?? 0) - before) / TIMES);
  }
console.log(`${found} of ${ROUNDS * TIMES * Object.keys(cases).length} let in`);
const median = (name: string): number => results.get(name)!.toSorted((a, b) => a - b)[ROUNDS >> 1]!;
for (const name of Object.keys(cases)) {
  const all = results.get(name)!;
  console.log(
    `${name.padEnd(18)} ${median(name).toFixed(0).padStart(7)} ns (${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)})` +
      `  ${(median(name) / median('valid')).toFixed(2)}x a valid one  ${allocated.get(name)!.toFixed(0)} B`,
  );
}
