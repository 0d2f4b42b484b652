// CPU cost of packets that carry several chunks of the base size, against packets of one long chunk, which a path that
// becomes narrower could strand: two associations in one process, no checksum, no socket, no DTLS. Interleaved rounds.
// Usage: node --conditions=@millrace/source packages/sctp/bench/chunks-per-packet.ts [rounds] [MiB]
import type { SctpAssociation, SctpOptions, SctpPath, SctpSink } from '@millrace/sctp';
import { testAssociation } from '../src/testing/connected-pair.ts';

const rounds = Number(process.argv[2] ?? 5);
const totalBytes = Number(process.argv[3] ?? 64) * 1024 * 1024;
const MESSAGE_BYTES = 65_536;
const BATCH = 32;
const SLOT = 16_512;

interface Case {
  readonly name: string;
  readonly options: Partial<SctpOptions>;
  readonly path?: SctpPath;
}

const CASES: readonly Case[] = [
  { name: '1160, one chunk', options: {} },
  { name: '1432, one chunk', options: { mtu: 1_432 } },
  { name: '1432, two chunks', options: {}, path: { limit: 1_432 } },
  { name: '8932, one chunk', options: { mtu: 8_932 } },
  { name: '8932, eight chunks', options: {}, path: { limit: 8_932 } },
  { name: '16384, one chunk', options: {}, path: { limit: 16_384, isLocal: true } },
  { name: '16384, fifteen chunks', options: {}, path: { limit: 16_384 } },
];

const slab = new Uint8Array(BATCH * SLOT);
const lengths = new Uint32Array(BATCH);
const message = new Uint8Array(MESSAGE_BYTES).fill(7);
let received = 0;

const sink: SctpSink = {
  onConnected() {},
  onMessage(_stream, _ppid, bytes) {
    received += bytes.length;
  },
  onStreamsReset() {},
  onResetDone() {},
  onResetFailed() {},
  onSent() {},
  onClosed() {},
};

function pump(from: SctpAssociation, to: SctpAssociation, now: number): void {
  let packets = 0;
  for (; packets < BATCH; packets++) {
    const length = from.transmit(slab, packets * SLOT + 21, packets * SLOT + SLOT, now);
    if (length === 0) break;
    lengths[packets] = length;
  }
  for (let i = 0; i < packets; i++) {
    to.receive(slab, i * SLOT + 21, i * SLOT + 21 + lengths[i]!, now);
    to.drain(sink);
  }
  from.drain(sink);
}

/** Mbit/s for each second of CPU time. */
function measure({ options, path }: Case): number {
  const common = { checksum: () => 0, receiveWindow: 16 * 1024 * 1024, ...options };
  const a = testAssociation(1, common);
  const b = testAssociation(2, common);
  if (path !== undefined) a.setPath(path, 0);
  a.connect(0);
  b.connect(0);
  let now = 0;
  const turn = (): void => {
    now += 0.01;
    if (now >= a.deadline()) a.expire(now);
    if (now >= b.deadline()) b.expire(now);
    pump(a, b, now);
    pump(b, a, now);
  };
  for (let i = 0; i < 50; i++) turn();
  const expected = path?.limit ?? a.stats.mtu;
  if (a.stats.mtu !== expected) throw new Error(`packets of ${a.stats.mtu} bytes, not ${expected}`);
  const transfer = (bytes: number): number => {
    received = 0;
    let queued = 0;
    const start = process.cpuUsage();
    while (received < bytes) {
      while (queued < bytes && a.totalBuffered < 1 << 20) {
        a.send(1, 53, message, 0, MESSAGE_BYTES, { ordered: true }, now);
        queued += MESSAGE_BYTES;
      }
      turn();
    }
    const used = process.cpuUsage(start);
    return (used.user + used.system) / 1_000;
  };
  transfer(totalBytes >> 3);
  return (totalBytes * 8) / transfer(totalBytes) / 1_000;
}

const results = CASES.map(() => [] as number[]);
for (let round = 0; round < rounds; round++)
  for (const [i, one] of CASES.entries()) results[i]!.push(measure(one));
const base = median(results[0]!);
for (const [i, one] of CASES.entries()) {
  const all = results[i]!.toSorted((x, y) => x - y);
  const middle = median(all);
  console.log(
    `${one.name.padEnd(24)} ${middle.toFixed(0).padStart(6)} Mbit/s (${all[0]!.toFixed(0)}..${all.at(-1)!.toFixed(0)})  ${(middle / base).toFixed(2)}x`,
  );
}
console.log(
  JSON.stringify({
    bench: 'sctp-chunks-per-packet',
    mbitPerSecond: Object.fromEntries(CASES.map(({ name }, i) => [name, Math.round(median(results[i]!))])),
  }),
);

function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[values.length >> 1]!;
}
