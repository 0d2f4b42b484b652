import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Line, MAX_WAITING, TransferError, WINDOW } from '../src/wire/channel.ts';
import { formatGreeting, formatSize, MAX_OFFERS, parseGreeting } from '../src/wire/greeting.ts';
import { Sha256 } from '../src/wire/sha256.ts';
import { receiveFile, type Sink, type Source, sendFile } from '../src/wire/transfer.ts';
import { type MemoryChannel, memoryChannels } from './memory-channel.ts';

/** A place in memory that remembers what became of it. */
class MemorySink implements Sink {
  readonly chunks: Uint8Array[] = [];
  state: 'open' | 'committed' | 'discarded' = 'open';
  /** Resolves when it may take more. */
  gate: Promise<void> = Promise.resolve();

  async write(chunks: Uint8Array[]): Promise<void> {
    await this.gate;
    this.chunks.push(...chunks);
  }
  async commit(): Promise<void> {
    this.state = 'committed';
  }
  async discard(): Promise<void> {
    this.state = 'discarded';
  }
}

function sourceOf(bytes: Uint8Array<ArrayBuffer>, size: number = bytes.length): Source {
  return { name: 'a', size, blocks: blocks(bytes) };
}

async function* blocks(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += 300_000) yield bytes.subarray(at, at + 300_000);
}

function start(source: Source, tamper?: MemoryChannel['tamper']) {
  const channels = memoryChannels();
  if (tamper) channels[0].tamper = tamper;
  const [from, to] = channels.map((channel) => new Line(channel)) as [Line, Line];
  const sink = new MemorySink();
  const sent = sendFile(from, source, { hash: new Sha256() });
  const received = to
    .next()
    .then((offer) =>
      receiveFile(to, offer as Record<string, unknown>, async () => sink, { hash: new Sha256() }),
    );
  return { channels, from, to, sink, outcome: Promise.allSettled([sent, received]) };
}

async function failures(outcome: ReturnType<typeof start>['outcome']): Promise<TransferError[]> {
  return (await outcome).map((each) => {
    assert.equal(each.status, 'rejected');
    assert.ok((each as PromiseRejectedResult).reason instanceof TransferError);
    return (each as PromiseRejectedResult).reason as TransferError;
  });
}

describe('a file over a channel', () => {
  test('arrives whole at any size, verified on both sides, and the channel is closed', async () => {
    for (const size of [0, 1, 65_536, 65_537, 3_000_000]) {
      const bytes = new Uint8Array(randomBytes(size));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const { channels, sink, outcome } = start(sourceOf(bytes));
      const expected = { status: 'fulfilled', value: { bytes: size, sha256 } };
      assert.deepEqual(await outcome, [expected, expected]);
      assert.ok(Buffer.concat(sink.chunks).equals(bytes));
      assert.deepEqual([sink.state, channels[0].readyState], ['committed', 'closed']);
    }
  });

  test('waits for the channel and for the disk of the receiver', async () => {
    const bytes = new Uint8Array(WINDOW * 2);
    const disk = Promise.withResolvers<void>();
    let passed = 0;
    const { channels, sink, outcome } = start(sourceOf(bytes), (data) => {
      passed += typeof data === 'string' ? 0 : data.byteLength;
      return data;
    });
    sink.gate = disk.promise;
    let before = -1;
    while (passed !== before || passed === 0) {
      before = passed;
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    }
    assert.ok(passed <= WINDOW && passed > WINDOW - 65_536, String(passed));
    disk.resolve();
    assert.ok((await outcome).every(({ status }) => status === 'fulfilled'));
    assert.ok(channels[0].mostBuffered <= 1024 * 1024 + 65_536);
  });

  test('what was changed on its way is not kept, and both sides are told', async () => {
    const { sink, outcome } = start(sourceOf(new Uint8Array(1000)), (data) =>
      typeof data === 'string' ? data : new Uint8Array(data).fill(1).buffer,
    );
    assert.deepEqual(
      (await failures(outcome)).map(({ isCorrupt }) => isCorrupt),
      [true, true],
    );
    assert.equal(sink.state, 'discarded');
  });

  test('more or less than was announced is refused', async () => {
    for (const announced of [999, 1001]) {
      const { sink, outcome } = start(sourceOf(new Uint8Array(1000), announced));
      await failures(outcome);
      assert.equal(sink.state, 'discarded');
    }
    const end = JSON.stringify({ type: 'end', sha256: '' });
    const short = start(sourceOf(new Uint8Array(1000)), (data) => (typeof data === 'string' ? data : end));
    await failures(short.outcome);
    assert.equal(short.sink.state, 'discarded');
  });

  test('ends on both sides when one of them closes the channel', async () => {
    const { channels, sink, outcome } = start(sourceOf(new Uint8Array(WINDOW * 2)));
    sink.gate = new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    setImmediate(() => channels[1].close());
    await failures(outcome);
    assert.notEqual(sink.state, 'committed');
  });

  test('who sends more than may wait is cut off: a cap at its edge', async () => {
    const [a, b] = memoryChannels();
    const line = new Line(b);
    const [whole, overhead] = [new Uint8Array(65_536 - 64), 1];
    const fitting = MAX_WAITING / 65_536;
    for (let i = 0; i < fitting; i++) a.send(whole);
    await new Promise(setImmediate);
    line.throwIfOver();
    a.send(new Uint8Array(overhead));
    await new Promise(setImmediate);
    assert.throws(() => line.throwIfOver(), /more than was agreed/);
    assert.equal(b.readyState, 'closed');
  });

  test('whatever is said in the place of an offer, it ends in a TransferError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), fc.string()), fc.boolean(), async (value, isText) => {
        const [a, b] = memoryChannels();
        const line = new Line(b);
        if (isText) a.send(typeof value === 'string' ? value : JSON.stringify(value));
        else a.send(new TextEncoder().encode(String(value)));
        const offer = line.next().then((message) =>
          receiveFile(line, message as Record<string, unknown>, async () => new MemorySink(), {
            hash: new Sha256(),
          }),
        );
        await assert.rejects(offer, TransferError);
      }),
    );
  });
});

describe('the greeting', () => {
  test('comes back as it was, and anything else is none', () => {
    const greeting = { offers: [{ id: 0, name: '<b>', size: 3 }], takes: true };
    assert.deepEqual(parseGreeting(formatGreeting(greeting)), greeting);
    const offer = { id: 0, name: 'a', size: 1 };
    const tooMany = { offers: Array.from({ length: MAX_OFFERS + 1 }, () => offer), takes: true };
    assert.equal(parseGreeting(formatGreeting(tooMany)), undefined);
    assert.equal(parseGreeting(formatGreeting({ offers: [{ ...offer, size: -1 }], takes: true })), undefined);
    fc.assert(fc.property(fc.anything(), (value) => assert.equal(parseGreeting(value), undefined)));
  });

  test('sizes are readable', () => {
    assert.deepEqual([0, 1023, 1536, 20 * 2 ** 20, 3 * 2 ** 40].map(formatSize), [
      '0 B',
      '1023 B',
      '1.50 KiB',
      '20.0 MiB',
      '3.00 TiB',
    ]);
  });
});
