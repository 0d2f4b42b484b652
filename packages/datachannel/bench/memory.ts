// What an association costs in memory before any stream is used, and what each channel adds that has carried a message
// in both directions, both of its ends counted. Two associations in one process, nothing else.
// Usage: node --expose-gc --conditions=@millrace/source packages/datachannel/bench/memory.ts [channels]
import { type Channel, type ChannelsSink, DataChannels } from '@millrace/datachannel';
import { SeededRandom } from '@millrace/sans-io/testing';
import { SctpAssociation } from '@millrace/sctp';

const count = Number(process.argv[2] ?? 10_000);
const ASSOCIATIONS = 200;
const slab = new Uint8Array(2_048);

interface End {
  readonly association: SctpAssociation;
  readonly channels: DataChannels;
}

function makeEnd(seed: number, dtlsRole: 'client' | 'server'): End {
  const association = new SctpAssociation({
    random: new SeededRandom(seed),
    cookieMac: (bytes) => bytes.slice(0, 16),
  });
  return { association, channels: new DataChannels({ association, dtlsRole, maxRemoteChannels: count }) };
}

function sinkFor(end: () => End): ChannelsSink {
  return {
    onChannel() {},
    onOpen() {},
    onMessage(channel, message) {
      if (message === 'there') end().channels.send(channel, 'back', now);
    },
    onClosing() {},
    onClosed() {},
    onSent() {},
  };
}

let now = 0;

function exchange(a: End, b: End): void {
  for (let isQuiet = 0; isQuiet < 20; now++) {
    isQuiet++;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const fromSink = sinkFor(() => from);
      const toSink = sinkFor(() => to);
      if (from.association.deadline() <= now) from.association.expire(now);
      for (;;) {
        from.channels.drain(fromSink, now);
        const length = from.association.transmit(slab, 0, slab.length, now);
        if (length === 0) break;
        isQuiet = 0;
        to.association.receive(slab, 0, length, now);
        to.channels.drain(toSink, now);
      }
    }
  }
}

function heap(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const start = heap();
const pairs = Array.from({ length: ASSOCIATIONS }, (_, i) => {
  const pair = [makeEnd(i * 2, 'client'), makeEnd(i * 2 + 1, 'server')] as const;
  pair[0].association.connect(now);
  exchange(...pair);
  return pair;
});
const connected = heap();
const [a, b] = pairs[0]!;
const channels: Channel[] = Array.from({ length: count }, () => a.channels.open({ label: 'x' }, now));
exchange(a, b);
for (const channel of channels) a.channels.send(channel, 'there', now);
exchange(a, b);
const open = heap();
for (const channel of channels) a.channels.close(channel, now);
channels.length = 0;
exchange(a, b);
const closed = heap();
const kib = (bytes: number): number => Math.round((bytes / 1024) * 10) / 10;
console.log(
  JSON.stringify({
    bench: 'datachannel-memory',
    channels: count,
    streamsNegotiated: a.association.maxOutboundStreams,
    kibPerAssociation: kib((connected - start) / ASSOCIATIONS / 2),
    bytesPerChannelEnd: Math.round((open - connected) / count / 2),
    kibLeftAfterClose: kib(closed - connected),
    left: [a.channels.size, b.channels.size],
  }),
);
