// What V8's young collections find alive while pairs of connections of one process open and close, one after the other: of
// closed ones it should be nothing. What stays is copied, twice, and waits for a full collection.
//   node --conditions=@millrace/source packages/millrace/bench/collections.ts [PAIRS] [--assigned] [--portable]
//   --assigned: handlers are function literals assigned to properties, which V8 makes old at once, and with them all they reach
import { once } from 'node:events';
import { GCProfiler } from 'node:v8';
import { type RTCDataChannelEvent, RTCPeerConnection } from '../src/index.ts';

type Candidate = { readonly candidate: Parameters<RTCPeerConnection['addIceCandidate']>[0] };

const { argv } = process;
const pairs = Number(argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? 500);
const isAssigned = argv.includes('--assigned');
const millrace = { native: !argv.includes('--portable') };
const WARM_UP = 300;

for (let i = 0; i < WARM_UP; i++) await openPair();
const profiler = new GCProfiler();
profiler.start();
const cpu = process.cpuUsage();
const times: number[] = [];
for (let i = 0; i < pairs; i++) {
  const from = performance.now();
  await openPair();
  times.push(performance.now() - from);
}
const { user, system } = process.cpuUsage(cpu);
const scavenges = profiler.stop()!.statistics.filter(({ gcType }) => gcType === 'Scavenge');
times.sort((a, b) => a - b);

const sum = (of: (each: (typeof scavenges)[number]) => number): number =>
  scavenges.reduce((total, each) => total + of(each), 0);
const used = (heap: (typeof scavenges)[number]['beforeGC']): number => heap.heapStatistics.usedHeapSize;
const old = (heap: (typeof scavenges)[number]['beforeGC']): number =>
  heap.heapSpaceStatistics.find(({ spaceName }) => spaceName === 'old_space')!.spaceUsedSize;
const kept = sum(({ beforeGC, afterGC }) => old(afterGC) - old(beforeGC));
const freed = sum(({ beforeGC, afterGC }) => used(beforeGC) - used(afterGC));
const quantile = (q: number): string => times[Math.min(pairs - 1, Math.floor(q * pairs))]!.toFixed(1);
console.log(
  `${pairs} pairs: p50 ${quantile(0.5)}, p99 ${quantile(0.99)} ms, CPU ${((user + system) / 1000 / pairs).toFixed(1)} ms`,
);
console.log(
  `${scavenges.length} young collections of ${(sum(({ cost }) => cost) / 1000 / scavenges.length).toFixed(1)} ms, ` +
    `${(kept / pairs / 1024).toFixed(0)} KiB a pair made old, ${(freed / pairs / 1024).toFixed(0)} freed`,
);

async function openPair(): Promise<void> {
  const a = new RTCPeerConnection({ millrace });
  const b = new RTCPeerConnection({ millrace });
  const toB = ({ candidate }: Candidate): void => void b.addIceCandidate(candidate).catch(() => {});
  const toA = ({ candidate }: Candidate): void => void a.addIceCandidate(candidate).catch(() => {});
  if (isAssigned) {
    a.onicecandidate = (event) => toB(event);
    b.onicecandidate = (event) => toA(event);
  } else {
    a.onicecandidate = toB;
    b.onicecandidate = toA;
  }
  const channel = a.createDataChannel('pair');
  const opened = once(channel, 'open');
  const announced = once(b, 'datachannel') as Promise<[RTCDataChannelEvent]>;
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription!);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription!);
  await Promise.all([opened, announced]);
  a.close();
  b.close();
}
