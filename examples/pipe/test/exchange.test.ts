import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { type ByteChannel, exchange } from '../src/exchange.ts';

type Message = string | Uint8Array;

/** What it sends is in `sent`; what it is sent is whatever the test says, `done` not before it is true. */
class Channel implements ByteChannel {
  readonly sent: Message[] = [];
  ready: Promise<unknown> = Promise.resolve();
  asked = 0;
  isHonest = true;
  readonly #script: Message[];
  readonly #ended = Promise.withResolvers<void>();

  constructor(...script: Message[]) {
    this.#script = script;
  }

  send(message: Message): void {
    this.sent.push(typeof message === 'string' ? message : Uint8Array.from(message));
    if (message === 'end') this.#ended.resolve();
  }

  async next(): Promise<IteratorResult<Message>> {
    this.asked++;
    const value = this.#script.shift();
    if (value === 'done' && this.isHonest) await this.#ended.promise;
    return value === undefined ? { done: true, value } : { done: false, value };
  }
}

function ends(isEmpty = true) {
  const input = new PassThrough();
  const output = new PassThrough();
  const closed: string[] = [];
  if (isEmpty) input.end();
  return {
    input,
    output,
    closed,
    closeInput: () => void closed.push('input'),
    closeOutput: () => void closed.push('output'),
    onReaderGone: () => void closed.push('reader gone'),
  };
}

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);

describe('an exchange', () => {
  test('ends when everything is written here and there', async () => {
    const channel = new Channel(bytes(3), 'end', 'done');
    const streams = ends();
    const result = await exchange(channel, channel, streams);
    assert.deepEqual(result, { bytesSent: 0, bytesReceived: 3, isCutShort: false });
    assert.deepEqual([...channel.sent].sort(), ['done', 'end']);
    assert.deepEqual(streams.closed, ['output']);
    assert.deepEqual([...(streams.output.read() as Buffer)], [7, 7, 7]);
  });

  test('keeps messages within what the peer takes', async () => {
    const channel = new Channel('end', 'done');
    const streams = ends(false);
    streams.input.end(Buffer.alloc(2500));
    const { bytesSent } = await exchange(channel, channel, streams, 1000);
    assert.equal(bytesSent, 2500);
    assert.deepEqual(
      channel.sent.filter((message) => typeof message !== 'string').map(({ length }) => length),
      [1000, 1000, 500],
    );
  });

  test('does not read the channel while the output takes nothing', async () => {
    const channel = new Channel(bytes(100_000), bytes(100_000), 'end', 'done');
    const streams = ends();
    const outcome = exchange(channel, channel, streams);
    await once(streams.output, 'readable');
    assert.equal(channel.asked, 1);
    streams.output.resume();
    assert.equal((await outcome).bytesReceived, 200_000);
  });

  test('does not read the input while the network takes nothing', async () => {
    const channel = new Channel('end', 'stop', 'done');
    const gate = Promise.withResolvers<void>();
    channel.ready = gate.promise;
    const streams = ends(false);
    streams.input.write(Buffer.alloc(1000));
    streams.input.write(Buffer.alloc(1_000_000));
    const outcome = exchange(channel, channel, streams);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    assert.deepEqual(channel.sent, []);
    assert.ok(streams.input.writableNeedDrain);
    gate.reject(new Error('closed'));
    await assert.rejects(outcome, { message: 'the other side has gone before both directions had ended' });
  });

  test('fails when the channel ends too soon, or says what nobody understands', async () => {
    const scripts: Array<[script: Message[], reason: RegExp]> = [
      [[], /has gone/],
      [[bytes(1), 'end'], /has gone/],
      [['END'], /does not speak/],
      [['end', 'end'], /does not speak/],
      [['end', bytes(1)], /does not speak/],
    ];
    for (const [script, reason] of scripts) {
      const channel = new Channel(...script);
      await assert.rejects(exchange(channel, channel, ends(false)), reason);
    }
    const early = new Channel('done', 'end'); // before this side has ended
    early.isHonest = false;
    await assert.rejects(exchange(early, early, ends(false)), /does not speak/);
  });

  test('fails when the input or the output does', async () => {
    const waiting = { next: () => new Promise<never>(() => {}) };
    const streams = ends(false);
    streams.input.destroy(new Error('bad disk'));
    await assert.rejects(exchange(new Channel(), waiting, streams), /the input cannot be read: bad disk/);
    const full = ends(false);
    full.output.destroy(new Error('no space'));
    const channel = new Channel(bytes(1));
    await assert.rejects(exchange(channel, channel, full), /the output cannot be written: /);
  });

  test('drops what nobody reads any more, and says so', async () => {
    const channel = new Channel(bytes(1), bytes(1), 'end', 'done');
    const streams = ends();
    streams.output.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    const result = await exchange(channel, channel, streams);
    assert.deepEqual(result, { bytesSent: 0, bytesReceived: 0, isCutShort: true });
    assert.ok(channel.sent.includes('stop'));
    assert.deepEqual(streams.closed, ['reader gone']);
  });

  test('stops reading when the other side wants no more', async () => {
    const channel = new Channel('stop', 'end', 'done');
    const streams = ends(false);
    const result = await exchange(channel, channel, streams);
    assert.equal(result.isCutShort, true);
    assert.ok(streams.input.destroyed);
    assert.deepEqual(streams.closed.sort(), ['input', 'output']);
  });
});
