// What a message costs in CPU time from the sender's `send` to the receiver's sink, both sides together: data channels
// over two associations in one process, handed over in batches as a driver would, no socket, no DTLS.
// Usage: node --conditions=@millrace/source packages/datachannel/bench/messages.ts [message bytes] [messages] [burst]
import { type Channel, type ChannelsSink, DataChannels } from '@millrace/datachannel';
import { setCopyPart } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { SctpAssociation } from '@millrace/sctp';

// What the driver hands in.
setCopyPart((from, to, at, start, end) => void Buffer.prototype.copy.call(from, to, at, start, end));

const messageBytes = Number(process.argv[2] ?? 64);
const count = Number(process.argv[3] ?? 1_000_000);
const burst = Number(process.argv[4] ?? 256);
const SLOT = 1_280;
const BATCH = 32;
const slab = new Uint8Array(BATCH * SLOT);
const lengths = new Uint16Array(BATCH);
let received = 0;
let isOpen = false;

const sink: ChannelsSink = {
  onChannel() {},
  onOpen() {
    isOpen = true;
  },
  onMessage() {
    received++;
  },
  onClosing() {},
  onClosed() {},
  onSent() {},
};

interface End {
  readonly association: SctpAssociation;
  readonly channels: DataChannels;
}

function makeEnd(seed: number, dtlsRole: 'client' | 'server'): End {
  const association = new SctpAssociation({
    random: new SeededRandom(seed),
    cookieMac: (bytes) => bytes.slice(0, 16),
    zeroChecksum: true,
  });
  return { association, channels: new DataChannels({ association, dtlsRole }) };
}

function pump(from: End, to: End, now: number): boolean {
  let filled = 0;
  for (; filled < BATCH; filled++) {
    const length = from.association.transmit(slab, filled * SLOT + 21, filled * SLOT + SLOT, now);
    if (length === 0) break;
    lengths[filled] = length;
  }
  for (let i = 0; i < filled; i++)
    to.association.receive(slab, i * SLOT + 21, i * SLOT + 21 + lengths[i]!, now);
  to.channels.drain(sink, now);
  from.channels.drain(sink, now);
  return filled > 0;
}

function settle(a: End, b: End, now: number): void {
  for (let turn = 0; turn < 64; turn++) {
    const moved = pump(a, b, now);
    if (!pump(b, a, now) && !moved) return;
  }
}

function run(a: End, b: End, channel: Channel, messages: number, message: Uint8Array | string): void {
  for (let sent = 0; sent < messages; ) {
    const now = performance.now();
    for (const { association } of [a, b]) if (now >= association.deadline()) association.expire(now);
    for (let i = 0; i < burst && sent < messages && a.channels.hasRoom; i++, sent++)
      a.channels.send(channel, message, now);
    settle(a, b, now);
  }
}

const a = makeEnd(1, 'client');
const b = makeEnd(2, 'server');
a.association.connect(0);
const channel = a.channels.open({ label: 'x' }, 0);
while (!isOpen) settle(a, b, performance.now());
for (const [kind, message] of [
  ['binary', new Uint8Array(messageBytes).fill(7)],
  ['text', 'x'.repeat(messageBytes)],
] as const)
  for (let round = 0; round < 4; round++) {
    received = 0;
    const start = process.cpuUsage();
    run(a, b, channel, count, message);
    const { user, system } = process.cpuUsage(start);
    const nanoseconds = Math.round(((user + system) * 1_000) / count);
    const perSecond = Math.round(1e9 / nanoseconds);
    console.log(
      JSON.stringify({
        bench: 'datachannel-messages',
        kind,
        messageBytes,
        burst,
        nanoseconds,
        perSecond,
        received,
      }),
    );
  }
