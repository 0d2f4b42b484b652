// The rules of a request's channel, with both ends in memory.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LIMITS } from '../src/options.ts';
import { Exchange } from '../src/wire/exchange.ts';
import {
  type AbortReason,
  parseControl,
  parseOpening,
  parseRequestHead,
  parseResponseHead,
  writeOpening,
} from '../src/wire/frames.ts';
import { Lane } from '../src/wire/lane.ts';
import { channelPair, type MemoryChannel, SETTLED } from './memory-channel.ts';

class End {
  readonly channel: MemoryChannel;
  readonly lane: Lane;
  readonly heads: unknown[] = [];
  readonly log: string[] = [];
  received = 0;
  exchange!: Exchange;

  constructor(channel: MemoryChannel) {
    this.channel = channel;
    this.lane = new Lane(channel, {
      onBytes: () => this.log.push('unasked'),
      onControl: () => this.log.push('unasked'),
      onRoom: () => {},
      onClosed: () => this.log.push('closed'),
    });
    this.begin();
  }

  begin(): void {
    this.exchange = new Exchange(this.lane, {
      onHead: (head) => this.heads.push(head),
      onBody: (bytes) => (this.received += bytes.length),
      onEnd: () => this.log.push('end'),
      onRoom: () => this.log.push('room'),
      onAbort: (reason: AbortReason) => this.log.push(`abort ${reason}`),
    });
  }
}

function ends(): [End, End] {
  const [a, b] = channelPair();
  return [new End(a), new End(b)];
}
const HEAD = { status: 200, message: 'OK', fields: [] } as const;
const NOTHING = new Uint8Array(0);
const opening = (isWhole = false): Uint8Array => writeOpening(HEAD, NOTHING, isWhole);

