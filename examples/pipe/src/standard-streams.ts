// Standard input and output as the two ends of an exchange. Node keeps their descriptors open as long as the process
// lives; programs at the other ends of the pipes should hear of an end when it comes.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { ExchangeEnds } from './exchange.ts';

const STDIN = 0;
const STDOUT = 1;

export function standardStreams(): ExchangeEnds & { release(): void } {
  const { stdin: input, stdout: output } = process;
  return {
    input,
    output,
    closeInput: () => {
      if (!input.isTTY) hangUp(STDIN);
    },
    closeOutput: () => {
      if (!output.isTTY) hangUp(STDOUT);
    },
    onReaderGone: () => {
      if (input.isTTY) input.push(null); // nobody types for a program that shows nothing any more
    },
    release: () => void input.destroy(), // a terminal that is still read would keep the process
  };
}

/** Closes a standard descriptor, and has the null device in its place: the next file opened must not become it. */
function hangUp(descriptor: number): void {
  try {
    closeSync(descriptor);
    const opened = openSync(devNull, 'r+'); // the lowest that is free
    if (opened !== descriptor) closeSync(opened);
  } catch {
    // It was closed from the beginning.
  }
}
