// What a message costs in CPU time and in memory that the collector has to take back, both sides together: two
// associations in one process, bursts of messages handed over as a driver would, no socket, no DTLS.
// Usage: node --expose-gc --conditions=@millrace/source packages/sctp/bench/garbage.ts [message bytes] [messages] [burst]
import { getHeapStatistics } from 'node:v8';
import { setCopyPart } from '@millrace/sans-io';
import type { SctpAssociation, SctpOptions, SctpSink } from '@millrace/sctp';
import { testAssociation } from '../src/testing/connected-pair.ts';

// What the driver hands in.
setCopyPart((from, to, at, start, end) => void Buffer.prototype.copy.call(from, to, at, start, end));

const messageBytes = Number(process.argv[2] ?? 64);
const count = Number(process.argv[3] ?? 1_000_000);
const burst = Number(process.argv[4] ?? 256);
const ORDERED = { ordered: true };
const SLOT = 1_280;
const BATCH = 32;
const slab = new Uint8Array(BATCH * SLOT);
const lengths = new Uint16Array(BATCH);
let received = 0;
let packets = 0;

const sink: SctpSink = {
  onConnected() {},
  onMessage(_stream, _ppid, message) {
    received += message.length;
  },
  onStreamsReset() {},
  onResetDone() {},
  onResetFailed() {},
  onSent() {},
  onClosed() {},
};

/** One batch there. */
function pump(from: SctpAssociation, to: SctpAssociation, now: number): boolean {
  let filled = 0;
  for (; filled < BATCH; filled++) {
    // 21 bytes of headroom, as a DTLS record needs: nothing is aligned.
    const length = from.transmit(slab, filled * SLOT + 21, filled * SLOT + SLOT, now);
    if (length === 0) break;
    lengths[filled] = length;
  }
  for (let i = 0; i < filled; i++) to.receive(slab, i * SLOT + 21, i * SLOT + 21 + lengths[i]!, now);
  to.drain(sink);
  from.drain(sink);
  packets += filled;
  return filled > 0;
}

function run(a: SctpAssociation, b: SctpAssociation, messages: number, message: Uint8Array): void {
  for (let sent = 0; sent < messages; ) {
    const now = performance.now();
    if (now >= a.deadline()) a.expire(now);
    if (now >= b.deadline()) b.expire(now);
    for (let i = 0; i < burst && sent < messages && a.canSend(messageBytes); i++, sent++)
      a.send(1, 53, message, 0, messageBytes, ORDERED, now);
    for (let turn = 0; turn < 64; turn++) {
      const moved = pump(a, b, now);
      if (!pump(b, a, now) && !moved) break;
    }
  }
}

/** What the heap holds of one array of a message's length; longer ones have their bytes outside of it. */
function ownBytes(): number {
  const arrays = 200_000;
  const kept: Uint8Array[] = new Array<Uint8Array>(1_000);
  const before = getHeapStatistics().total_allocated_bytes;
  for (let i = 0; i < arrays; i++) kept[i % kept.length] = new Uint8Array(messageBytes);
  return (getHeapStatistics().total_allocated_bytes - before) / arrays;
}

function measure(name: string, options: Partial<SctpOptions>): void {
  const a = testAssociation(1, options);
  const b = testAssociation(2, options);
  a.connect(0);
  b.connect(0);
  for (let i = 0; i < 10; i++) {
    pump(a, b, 0);
    pump(b, a, 0);
  }
  const message = new Uint8Array(messageBytes).fill(7);
  run(a, b, 100_000, message); // warm
  received = 0;
  packets = 0;
  globalThis.gc?.();
  const before = getHeapStatistics();
  const start = process.cpuUsage();
  run(a, b, count, message);
  const { user, system } = process.cpuUsage(start);
  const after = getHeapStatistics();
  const each = (bytes: number): number => Math.round((bytes / count) * 10) / 10;
  const own = ownBytes();
  console.log(
    JSON.stringify({
      bench: 'sctp-garbage',
      options: name,
      messageBytes,
      burst,
      nanosecondsPerMessage: Math.round(((user + system) * 1_000) / count),
      messagesPerPacket: Math.round((count / packets) * 10) / 10,
      heapBytesPerMessage: each(after.total_allocated_bytes - before.total_allocated_bytes),
      ofThemItsOwnArray: each(own * count),
      delivered: received / messageBytes === count,
    }),
  );
}

for (let round = 0; round < 2; round++) {
  measure('default', {});
  measure('no interleaving', { interleaving: false });
  measure('no checksum', { zeroChecksum: true });
}
