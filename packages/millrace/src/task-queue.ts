// Hot: the networking task source of W3C webrtc-pc. Every event of every connection goes through it, so events
// fire in the order in which things happened and never inside the call that caused them.
//
// As in a browser, each task is followed by all microtasks it has led to: `await once(channel, 'message')` twice
// sees two messages even if both came in one packet. A tick of process.nextTick, whose queue is emptied before the
// microtasks are run, and a microtask that asks for the next tick give just that, without a turn of the event loop.
import { Ring } from '@millrace/sans-io';

const tasks = new Ring<unknown>(64); // function, argument, function, argument, ...
let isScheduled = false;
const settled = Promise.resolve();

/** Runs `run(argument)` as a task of its own, after all that were queued before. */
export function queueTask<T>(run: (argument: T) => void, argument: T): void {
  tasks.push(run);
  tasks.push(argument);
  if (isScheduled) return;
  isScheduled = true;
  scheduleNext();
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

const runOne = (): void => {
  const run = tasks.shift() as (argument: unknown) => void;
  try {
    run(tasks.shift());
  } finally {
    // Behind whatever microtasks the task has queued; they and their successors run before the tick does.
    if (tasks.length > 0) void settled.then(scheduleNext);
    else isScheduled = false;
  }
};

const scheduleNext = (): void => process.nextTick(runOne);
