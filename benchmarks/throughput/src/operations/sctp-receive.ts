// One packet of DATA taken in: parsed, its TSNs tracked, its messages delivered, and every eighth time a SACK
// written. The packet is a captured one whose TSNs are counted up; its checksum is switched off, since computing one
// to have it checked would cost as much as the rest (it has a benchmark of its own).

import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { putU32, u16, u32 } from '@millrace/sans-io';
import type { SctpSink } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';
import { randomArrays } from './inputs.ts';

const PPID_BINARY = 53;
const UNORDERED = { ordered: false } as const;
const COMMON_HEADER_BYTES = 12;
const CHUNK_DATA = 0;
const SACK_EVERY = 8;

export const operation: Operation = {
  subjects: {
    millrace({ bytes, chunks }: OperationSettings): Prepared {
      let sum = 0;
      const sink: SctpSink = {
        onConnected() {},
        onMessage(_stream, _ppid, message) {
          sum += message[0]! + message.length;
        },
        onStreamsReset() {},
        onResetDone() {},
        onResetFailed() {},
        onSent() {},
        onClosed: ({ code }) => {
          throw new Error(`the association has ended: ${code}`);
        },
      };
      const both = { checksum: (): number => 0, interleaving: false };
      const { a, b, now } = connectedPair({ both, sink: () => sink });
      for (const message of randomArrays(chunks as number, bytes as number))
        a.send(1, PPID_BINARY, message, 0, message.length, UNORDERED, now);
      const packet = new Uint8Array(2_048);
      const length = a.transmit(packet, 0, packet.length, now);
      const tsns = tsnFields(packet, length);
      if (tsns.length !== chunks) throw new Error(`a packet of ${tsns.length} chunks, not ${chunks}`);
      let tsn = u32(packet, tsns[0]!);
      const out = new Uint8Array(2_048);
      let received = 0;
      return {
        run(times) {
          for (let i = 0; i < times; i++) {
            for (let j = 0; j < tsns.length; j++) putU32(packet, tsns[j]!, tsn++);
            b.receive(packet, 0, length, now);
            b.drain(sink);
            if (++received % SACK_EVERY === 0) sum += b.transmit(out, 0, out.length, now);
          }
          return sum;
        },
        // All of it must have been taken: a packet that is dropped would be parsed very fast.
        counters: () => ({
          dropped: Object.values(b.stats.drops).reduce((total: number, count) => total + (count ?? 0), 0),
        }),
      };
    },
  },
};

/** Where the TSNs of the DATA chunks lie. */
function tsnFields(packet: Uint8Array, length: number): number[] {
  const fields: number[] = [];
  for (let at = COMMON_HEADER_BYTES; at + 4 <= length; at += (u16(packet, at + 2) + 3) & ~3)
    if (packet[at] === CHUNK_DATA) fields.push(at + 4);
  return fields;
}
