// `npm run fuzz [-- --only stun,sctp --seconds 10 --seed 1 --input HEX]`: gives every fuzz target random and mutated
// input for a while. A finding is printed with the seed and the input in hex, and `--only NAME --seed S --input HEX`
// plays it again. Each target runs in a thread of its own, so that one that never returns is found as well.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readArguments } from './arguments.ts';
import type { FuzzOrder, FuzzReport } from './fuzz-worker.ts';
import { ROOT, SOURCE_CONDITION } from './workspace.ts';

/** An input that takes longer than this hangs, and so does a thread that has not begun after so long. */
const HANG_MS = 10_000;
const START_MS = 120_000;
const MAX_INPUT_BYTES = 65_536;
/** Fed on a machine, too, that has no time to feed them in. */
const LEAST_INPUTS = 100;

const { values } = readArguments({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    seed: { type: 'string' },
    input: { type: 'string' },
    folder: { type: 'string', default: 'fuzz' },
  },
});
const names = globSync('*.fuzz.ts', { cwd: join(ROOT, values.folder) })
  .map((file) => file.replace(/\.fuzz\.ts$/, ''))
  .sort();
const chosen = values.only?.split(',') ?? names;
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`no fuzz target is named ${unknown.join(', ')}; there are ${names.join(', ')}`);
  process.exit(2);
}
const milliseconds = Number(values.seconds) * 1000;
const seed = values.seed === undefined ? (Math.random() * 2 ** 31) | 0 : Number(values.seed);
if (!(milliseconds > 0) || !Number.isInteger(seed)) {
  console.error('--seconds takes a number above 0 and --seed a whole number');
  process.exit(2);
}

console.log(`fuzz: ${chosen.length} targets, ${values.seconds} s each, seed ${seed}`);
let findings = 0;
for (const name of chosen) if (!(await fuzz(name))) findings++;
console.log(findings === 0 ? 'fuzz: nothing found' : `fuzz: ${findings} targets have a finding`);
process.exitCode = findings === 0 ? 0 : 1;

/** Runs one target; true if nothing was found. */
async function fuzz(name: string): Promise<boolean> {
  // Where the worker leaves the input it is about to feed: [inputs so far, its length, its random state], its bytes.
  const shared = new SharedArrayBuffer(12 + MAX_INPUT_BYTES);
  const progress = new Int32Array(shared, 0, 3);
  const order: FuzzOrder = {
    file: join(ROOT, values.folder, `${name}.fuzz.ts`),
    milliseconds,
    leastInputs: LEAST_INPUTS,
    seed,
    input: values.input,
    shared,
  };
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
    workerData: order,
    execArgv: [`--conditions=${SOURCE_CONDITION}`],
  });
  const { promise, resolve } = Promise.withResolvers<FuzzReport>();
  worker.on('message', resolve);
  worker.on('error', (error) =>
    resolve({ inputs: 0, failure: `cannot run: ${error instanceof Error ? error.stack : String(error)}` }),
  );
  worker.on('exit', () => resolve({ inputs: progress[0]!, failure: 'the thread ended without a report' }));

  let last = -1;
  let since = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    if (progress[0] !== last) {
      last = progress[0]!;
      since = now;
    } else if (now - since > (last === 0 ? START_MS : HANG_MS)) {
      const what = last === 0 ? 'its thread does not start' : `an input takes more than ${HANG_MS / 1000} s`;
      resolve({ inputs: last, failure: what });
    }
  }, 200);
  const { inputs, failure } = await promise;
  clearInterval(watch);
  await worker.terminate();

  if (failure === undefined) {
    console.log(`  ${name}: ${inputs} inputs`);
    return true;
  }
  const input = Buffer.from(new Uint8Array(shared, 12, progress[1]!)).toString('hex');
  console.error(`  ${name}: input ${inputs} of seed ${seed}: ${failure.replaceAll('\n', '\n    ')}`);
  console.error(`    again: npm run fuzz -- --only ${name} --seed=${progress[2]!} --input ${input || "''"}`);
  return false;
}
