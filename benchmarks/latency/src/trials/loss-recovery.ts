// How much later a message arrives because its packet was lost: in the midst of a steady stream, where packets behind
// it tell of the loss, and at the end of a burst, where nothing does. Virtual time, many seeds: the spread comes from
// jitter on the path. Without the loss the delay would be none.
import type { OperationSettings, Trial } from '@millrace/bench-harness';
import type { SctpSink } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';

const MESSAGE_BYTES = 1_000;
const PPID_BINARY = 53;
/** Unordered, so that a message is late only for its own packet's sake. */
const UNORDERED = { ordered: false } as const;
const WARM_UP = 50;
const STREAM = 60;
/** Which message of the stream is lost; the rest comes behind it. */
const VICTIM = 20;
const SPACING_MILLIS = 2;
const JITTER_MILLIS = 1;
const PATIENCE_MILLIS = 60_000;
const CHUNK_DATA_AT = 12;
/** Where the payload of the first chunk of a packet begins: DATA has 16 bytes of header, I-DATA 20. */
const PAYLOAD_AT: Readonly<Record<number, number>> = { 0: 28, 64: 32 };

export const trial: Trial = {
  millrace({ roundTripTime, tail, seeds }: OperationSettings) {
    const late: number[] = [];
    let timeouts = 0;
    for (let seed = 1; seed <= (seeds as number); seed++) {
      const one = recover(roundTripTime as number, tail === 1, seed);
      late.push(one.late);
      timeouts += one.timeouts;
    }
    return { lateMs: late, timeouts: timeouts / (seeds as number) };
  },
};

function recover(roundTripTime: number, isTail: boolean, seed: number): { late: number; timeouts: number } {
  const arrivals = new Map<number, number>();
  let clock = (): number => 0;
  const sink: SctpSink = {
    onConnected() {},
    onMessage(_stream, _ppid, message) {
      arrivals.set(message[0]!, clock());
    },
    onStreamsReset() {},
    onResetDone() {},
    onResetFailed() {},
    onSent() {},
    onClosed({ code }) {
      throw new Error(`seed ${seed}: the association has ended: ${code}`);
    },
  };
  const pair = connectedPair({
    seed,
    sink: () => sink,
    wire: { delay: roundTripTime / 2, jitter: JITTER_MILLIS, jitterKeepsOrder: true },
  });
  clock = (): number => pair.now;
  const send = (id: number): void => {
    pair.a.send(
      1,
      PPID_BINARY,
      new Uint8Array(MESSAGE_BYTES).fill(id),
      0,
      MESSAGE_BYTES,
      UNORDERED,
      pair.now,
    );
    pair.run(SPACING_MILLIS);
  };
  // The round trip is known and the window open before anything is lost.
  for (let i = 0; i < WARM_UP; i++) send(255);
  pair.run(2 * roundTripTime + 500);

  const victim = isTail ? STREAM - 1 : VICTIM;
  let lostAt = Number.NaN;
  pair.pair.ab.lose = (bytes, now): boolean => {
    const payloadAt = PAYLOAD_AT[bytes[CHUNK_DATA_AT]!];
    if (!Number.isNaN(lostAt) || payloadAt === undefined || bytes[payloadAt] !== victim) return false;
    lostAt = now;
    return true;
  };
  const before = pair.a.stats.timeouts;
  for (let id = 0; id < STREAM; id++) send(id);
  if (!pair.run(PATIENCE_MILLIS, () => arrivals.has(victim))) throw new Error(`seed ${seed}: it never came`);
  const due = lostAt + roundTripTime / 2;
  return { late: arrivals.get(victim)! - due, timeouts: pair.a.stats.timeouts - before };
}
