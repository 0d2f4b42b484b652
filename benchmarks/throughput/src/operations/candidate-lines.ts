// Candidate lines, read and written.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { formatCandidate, parseCandidate } from '@millrace/ice';
import { candidateLines } from './candidates.ts';

const LINES = 64;

interface WeriftCandidate {
  readonly host: string;
  readonly port: number;
  toSdp(): string;
}

export const operation: Operation = {
  subjects: {
    millrace({ verb }: OperationSettings): Prepared {
      const lines = candidateLines(LINES);
      if (verb === 'parse')
        return reading(lines, (line) => {
          const { port, address } = parseCandidate(line)!;
          return port + address.length;
        });
      return writing(
        lines.map((line) => parseCandidate(line)!),
        formatCandidate,
      );
    },
    async werift({ verb }: OperationSettings): Promise<Prepared> {
      const { Candidate } = (await import('werift')) as unknown as {
        Candidate: { fromSdp(line: string): WeriftCandidate };
      };
      // Its parser takes what follows "candidate:".
      const lines = candidateLines(LINES).map((line) => line.slice('candidate:'.length));
      if (verb === 'parse')
        return reading(lines, (line) => {
          const { port, host } = Candidate.fromSdp(line);
          return port + host.length;
        });
      return writing(
        lines.map((line) => Candidate.fromSdp(line)),
        (candidate) => candidate.toSdp(),
      );
    },
  },
};

function reading(lines: readonly string[], read: (line: string) => number): Prepared {
  let next = 0;
  return {
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += read(lines[next++ % LINES]!);
      return sum;
    },
  };
}

function writing<Candidate>(
  candidates: readonly Candidate[],
  write: (candidate: Candidate) => string,
): Prepared {
  let next = 0;
  return {
    run(times) {
      let sum = 0;
      // A character from the end makes V8 flatten the string: one that is only put together would cost less.
      for (let i = 0; i < times; i++) {
        const line = write(candidates[next++ % LINES]!);
        sum += line.charCodeAt(line.length - 1);
      }
      return sum;
    },
  };
}
