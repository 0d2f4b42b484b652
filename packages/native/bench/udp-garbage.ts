// `node --conditions=@millrace/source udp-garbage.ts`: collections of V8's young generation while a million datagrams
// are sent and received within one process, in runs of 50 with offload, and one by one.
import { PerformanceObserver } from 'node:perf_hooks';
import { loadNative } from '../src/index.ts';

const BYTES = 1200;
const TOTAL = 1_000_000;
const native = loadNative();
if (!native?.udp) throw new Error('no native sockets here');

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

for (const run of [50, 1]) {
  await exchange(run, TOTAL / 20); // warm-up
  await new Promise((resolve) => setTimeout(resolve, 50));
  collections = 0;
  await exchange(run, TOTAL);
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(`${collections} collections in ${TOTAL} datagrams, in runs of ${run}`);
}
process.exit();

/** The next run is sent when the last has come, so nothing is lost. */
function exchange(run: number, total: number): Promise<void> {
  const bytes = native!.slab(run * BYTES);
  let [received, inRun] = [0, 0];
  return new Promise((resolve) => {
    const receiver = native!.udp!.open('127.0.0.1', 0, {
      onDatagram() {
        received++;
        inRun++;
      },
      onBatchEnd() {
        if (received >= total) {
          receiver.close();
          sender.close();
          resolve();
        } else if (inRun >= run) {
          inRun = 0;
          sender.send(bytes, 0, bytes.length, BYTES, receiver.local);
        }
      },
    });
    const sender = native!.udp!.open('127.0.0.1', 0, { onDatagram() {} });
    sender.send(bytes, 0, bytes.length, BYTES, receiver.local);
  });
}
