import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { EXIT, Failure } from '../src/failure.ts';
import { type FileSink, MESSAGE_BYTES, receiveFile, sendFile, WINDOW } from '../src/transfer.ts';
import { type MemoryChannel, type Message, memoryChannels } from './memory-channel.ts';

class MemorySink implements FileSink {
  readonly chunks: Uint8Array[] = [];
  isCommitted = false;

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    this.chunks.push(...chunks);
  }

  async commit(): Promise<void> {
    this.isCommitted = true;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

async function* blocksOf(
  bytes: Uint8Array<ArrayBuffer>,
  size = 100_000,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const pattern = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);

/** Both sides of a transfer, each settled. */
async function transfer(
  channels: [MemoryChannel, MemoryChannel],
  bytes: Uint8Array<ArrayBuffer>,
  {
    announced = bytes.length,
    sink = new MemorySink(),
    maxMessageSize = 0,
  }: { announced?: number; sink?: FileSink; maxMessageSize?: number } = {},
) {
  const [a, b] = channels;
  const source = { name: 'x', size: announced, blocks: blocksOf(bytes) };
  const [sent, received] = await Promise.allSettled([
    sendFile(a, a, source, { maxMessageSize }),
    receiveFile(b, b, async () => sink),
  ]);
  return { sent, received };
}

const failure = (outcome: PromiseSettledResult<unknown>): Failure => {
  assert.equal(outcome.status, 'rejected');
  assert.ok((outcome as PromiseRejectedResult).reason instanceof Failure);
  return (outcome as PromiseRejectedResult).reason;
};

const flip = (message: Message): Message => {
  if (typeof message === 'string') return message;
  const bytes = new Uint8Array(message);
  bytes[0]! ^= 1;
  return bytes.buffer;
};

describe('a transfer', () => {
  for (const length of [0, 1, MESSAGE_BYTES - 1, MESSAGE_BYTES, MESSAGE_BYTES + 1, 3_000_001])
    test(`brings ${length} bytes across and both sides agree on the SHA-256`, async () => {
      const bytes = pattern(length);
      const sink = new MemorySink();
      const { sent, received } = await transfer(memoryChannels(), bytes, { sink });
      assert.equal(sent.status, 'fulfilled');
      assert.equal(received.status, 'fulfilled');
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      assert.deepEqual([sent.value.sha256, received.value.sha256], [sha256, sha256]);
      assert.deepEqual([sent.value.bytes, received.value.bytes], [length, length]);
      assert.ok(sink.isCommitted);
      assert.ok(sink.bytes.equals(bytes));
    });

  test('keeps messages within what the peer takes', async () => {
    const channels = memoryChannels();
    await transfer(channels, pattern(100_000), { maxMessageSize: 1000 });
    const sizes = channels[0].sent.map((message) => (typeof message === 'string' ? 0 : message.byteLength));
    assert.equal(Math.max(...sizes), 1000);
  });

  test('never gets further ahead of the disk than the window', async () => {
    const channels = memoryChannels();
    const [sender] = channels;
    let written = 0;
    let ahead = 0;
    const sentBytes = (): number =>
      sender.sent.reduce((sum, message) => sum + (typeof message === 'string' ? 0 : message.byteLength), 0);
    const slow: FileSink = {
      write: async (chunks) => {
        for (let i = 0; i < 40; i++) await new Promise(setImmediate); // the sender runs as far as it may
        ahead = Math.max(ahead, sentBytes() - written);
        written += chunks.reduce((sum, { length }) => sum + length, 0);
      },
      commit: async () => {},
    };
    const { sent } = await transfer(channels, new Uint8Array(WINDOW + 8_000_000), { sink: slow });
    assert.equal(sent.status, 'fulfilled');
    assert.ok(ahead <= WINDOW + MESSAGE_BYTES, `${ahead} bytes ahead`);
    assert.ok(ahead > WINDOW / 2, `${ahead} bytes ahead: the window was never used`);
  });
});

describe('a transfer fails on both sides', () => {
  test('with 4 when a byte changes on the way, and nothing is committed', async () => {
    const channels = memoryChannels();
    channels[0].change = flip;
    const sink = new MemorySink();
    const { sent, received } = await transfer(channels, pattern(1000), { sink });
    assert.equal(failure(received).exitCode, EXIT.corrupt);
    assert.equal(failure(sent).exitCode, EXIT.corrupt);
    assert.equal(sink.isCommitted, false);
  });

  test('with 3 and the reason when the receiver refuses, and no path is told', async () => {
    const [a, b] = memoryChannels();
    const refuse = async (): Promise<FileSink> => {
      throw new Failure("'/home/ada/x' exists", EXIT.refused);
    };
    const [sent, received] = await Promise.allSettled([
      sendFile(a, a, { name: 'x', size: 1, blocks: blocksOf(pattern(1)) }),
      receiveFile(b, b, refuse),
    ]);
    assert.equal(failure(received).exitCode, EXIT.refused);
    assert.equal(failure(sent).exitCode, EXIT.refused);
    assert.equal(failure(sent).message, 'the receiver refuses: the file exists');
  });

  test('when the disk fails, and the sender hears it while it sends', async () => {
    const sink: FileSink = {
      write: async () => {
        throw new Error('ENOSPC: /home/ada');
      },
      commit: async () => assert.fail('committed'),
    };
    const { sent, received } = await transfer(memoryChannels(), pattern(3_000_000), { sink });
    assert.match(String((received as PromiseRejectedResult).reason), /ENOSPC/);
    assert.equal(failure(sent).message, 'the receiver has failed: the file cannot be written');
  });

  test('when the file shrinks or grows while it is sent', async () => {
    const shrunk = await transfer(memoryChannels(), pattern(1000), { announced: 1001 });
    assert.match(failure(shrunk.sent).message, /shrunk/);
    assert.match(failure(shrunk.received).message, /the sender has given up: .*shrunk/);
    const grown = await transfer(memoryChannels(), pattern(1000), { announced: 999 });
    assert.match(failure(grown.sent).message, /grown/);
    assert.match(failure(grown.received).message, /given up/);
  });

  test('when the connection is lost, on either side of the first byte', async () => {
    const early = memoryChannels();
    early[0].close();
    const { sent, received } = await transfer(early, pattern(10));
    assert.match(failure(sent).message, /connection was lost/);
    assert.match(failure(received).message, /connection was lost/);
    const late = memoryChannels();
    late[0].change = (message) => {
      if (typeof message !== 'string') late[0].close();
      return message;
    };
    const outcome = await transfer(late, pattern(1_000_000));
    assert.match(failure(outcome.sent).message, /connection was lost/);
    assert.match(failure(outcome.received).message, /connection was lost/);
  });

  test('when both want to send', async () => {
    const [a, b] = memoryChannels();
    const offer = (channel: MemoryChannel) =>
      sendFile(channel, channel, { name: 'x', size: 1, blocks: blocksOf(pattern(1)) });
    const outcomes = await Promise.allSettled([offer(a), offer(b)]);
    for (const outcome of outcomes) assert.match(failure(outcome).message, /wants to send, too/);
  });
});

describe('a receiver', () => {
  const offered = '{"type":"file","name":"x","size":10}';
  const cases: Array<[name: string, messages: Array<string | Uint8Array>, message: RegExp]> = [
    ['takes no more than was announced', [offered, new Uint8Array(11)], /more than it announced/],
    [
      'takes no less than was announced',
      [offered, new Uint8Array(9), '{"type":"end","sha256":""}'],
      /less than/,
    ],
    ['takes bytes only after an offer', [new Uint8Array(1)], /does not speak/],
    ['takes no offer of a negative size', ['{"type":"file","name":"x","size":-1}'], /does not speak/],
    ['takes no offer of half a byte', ['{"type":"file","name":"x","size":0.5}'], /does not speak/],
    ['takes no offer without a name', ['{"type":"file","size":1}'], /does not speak/],
    [
      'takes no name without end',
      [`{"type":"file","name":"${'x'.repeat(4097)}","size":1}`],
      /does not speak/,
    ],
    ['takes nothing that is not JSON', ['file'], /does not speak/],
    ['takes nothing that is null', ['null'], /does not speak/],
  ];
  for (const [name, messages, expected] of cases)
    test(name, async () => {
      const [a, b] = memoryChannels();
      const receiving = receiveFile(b, b, async () => new MemorySink());
      for (const message of messages) a.send(message);
      await assert.rejects(receiving, expected);
    });

  test('shows nothing of the other side that could move a cursor', async () => {
    const [a, b] = memoryChannels();
    const sending = sendFile(a, a, { name: 'x', size: 0, blocks: blocksOf(pattern(0)) });
    b.send(JSON.stringify({ type: 'refuse', reason: '\u001b[2Jgone\u202e' }));
    await assert.rejects(sending, { message: 'the receiver refuses: [2Jgone' });
  });
});
