// What is left to the garbage collector by a million packets of 1200 B, protected and unprotected. Buffers outside of V8's
// heap are counted where the ciphers make them (portable AES takes its key stream from node:crypto, a Buffer for several packets).
// Usage: node --expose-gc --conditions=@millrace/source packages/srtp/bench/garbage.ts [packets]
import { slab, srtpCryptos } from '@millrace/crypto';
import { loadNative } from '@millrace/native';
import { PROFILES, type SrtpCryptos, type SrtpProfile, SrtpReceiver, SrtpSender } from '@millrace/srtp';
import { rtp } from '../test/fixtures/packets.ts';

const PACKETS = Number(process.argv[2] ?? 1_000_000);
const LENGTH = 1_200;
const WARM_UP = 50_000;
/** Packets between two looks at the heap; what a collection in between takes away is not seen, so these are left out. */
const STRETCH = 5_000;
const native = loadNative();

for (const profile of Object.keys(PROFILES) as SrtpProfile[]) {
  if (native?.srtp) measure('native', profile, native.srtp, native.slab(4_096));
  measure('portable', profile, srtpCryptos, slab(4_096));
}

function measure(name: string, profile: SrtpProfile, cryptos: SrtpCryptos, memory: Uint8Array): void {
  const { keyBytes, saltBytes } = PROFILES[profile];
  const keys = { masterKey: new Uint8Array(keyBytes).fill(1), masterSalt: new Uint8Array(saltBytes).fill(2) };
  const sender = new SrtpSender({ profile, ...keys, cryptos });
  const receiver = new SrtpReceiver({ profile, ...keys, cryptos });
  memory.set(rtp(0, LENGTH - 12));
  let sequence = 0;
  let opened = 0;
  const run = (count: number): void => {
    for (let i = 0; i < count; i++) {
      memory[2] = sequence >>> 8;
      memory[3] = sequence;
      sequence = (sequence + 1) & 0xffff;
      if (receiver.unprotectRtp(memory, 0, sender.protectRtp(memory, 0, LENGTH)) === LENGTH) opened++;
    }
  };
  run(WARM_UP);
  globalThis.gc?.();
  let bytes = 0;
  let counted = 0;
  for (let done = 0; done < PACKETS; done += STRETCH) {
    const before = process.memoryUsage().heapUsed;
    run(STRETCH);
    const grown = process.memoryUsage().heapUsed - before;
    if (grown < 0) continue;
    bytes += grown;
    counted += STRETCH;
  }
  // Looking at the heap makes garbage, too.
  let looks = 0;
  for (let i = 0; i < 100; i++) {
    const before = process.memoryUsage().heapUsed;
    looks += Math.max(0, process.memoryUsage().heapUsed - before);
  }
  const perPacket = (bytes - (looks / 100) * (counted / STRETCH)) / counted;
  if (opened !== PACKETS + WARM_UP) throw new Error(`${opened} packets opened`);
  console.log(
    `${profile} ${name}: ${perPacket.toFixed(2)} bytes of heap a packet, both ways, over ${counted}`,
  );
  sender.close();
  receiver.close();
}
