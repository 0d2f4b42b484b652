// CPU cost of SCTP alone, per second of CPU time so that a busy machine does not matter: two associations in one process, packets handed over in batches, no socket, no DTLS.
// Usage: node --conditions=@millrace/source packages/sctp/bench/transfer.ts [message bytes] [MiB] [packets per batch] [congestion control]
import type { CongestionControlName, SctpAssociation, SctpSink } from '@millrace/sctp';
import { testAssociation } from '../src/testing/connected-pair.ts';

const messageBytes = Number(process.argv[2] ?? 65_536);
const totalBytes = Number(process.argv[3] ?? 512) * 1024 * 1024;
const batch = Number(process.argv[4] ?? 32);
const SLOT = 1_280;
const slab = new Uint8Array(batch * SLOT);
const congestionControl = process.argv[5] as CongestionControlName | undefined;
const a = testAssociation(1, congestionControl === undefined ? {} : { congestionControl });
const b = testAssociation(2);
let received = 0;

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

function pump(from: SctpAssociation, to: SctpAssociation, now: number): number {
  let packets = 0;
  const lengths: number[] = [];
  for (; packets < batch; packets++) {
    // 21 bytes of headroom, as a DTLS record needs: nothing is aligned.
    const length = from.transmit(slab, packets * SLOT + 21, packets * SLOT + SLOT, now);
    if (length === 0) break;
    lengths.push(length);
  }
  for (let i = 0; i < packets; i++) {
    to.receive(slab, i * SLOT + 21, i * SLOT + 21 + lengths[i]!, now);
    to.drain(sink);
  }
  from.drain(sink);
  return packets;
}

a.connect(0);
b.connect(0);
for (let i = 0; i < 10; i++) {
  pump(a, b, 0);
  pump(b, a, 0);
}
const message = new Uint8Array(messageBytes).fill(7);
let best = 0;
for (let round = 0; round < 5; round++) {
  received = 0;
  let queued = 0;
  const start = process.cpuUsage();
  while (received < totalBytes) {
    const now = performance.now();
    while (queued < totalBytes && a.canSend(messageBytes) && a.totalBuffered < 1 << 20) {
      a.send(1, 53, message, 0, messageBytes, { ordered: true }, now);
      queued += messageBytes;
    }
    if (now >= a.deadline()) a.expire(now);
    if (now >= b.deadline()) b.expire(now);
    pump(a, b, now);
    pump(b, a, now);
  }
  const used = process.cpuUsage(start);
  const elapsed = (used.user + used.system) / 1_000;
  best = Math.max(best, (received * 8) / elapsed / 1_000);
  const { packetsSent, congestionWindow, timeouts } = a.stats;
  console.log(
    `${((received * 8) / elapsed / 1_000).toFixed(0)} Mbit/s, ${(received / messageBytes / (elapsed / 1_000)).toFixed(0)} messages/s, packets ${packetsSent}/${b.stats.packetsSent}, cwnd ${congestionWindow}, timeouts ${timeouts}`,
  );
}
console.log(JSON.stringify({ bench: 'sctp-transfer', messageBytes, batch, mbitPerSecond: Math.round(best) }));
