// What it saves that messages of one turn share packets: packets and bytes of overhead per message, for bursts of
// messages of a size, against the same messages with a packet each. Counted on a virtual wire, so the table is the same
// on every machine; overhead is all that is not payload, in both directions, IP to chunk padding, SACKs included.
// Usage: node --conditions=@millrace/source benchmarks/throughput/src/batching.ts
import { SeededRandom } from '@millrace/sans-io/testing';
import { connectedPair } from '@millrace/sctp/testing';

const BURST = 64;
const BURSTS = 50;
/** IPv4 and UDP, a DTLS 1.2 record with AES-GCM, and the common header of SCTP. */
const PACKET_OVERHEAD = 28 + 37 + 12;
const WIDE = { initialWindowPackets: 50_000, maxBurst: 50_000, roundTripTime: 20 };
const SIZES = [16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096];

interface Cost {
  readonly packets: number;
  readonly overhead: number;
}

function cost(sizes: readonly number[], isBatched: boolean, interleaving: boolean): Cost {
  const p = connectedPair({ wire: { delay: 10 }, both: { ...WIDE, interleaving } });
  p.run(1_000);
  p.forget();
  const message = new Uint8Array(Math.max(...sizes));
  const each = sizes.length / BURSTS;
  for (let sent = 0; sent < sizes.length; ) {
    for (let i = 0; i < each; i++, sent++) {
      p.a.send(1, 53, message, 0, sizes[sent]!, { ordered: true }, p.now);
      if (!isBatched) p.run(0);
    }
    p.run(500);
  }
  if (p.atB.messages.length !== sizes.length) throw new Error('not all has come');
  const packets = new Set<number>();
  const ours = new Set<number>();
  let bytes = 0;
  for (const chunk of p.chunks) {
    packets.add(chunk.packet);
    if (chunk.from === 'a') ours.add(chunk.packet);
    bytes += (chunk.bytes.length + 3) & ~3;
  }
  const payload = sizes.reduce((sum, size) => sum + size, 0);
  return {
    packets: ours.size / sizes.length,
    overhead: (packets.size * PACKET_OVERHEAD + bytes - payload) / sizes.length,
  };
}

/** Sizes of 16 bytes to 4 KiB, each doubling as likely as the next. */
function mixed(): number[] {
  const random = new SeededRandom(1);
  return Array.from({ length: BURST * BURSTS }, () => Math.round(16 * 256 ** random.unit()));
}

function row(name: string, sizes: readonly number[], interleaving: boolean): void {
  const alone = cost(sizes, false, interleaving);
  const batched = cost(sizes, true, interleaving);
  const cells = [
    name,
    alone.packets.toFixed(2),
    batched.packets.toFixed(2),
    `${(alone.packets / batched.packets).toFixed(1)}x`,
    alone.overhead.toFixed(0),
    batched.overhead.toFixed(0),
    `${Math.round((1 - batched.overhead / alone.overhead) * 100)} %`,
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

for (const interleaving of [true, false]) {
  console.log(`\n${interleaving ? 'I-DATA' : 'DATA'}, bursts of ${BURST}:\n`);
  console.log('| bytes | packets alone | in bursts | fewer | overhead alone | in bursts | less |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const size of SIZES) row(`${size}`, new Array<number>(BURST * BURSTS).fill(size), interleaving);
  row('16 to 4096, mixed', mixed(), interleaving);
}
