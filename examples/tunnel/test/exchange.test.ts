// The rules of a request's channel, with both ends in memory.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../src/options.ts';
import { Exchange } from '../src/wire/exchange.ts';
import { type AbortReason, parseControl, parseRequestHead, parseResponseHead } from '../src/wire/frames.ts';
import { MemoryChannel, SETTLED } from './memory-channel.ts';

class End {
  readonly channel: MemoryChannel = new MemoryChannel();
  readonly heads: unknown[] = [];
  readonly log: string[] = [];
  received = 0;
  exchange!: Exchange;

  start(): void {
    this.exchange = new Exchange(this.channel, {
      onHead: (head) => this.heads.push(head),
      onBody: (bytes) => (this.received += bytes.length),
      onEnd: () => this.log.push('end'),
      onRoom: () => this.log.push('room'),
      onAbort: (reason: AbortReason) => this.log.push(`abort ${reason}`),
    });
  }
}

function ends(): [End, End] {
  const [a, b] = [new End(), new End()];
  [a.channel.peer, b.channel.peer] = [b.channel, a.channel];
  a.start();
  b.start();
  return [a, b];
}
const HEAD = { type: 'head', status: 200, message: 'OK', fields: [] } as const;

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
    for (const message of a.channel.sent) assert.ok(message.length <= LIMITS.messageBytes);
  });

  test('a body waits for the network', async () => {
    const [a, b] = ends();
    a.exchange.sendHead(HEAD);
    const network = Promise.withResolvers<void>();
    a.channel.bufferedAmount = 1;
    a.channel.ready = network.promise;
    assert.equal(a.exchange.write(new Uint8Array(10)), false);
    a.exchange.end();
    assert.equal(b.received, 0);
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

  test('a channel that closes early is an abort; one that closes behind both ends is none', () => {
    const [a, b] = ends();
    a.channel.close();
    assert.deepEqual(b.log, ['abort gone']);
    const [c, d] = ends();
    for (const { exchange } of [c, d]) {
      exchange.sendHead(HEAD);
      exchange.end();
    }
    c.exchange.close();
    assert.deepEqual([c.log, d.log], [['end'], ['end']]);
  });

  test('who breaks the rules is cut off: no head, two heads, nonsense, more than the window', () => {
    const rules: Array<(channel: MemoryChannel) => void> = [
      (channel) => channel.send(new Uint8Array(1)),
      (channel) => channel.send('{"type":"end"}'),
      (channel) => [1, 2].forEach(() => void channel.send(JSON.stringify(HEAD))),
      (channel) => channel.send('nonsense'),
      (channel) => channel.send('{"type":"credit","bytes":-1}'),
      (channel) => {
        channel.send(JSON.stringify(HEAD));
        channel.send(new Uint8Array(LIMITS.windowBytes));
        channel.send(new Uint8Array(1));
      },
    ];
    for (const breakRule of rules) {
      const [a, b] = ends();
      breakRule(a.channel);
      assert.deepEqual(b.log, ['abort protocol'], String(breakRule));
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
    const head = (size: number): string => JSON.stringify({ type: 'head', x: 'x'.repeat(size) });
    const around = head(0).length;
    assert.notEqual(parseControl(head(LIMITS.headCharacters - around)), undefined);
    assert.equal(parseControl(head(LIMITS.headCharacters - around + 1)), undefined);
  });
});
