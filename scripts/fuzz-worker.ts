// The thread that feeds one fuzz target. It writes each input to shared memory before it is fed, so that the main
// thread can show it even if the target never returns.
import { parentPort, workerData } from 'node:worker_threads';
import { SeededRandom } from '@millrace/sans-io/testing';
import { makeInput } from '../fuzz/mutate.ts';
import type { FuzzTarget } from '../fuzz/target.ts';

export interface FuzzOrder {
  readonly file: string;
  readonly milliseconds: number;
  /** However long they take. */
  readonly leastInputs: number;
  readonly seed: number;
  /** In hex: feed this once and nothing else. */
  readonly input: string | undefined;
  readonly shared: SharedArrayBuffer;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly failure?: string;
}

const { file, milliseconds, leastInputs, seed, input, shared } = workerData as FuzzOrder;
const progress = new Int32Array(shared, 0, 3);
const room = new Uint8Array(shared, 12);
const { target } = (await import(file)) as { target: FuzzTarget };

const made = new SeededRandom(seed);
const end = performance.now() + milliseconds;
let inputs = 0;
let failure: string | undefined;
do {
  const bytes =
    input === undefined ? makeInput(target.seeds, made) : Uint8Array.from(Buffer.from(input, 'hex'));
  // The target's own randomness starts anew with each input, from a number that can be given again.
  const state = input === undefined ? made.u32() | 0 : seed;
  progress[0] = ++inputs;
  progress[1] = bytes.length;
  progress[2] = state;
  room.set(bytes);
  try {
    target.run(bytes, new SeededRandom(state));
  } catch (error) {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
} while (failure === undefined && input === undefined && (inputs < leastInputs || performance.now() < end));

const report: FuzzReport = failure === undefined ? { inputs } : { inputs, failure };
parentPort!.postMessage(report);
