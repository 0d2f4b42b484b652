// Bytes that an association takes: fresh, connected and idle, and idle again after a transfer. Pairs in one process,
// heap and array buffers after garbage collection.
// Usage: node --expose-gc --conditions=@millrace/source packages/sctp/bench/idle-memory.ts [pairs]
import { type ConnectedPair, connectedPair } from '@millrace/sctp/testing';
import { testAssociation } from '../src/testing/connected-pair.ts';

const pairs = Number(process.argv[2] ?? 500);
const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('run with --expose-gc');

function used(): number {
  collect!();
  collect!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function measure<T>(count: number, make: (i: number) => T): { each: number; kept: T[] } {
  for (let i = 0; i < 50; i++) make(i); // code and shared pools
  const before = used();
  const kept = Array.from({ length: count }, (_, i) => make(i));
  return { each: (used() - before) / count, kept };
}

const fresh = measure(pairs * 2, (i) => testAssociation(i));
/** What the test's own wires and recorders take is measured without associations. */
const idle = measure(pairs, (i) => bare(connectedPair({ seed: i + 1 })));
const afterTransfer = measure(pairs, (i) => {
  const p = connectedPair({ seed: i + 1, wire: { delay: 5 } });
  const message = new Uint8Array(200_000);
  for (let k = 0; k < 5; k++) p.a.send(k, 53, message, 0, message.length, { ordered: true }, p.now);
  if (!p.run(10_000, () => p.atB.messages.length === 5)) throw new Error('not delivered');
  p.run(60_000);
  return bare(p);
});
const result = {
  fresh: Math.round(fresh.each),
  idle: Math.round(idle.each / 2),
  afterTransfer: Math.round(afterTransfer.each / 2),
};
console.log(
  JSON.stringify({ bench: 'sctp-idle-memory', bytesPerAssociation: result, kept: fresh.kept.length }),
);

/** The associations alone. */
function bare({ a, b }: ConnectedPair): readonly unknown[] {
  return [a, b];
}
