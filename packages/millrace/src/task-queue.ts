// Hot: the networking task source of W3C webrtc-pc. Every event of every connection goes through it, so events
// fire in the order in which things happened and never inside the call that caused them.
//
// As in a browser, each task is followed by all microtasks it has led to: `await once(channel, 'message')` twice
// sees two messages even if both came in one packet. There are two ways to have that, and no third that is public:
//
// - A tick of process.nextTick, whose queue is emptied before the microtasks are run, and a microtask that asks for the
//   next tick. No turn of the event loop lies between, so what a task sends leaves with the answer to what has come.
// - An Immediate for each task: behind each of them Node runs the microtasks. A third of the cost. What the driver wants
//   to send in this turn goes first, so the peer has its SACK while the messages of a large batch are still handed out.
import { Ring } from '@millrace/sans-io';

/** With more tasks than this waiting, each becomes an Immediate. */
const MANY = 16;

const tasks = new Ring<unknown>(64); // function, argument, function, argument, ...
/** What is going to run the first of them. */
let next: 'nothing' | 'tick' | 'immediate' = 'nothing';
const settled = Promise.resolve();

/** Runs `run(argument)` as a task of its own, after all that were queued before. */
export function queueTask<T>(run: (argument: T) => void, argument: T): void {
  tasks.push(run);
  tasks.push(argument);
  if (next === 'tick') return;
  if (next === 'immediate') {
    setImmediate(runImmediate);
    return;
  }
  next = 'tick';
  scheduleTick();
}

/** Runs `run` as a task; what it returns or throws is what the promise tells, once the task is over. */
export function inTask<T>(run: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    queueTask(() => {
      try {
        resolve(run());
      } catch (error) {
        reject(error);
      }
    }, undefined);
  });
}

const runTick = (): void => {
  const run = tasks.shift() as (argument: unknown) => void;
  try {
    run(tasks.shift());
  } finally {
    const waiting = tasks.length >> 1;
    if (waiting === 0) next = 'nothing';
    else if (waiting <= MANY) {
      // Behind whatever microtasks the task has queued; they and their successors run before the tick does.
      void settled.then(scheduleTick);
    } else {
      next = 'immediate';
      for (let i = 0; i < waiting; i++) setImmediate(runImmediate);
    }
  }
};

const scheduleTick = (): void => process.nextTick(runTick);

/** There are as many of these under way as tasks wait. */
const runImmediate = (): void => {
  const run = tasks.shift() as (argument: unknown) => void;
  const argument = tasks.shift();
  if (tasks.length === 0) next = 'nothing';
  run(argument);
};