describe('a request on its channel', () => {
  test('a body stops at the window, and goes on when a quarter of it has been consumed', async () => {
    const [a, b] = ends();
    a.exchange.sendHead(HEAD);
    const mebibyte = new Uint8Array(LIMITS.windowBytes);
    assert.equal(a.exchange.write(mebibyte), true);
    assert.equal(a.exchange.write(mebibyte), false);
    assert.equal(b.received, LIMITS.windowBytes);
    b.exchange.consumed(LIMITS.windowBytes / 4 - 1);
    assert.deepEqual([a.log, b.received], [[], LIMITS.windowBytes]);
    b.exchange.consumed(1);
    await SETTLED;
    for (let i = 0; i < 300; i++) await SETTLED;
    assert.equal(b.received, LIMITS.windowBytes * 1.25);
    b.exchange.consumed(LIMITS.windowBytes);
    for (let i = 0; i < 300; i++) await SETTLED;
    assert.deepEqual([a.log, b.received], [['room'], LIMITS.windowBytes * 2]);
    for (const message of a.channel.sent.slice(1)) assert.ok(message.length <= LIMITS.messageBytes);
  });

  test('a body waits for the network', async () => {
    const [a, b] = ends();
    a.exchange.sendHead(HEAD);
    const network = Promise.withResolvers<void>();
    a.channel.bufferedAmount = 1;
    a.channel.ready = network.promise;
    await turn();
    assert.equal(a.exchange.write(new Uint8Array(10)), false);
    a.exchange.end();
    assert.deepEqual([b.heads, b.received], [[], 0]);
    network.resolve();
    for (let i = 0; i < 20; i++) await SETTLED;
    assert.deepEqual([a.log, b.log, b.received], [['room'], ['end'], 10]);
  });

  test('giving up is heard at once, before what waits, and once', async () => {
    const [a, b] = ends();
    a.exchange.sendHead(HEAD);
    a.exchange.write(new Uint8Array(2 * LIMITS.windowBytes));
    a.exchange.abort('client-left');
    for (let i = 0; i < 300; i++) await SETTLED;
    assert.deepEqual([a.log, b.log, b.received], [[], ['abort client-left'], LIMITS.windowBytes]);
  });

  test('a small request is one message, and so is its answer; then the channel is free for another', async () => {
    const [a, b] = ends();
    for (let i = 1; i <= 3; i++) {
      for (const from of [a, b]) {
        from.exchange.sendHead(HEAD);
        from.exchange.write(new Uint8Array(100));
        from.exchange.end();
      }
      assert.deepEqual([a.channel.sent.length, b.channel.sent.length], [i, i]);
      assert.deepEqual([a.received, b.received], [i * 100, i * 100]);
      assert.equal(a.lane.isFree, false, 'what it has brought has not gone on');
      for (const end of [a, b]) end.exchange.consumed(100);
      assert.deepEqual([a.lane.isFree, b.lane.isFree], [true, true]);
      a.begin();
      b.begin();
    }
    assert.deepEqual([a.log, b.log], [Array(3).fill('end'), Array(3).fill('end')]);
    await turn();
    assert.deepEqual([a.channel.sent.length, b.channel.sent.length], [3, 3]);
  });

  test('a request that is over can do nothing to the one behind it', async () => {
    const [a, b] = ends();
    const first = b.exchange;
    for (const { exchange } of [a, b]) {
      exchange.sendHead(HEAD);
      exchange.end();
    }
    a.begin();
    b.begin();
    first.sendHead(HEAD);
    first.write(new Uint8Array(10));
    first.end();
    first.abort('idle');
    first.close();
    await turn();
    assert.deepEqual([b.channel.sent.length, b.channel.readyState], [1, 'open']);
    a.exchange.sendHead(HEAD);
    a.exchange.end();
    assert.deepEqual([b.log, b.heads.length], [['end', 'end'], 2]);
  });

  test('a head waits no longer than this turn of the event loop for what goes with it', async () => {
    const [a, b] = ends();
    a.exchange.sendHead(HEAD);
    a.exchange.write(new Uint8Array(3));
    assert.equal(b.heads.length, 0);
    await turn();
    assert.deepEqual([b.heads.length, b.received, b.log, a.channel.sent.length], [1, 3, [], 1]);
    a.exchange.write(new Uint8Array(4));
    a.exchange.end();
    assert.deepEqual([b.received, b.log, a.channel.sent.length], [7, ['end'], 3]);
  });

  test("credit outlasts requests: what one has not consumed is not the next one's", () => {
    const [a, b] = ends();
    a.exchange.sendHead(HEAD);
    a.exchange.write(new Uint8Array(LIMITS.windowBytes));
    a.exchange.end();
    b.exchange.sendHead(HEAD);
    b.exchange.end();
    assert.deepEqual([b.received, b.log], [LIMITS.windowBytes, ['end']]);
    a.begin();
    b.begin();
    a.exchange.sendHead(HEAD);
    assert.equal(a.exchange.write(new Uint8Array(LIMITS.messageBytes)), true);
    a.exchange.end(); // waits, as a whole
    assert.equal(b.heads.length, 1);
    b.lane.consumed(LIMITS.windowBytes);
    assert.equal(a.lane.isBlocked, true);
    return SETTLED.then(() => SETTLED).then(() => assert.equal(b.heads.length, 2));
  });

  test('a channel that closes early is an abort; one that closes behind both ends is none', () => {
    const [a, b] = ends();
    a.channel.close();
    assert.deepEqual(b.log, ['abort gone']);
    const [c, d] = ends();
    for (const { exchange } of [c, d]) {
      exchange.sendHead(HEAD);
      exchange.end();
    }
    c.lane.close();
    assert.deepEqual([c.log, d.log], [['end'], ['end', 'closed']]);
  });

  test('who breaks the rules is cut off: no head, two heads, nonsense, more than the window', () => {
    const rules: Array<(channel: MemoryChannel) => void> = [
      (channel) => channel.send(new Uint8Array(1)),
      (channel) => channel.send(Uint8Array.of(0, 0, 0, 9, 0x7b, 0x7d)),
      (channel) => channel.send('{"type":"end"}'),
      (channel) => [1, 2].forEach(() => void channel.send(opening(true))),
      (channel) => channel.send('nonsense'),
      (channel) => channel.send('{"type":"credit","bytes":-1}'),
      (channel) => {
        channel.send(opening());
        channel.send(new Uint8Array(LIMITS.windowBytes));
        channel.send(new Uint8Array(1));
      },
      (channel) => {
        channel.send(writeOpening(HEAD, new Uint8Array(LIMITS.windowBytes), false));
        channel.send(new Uint8Array(1));
      },
    ];
    for (const breakRule of rules) {
      const [a, b] = ends();
      breakRule(a.channel);
      assert.equal(b.log.at(-1), 'abort protocol', String(breakRule));
      assert.equal(b.channel.readyState, 'closed');
    }
  });

  test('a head that would not stay one line is refused', () => {
    const good = { method: 'GET', path: '/', fields: ['a', 'b'], hasBody: false, isUpgrade: false };
    assert.notEqual(parseRequestHead(good), undefined);
    const bad: object[] = [
      { method: 'GET /' },
      { method: 'CONNECT' },
      { path: 'http://h/' },
      { path: '/ HTTP/1.1\r\n\r\nGET /' },
      { path: '/a b' },
      { fields: ['a'] },
      { fields: ['a', 'b\r\nc: d'] },
      { fields: ['a\n', 'b'] },
      { fields: ['a', 1] },
      { fields: { a: 'b' } },
    ];
    for (const part of bad)
      assert.equal(parseRequestHead({ ...good, ...part }), undefined, JSON.stringify(part));
    for (const part of [{ status: 99 }, { status: 100 }, { message: 'a\r\n' }, { fields: ['a', 'b\n'] }])
      assert.equal(parseResponseHead({ ...HEAD, ...part }), undefined, JSON.stringify(part));
    const head = (size: number): Uint8Array =>
      writeOpening({ ...HEAD, message: 'x'.repeat(size) }, NOTHING, false);
    const around = head(0).length - 4;
    assert.notEqual(parseOpening(head(LIMITS.headBytes - around)), undefined);
    assert.equal(parseOpening(head(LIMITS.headBytes - around + 1)), undefined);
    const end = (size: number): string => `{"type":"end"}${' '.repeat(size - 14)}`;
    assert.notEqual(parseControl(end(LIMITS.controlCharacters)), undefined);
    assert.equal(parseControl(end(LIMITS.controlCharacters + 1)), undefined);
    const whole = opening(true);
    for (let length = 0; length < whole.length; length++)
      assert.equal(parseOpening(whole.subarray(0, length)), undefined);
  });
});
