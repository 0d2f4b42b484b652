// Preloaded into a program that shall be met in the middle of a transfer, on whatever machine: having shown how far it is for
// the first time it does nothing until the file named by MILLRACE_TEST_GO is there.
import { existsSync } from 'node:fs';

const go = process.env.MILLRACE_TEST_GO ?? '';
const cell = new Int32Array(new SharedArrayBuffer(4));
const write = process.stderr.write.bind(process.stderr);
let isHeld = false;

process.stderr.write = ((...args: Parameters<typeof write>): boolean => {
  const wasTaken = write(...args);
  if (!isHeld && /ing \d+%/.test(String(args[0]))) {
    isHeld = true;
    while (!existsSync(go)) Atomics.wait(cell, 0, 0, 20);
  }
  return wasTaken;
}) as typeof process.stderr.write;
