// `node --expose-gc --conditions=@millrace/source allocation.ts [--packets N] [--where]`: what V8's heap gives out for each
// packet of 1200 bytes, on each back end, sent and received: by the protocols alone (DTLS, SCTP, data channels, without
// sockets) and by two whole connections on loopback. With --where also which functions ask for it.
//
// Messages of 64 KiB show what a packet costs, since they are few; messages that fill a packet show what a message costs.
// The bytes of messages lie outside of V8's heap; the objects that own them are told apart as `message`.
import { Session } from 'node:inspector/promises';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { SctpAssociation } from '@millrace/sctp';
import { openConnections } from './connections.ts';
import { type Course, SCTP_PACKET_BYTES } from './course.ts';
import { openProtocols } from './protocols.ts';

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
    where: { type: 'boolean', default: false },
  },
});
const PACKETS = Number(values.packets);
const FULL_PACKET = SCTP_PACKET_BYTES - 32;

// No path is asked for longer packets, though loopback would carry them.
const { setPath } = SctpAssociation.prototype;
SctpAssociation.prototype.setPath = function (path, now) {
  setPath.call(this, { ...path, limit: SCTP_PACKET_BYTES }, now);
};

const courses: Record<string, () => Promise<Course>> = {
  'protocols, native': () => openProtocols(true),
  'protocols, portable': () => openProtocols(false),
  'connections, native': () => openConnections(true),
  'connections, portable': () => openConnections(false),
};

const perMessage = bytesPerMessage();
console.log(`a Uint8Array of ${FULL_PACKET} bytes: ${perMessage.toFixed(0)} B of V8's heap\n`);
for (const [name, open] of Object.entries(courses)) {
  if (!name.includes(values.only)) continue;
  for (const bytes of [65_536, FULL_PACKET]) {
    const course = await open();
    await course.run(bytes, Math.max(PACKETS / 10, 20_000)); // until all has been compiled
    const before = allocated();
    const start = performance.now();
    const { packets, messages } = await course.run(bytes, PACKETS);
    const seconds = (performance.now() - start) / 1000;
    const total = allocated() - before;
    console.log(
      `${name.padEnd(22)} messages of ${String(bytes).padStart(5)} B: ${(total / packets).toFixed(2).padStart(8)} B a packet,` +
        ` ${((total - perMessage * messages) / packets).toFixed(2).padStart(8)} B beyond the messages` +
        ` (${packets} packets, ${messages} messages, ${seconds.toFixed(1)} s)`,
    );
    if (values.where) await where(() => course.run(bytes, PACKETS / 10));
    course.close();
  }
  const course = await open();
  if (course.echo) await measureEcho(name, (bytes, trips) => course.echo!(bytes, trips));
  course.close();
}
process.exit();

/** Of messages that go there and back one by one, where all that a batch costs is paid for two packets. */
async function measureEcho(
  name: string,
  echo: (bytes: number, trips: number) => Promise<void>,
): Promise<void> {
  const trips = Math.max(PACKETS / 20, 10_000);
  await echo(1024, trips);
  const before = allocated();
  await echo(1024, trips);
  const total = allocated() - before;
  console.log(`${name.padEnd(22)} 1 KiB there and back: ${(total / trips).toFixed(0)} B`);
  if (values.where) await where(() => echo(1024, trips).then(() => ({ packets: trips })));
}

function allocated(): number {
  globalThis.gc!();
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}

function bytesPerMessage(): number {
  const keep: Uint8Array[] = [];
  for (let i = 0; i < 100_000; i++) keep[i % 100] = new Uint8Array(FULL_PACKET);
  const before = allocated();
  for (let i = 0; i < 500_000; i++) keep[i % 100] = new Uint8Array(FULL_PACKET);
  return (allocated() - before) / 500_000;
}

interface Node {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly Node[];
}

/** The functions that allocate most, with their callers. */
async function where(run: () => Promise<{ packets: number }>): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 512,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as object);
  const { packets } = await run();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  const sums = new Map<string, number>();
  const visit = (node: Node, callers: readonly string[]): void => {
    const { functionName, url, lineNumber } = node.callFrame;
    const name = `${functionName || '(anonymous)'} ${url.split('/').at(-1)}:${lineNumber + 1}`;
    const path = [name, ...callers];
    if (node.selfSize > 0) {
      const key = path.slice(0, 3).join(' < ');
      sums.set(key, (sums.get(key) ?? 0) + node.selfSize);
    }
    for (const child of node.children) visit(child, path);
  };
  visit(profile.head as Node, []);
  const sorted = [...sums].sort((a, b) => b[1] - a[1]).slice(0, 25);
  for (const [name, bytes] of sorted)
    console.log(`    ${(bytes / packets).toFixed(2).padStart(8)} B  ${name}`);
}
