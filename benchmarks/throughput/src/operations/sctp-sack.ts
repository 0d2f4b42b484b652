// Acknowledgements taken in by the sender. Without gaps: one operation sends a packet and takes the SACK that
// acknowledges it. With gaps: one operation takes a SACK with so many gap blocks over 256 packets in flight, of
// which only the window has changed since the one before. Checksums are switched off, as in sctp-receive.ts.

import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { putU16, putU32, u16, u32 } from '@millrace/sans-io';
import type { SctpAssociation, SctpSink } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';
import { randomArrays } from './inputs.ts';

const PPID_BINARY = 53;
const UNORDERED = { ordered: false } as const;
const MESSAGE_BYTES = 1_100;
const IN_FLIGHT = 256;
/** What is in flight may leave in one burst. */
const ALL_AT_ONCE = { initialWindowPackets: 2 * IN_FLIGHT, maxBurst: 2 * IN_FLIGHT } as const;
const COMMON_HEADER_BYTES = 12;
const SACK_HEADER_BYTES = 16;
const CHUNK_SACK = 3;
const CHUNK_FORWARD_TSN = 192;
const WINDOW = 5 * 1024 * 1024;

const SINK: SctpSink = {
  onConnected() {},
  onMessage() {},
  onStreamsReset() {},
  onResetDone() {},
  onResetFailed() {},
  onSent() {},
  onClosed: ({ code }) => {
    throw new Error(`the association has ended: ${code}`);
  },
};

export const operation: Operation = {
  subjects: {
    millrace({ gaps }: OperationSettings): Prepared {
      const both = { checksum: (): number => 0, interleaving: false, ...ALL_AT_ONCE };
      const { a, b, now } = connectedPair({ both, sink: () => SINK });
      return gaps === 0 ? inOrder(a, b, now) : withGaps(a, b, now, gaps as number);
    },
  },
};

function inOrder(a: SctpAssociation, b: SctpAssociation, now: number): Prepared {
  const messages = randomArrays(8, MESSAGE_BYTES);
  const out = new Uint8Array(2_048);
  const sack = sackTo(a, b, now, 0);
  const sackWithGap = sackTo(a, b, now, 1);
  let cumulative = -1;
  let highest = 0;
  return {
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) {
        const message = messages[i & 7]!;
        a.send(1, PPID_BINARY, message, 0, MESSAGE_BYTES, UNORDERED, now);
        sum += a.transmit(out, 0, out.length, now);
        let at = COMMON_HEADER_BYTES;
        // The sender leaves out a TSN now and then, to see who acknowledges it: it is reported missing, and skipped.
        if (out[at] === CHUNK_FORWARD_TSN) {
          cumulative = Math.max(highest, u32(out, at + 4));
          at += u16(out, at + 2);
        }
        const tsn = u32(out, at + 4);
        if (cumulative < 0) cumulative = tsn - 1;
        highest = Math.max(highest, tsn);
        if (tsn === cumulative + 1) cumulative = highest;
        if (highest === cumulative) {
          putU32(sack, COMMON_HEADER_BYTES + 4, cumulative);
          a.receive(sack, 0, sack.length, now);
        } else {
          putU32(sackWithGap, COMMON_HEADER_BYTES + 4, cumulative);
          putU16(sackWithGap, COMMON_HEADER_BYTES + SACK_HEADER_BYTES, 2);
          putU16(sackWithGap, COMMON_HEADER_BYTES + SACK_HEADER_BYTES + 2, highest - cumulative);
          a.receive(sackWithGap, 0, sackWithGap.length, now);
        }
        a.drain(SINK);
      }
      return sum;
    },
    counters: () => counters(a),
  };
}

function withGaps(a: SctpAssociation, b: SctpAssociation, now: number, gaps: number): Prepared {
  const sack = sackTo(a, b, now, gaps);
  const message = randomArrays(1, MESSAGE_BYTES)[0]!;
  const out = new Uint8Array(2_048);
  for (let i = 0; i < IN_FLIGHT; i++) {
    a.send(1, PPID_BINARY, message, 0, MESSAGE_BYTES, UNORDERED, now);
    if (a.transmit(out, 0, out.length, now) === 0) throw new Error(`only ${i} packets could leave`);
    if (i === 0) putU32(sack, COMMON_HEADER_BYTES + 4, u32(out, COMMON_HEADER_BYTES + 4));
  }
  for (let i = 0; i < gaps; i++) {
    putU16(sack, COMMON_HEADER_BYTES + SACK_HEADER_BYTES + i * 4, 2 + i * 3);
    putU16(sack, COMMON_HEADER_BYTES + SACK_HEADER_BYTES + i * 4 + 2, 3 + i * 3);
  }
  return {
    run(times) {
      for (let i = 0; i < times; i++) {
        putU32(sack, COMMON_HEADER_BYTES + 8, WINDOW - (i & 0xff));
        a.receive(sack, 0, sack.length, now);
        a.drain(SINK);
      }
      return a.totalBuffered;
    },
    counters: () => counters(a),
  };
}

function counters(a: SctpAssociation): Record<string, number> {
  const { drops, bytesInFlight } = a.stats;
  return {
    dropped: Object.values(drops).reduce((total: number, count) => total + (count ?? 0), 0),
    'in flight': bytesInFlight,
  };
}

/** A packet with a SACK from `b` to `a` that has room for `gaps` blocks and everything filled in but the TSNs. */
function sackTo(a: SctpAssociation, b: SctpAssociation, now: number, gaps: number): Uint8Array {
  const out = new Uint8Array(2_048);
  // A first message, so that `b` has something to answer with and its verification tag can be copied.
  for (let i = 0; i < 2; i++) {
    a.send(1, PPID_BINARY, new Uint8Array([i + 1]), 0, 1, UNORDERED, now);
    b.receive(out, 0, a.transmit(out, 0, out.length, now), now);
    b.drain(SINK);
  }
  const answer = b.transmit(out, 0, out.length, now);
  if (out[COMMON_HEADER_BYTES] !== CHUNK_SACK) throw new Error('no SACK came');
  a.receive(out.slice(), 0, answer, now);
  a.drain(SINK);
  const length = SACK_HEADER_BYTES + gaps * 4;
  const packet = new Uint8Array(COMMON_HEADER_BYTES + length);
  packet.set(out.subarray(0, COMMON_HEADER_BYTES));
  packet[COMMON_HEADER_BYTES] = CHUNK_SACK;
  putU16(packet, COMMON_HEADER_BYTES + 2, length);
  putU32(packet, COMMON_HEADER_BYTES + 8, WINDOW);
  putU16(packet, COMMON_HEADER_BYTES + 12, gaps);
  return packet;
}
