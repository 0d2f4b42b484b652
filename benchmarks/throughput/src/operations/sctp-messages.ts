// A message from one association to another and everything that this takes: queueing, bundling, packets, checksums,
// acknowledgements, delivery. Messages are queued 32 at a time, as many as fit in the send queue of an application that
// writes in bursts, and what they need on the wire is counted.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { randomArrays } from './inputs.ts';
import { SctpLink } from './sctp-link.ts';

const BURST = 32;
const PPID_BINARY = 53;
const RELIABLE = { ordered: true } as const;
/** Messages for the counters: the same work again, counted, and not timed. */
const COUNTED = 512;

export const operation: Operation = {
  subjects: {
    millrace({ bytes, streams, loseEvery, zeroChecksum }: OperationSettings): Prepared {
      const link = new SctpLink({ zeroChecksum: zeroChecksum === 1 });
      link.loseEvery = (loseEvery as number | undefined) ?? 0;
      const messages = randomArrays(BURST, bytes as number);
      const send = (count: number): void => {
        for (let i = 0; i < count; i++) {
          const message = messages[i]!;
          const stream = i % (streams as number);
          link.a.send(stream, PPID_BINARY, message, 0, message.length, RELIABLE, link.now);
        }
        link.deliver(count);
      };
      const run = (times: number): number => {
        for (let left = times; left > 0; left -= BURST) send(Math.min(left, BURST));
        return link.sum;
      };
      return {
        run,
        counters() {
          link.countsChunks = true;
          const before = { a: link.a.stats, b: link.b.stats, chunks: link.dataChunks };
          run(COUNTED);
          const [a, b] = [link.a.stats, link.b.stats];
          const packets = a.packetsSent - before.a.packetsSent;
          return {
            packets: packets / COUNTED,
            'wire bytes': (a.bytesSent - before.a.bytesSent) / COUNTED,
            'chunks per packet': (link.dataChunks - before.chunks) / packets,
            'packets back': (b.packetsSent - before.b.packetsSent) / COUNTED,
          };
        },
      };
    },
  },
};
