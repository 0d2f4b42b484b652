import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { type SctpPair, sctpPair } from './sctp-pair.ts';

const COOKIE_ECHO = 10;

const firstSeed = Number(process.env.SEED ?? Date.now() & 0xffff);
const text = (messages: ReadonlyArray<Uint8Array | string>): string[] =>
  messages.map((m) => (typeof m === 'string' ? m : `[${m.length}]`));

function connected(options: Parameters<typeof sctpPair>[0] = {}): SctpPair {
  const pair = sctpPair(options);
  const isUp = (): boolean => [pair.a, pair.b].every(({ seen }) => seen.log.includes('connected'));
  assert.ok(pair.pair.run(60_000, isUp));
  pair.a.seen.take();
  pair.b.seen.take();
  return pair;
}

describe('RFC 8831 §6 over RFC 9260', () => {
  test('a channel opened before anything else opens with the association', () => {
    const { a, b, pair } = sctpPair({ wire: { delay: 10 } });
    a.channels.open({ label: 'first' }, 0);
    pair.run(1_000);
    assert.deepEqual(a.seen.take(), ['connected', 'open first']);
    assert.deepEqual(b.seen.take(), ['connected', 'channel first', 'open first']);
  });

  test('RFC 9260 §5.1 C: DATA_CHANNEL_OPEN and messages go with the COOKIE ECHO: the peer has both after one and a half round trips', () => {
    for (const negotiated of [false, true]) {
      const { a, b, pair } = sctpPair({ wire: { delay: 50 }, connect: 'a' });
      const init = { label: 'first', ...(negotiated ? { negotiated, id: 4 } : {}) };
      const here = a.channels.open(init, 0);
      if (negotiated) b.channels.open(init, 0);
      pair.run(99);
      assert.equal(here.state, 'connecting');
      a.seen.onOpen = (channel) => {
        a.seen.log.push('open first');
        a.send(channel, 'hello');
      };
      pair.run(2);
      assert.deepEqual(a.seen.take(), ['connected', 'open first'], 'with the INIT ACK');
      pair.run(50);
      assert.deepEqual(
        b.seen.take(),
        negotiated
          ? ['connected', 'open first', 'message first hello']
          : ['connected', 'channel first', 'open first', 'message first hello'],
      );
      pair.run(60);
      assert.equal(here.bufferedAmount, 0);
      assert.equal(a.channels.drops.counts['unexpected-ack'], 0);
    }
  });

  test('RFC 9260 §5.1.6: channels that opened with the COOKIE ECHO close with the reason if it is never answered', () => {
    const { a, pair } = sctpPair({ wire: { delay: 50 }, both: { maxInitRetransmits: 2 }, connect: 'a' });
    pair.ab.lose = (packet) => packet[12] === COOKIE_ECHO;
    const here = a.channels.open({ label: 'first' }, 0);
    pair.run(60_000);
    assert.deepEqual(a.seen.take(), [
      'connected',
      'open first',
      'closed first timeout ASSOCIATION_CLOSED',
      'association HANDSHAKE_TIMEOUT',
    ]);
    assert.throws(() => a.send(here, 'too late'), { code: 'NOT_OPEN' });
  });

  test('RFC 9260 §5.1: all that is sent before the COOKIE ACK arrives in order, whatever of the handshake is lost', () => {
    for (let victim = 0; victim < 10; victim++) {
      const { a, b, pair } = sctpPair({ wire: { delay: 20 }, seed: victim + 1, both: { roundTripTime: 40 } });
      let count = 0;
      const lose = (): boolean => count++ === victim;
      pair.ab.lose = lose;
      pair.ba.lose = lose;
      const here = a.channels.open({ label: 'first', ordered: false }, 0);
      const long = 'x'.repeat(5_000);
      a.seen.onOpen = () => {
        for (const message of ['one', long, 'two']) a.send(here, message);
      };
      assert.ok(
        pair.run(5_000, () => b.seen.messages.length === 3),
        `packet ${victim} lost`,
      );
      assert.deepEqual(b.seen.messages, ['one', long, 'two'], `packet ${victim} lost`);
    }
  });

  test('a channel closed after its DATA_CHANNEL_OPEN has gone, and before the association is up, closes at both sides', () => {
    for (const closeAt of [0, 60, 120]) {
      const { a, b, pair } = sctpPair({ wire: { delay: 50 }, connect: 'a' });
      const here = a.channels.open({ label: 'first' }, 0);
      pair.run(closeAt);
      a.close(here);
      assert.ok(
        pair.run(5_000, () => a.channels.size + b.channels.size === 0 && a.seen.log.includes('connected')),
      );
      assert.deepEqual(a.seen.take().at(-1), 'closed first local CLOSED');
      const again = a.channels.open({ label: 'again' }, pair.now);
      pair.run(1_000);
      assert.equal(again.id, 0, 'its id is free');
      assert.equal(again.state, 'open');
      assert.equal(b.seen.take().at(-1), 'open again');
    }
  });

  test('messages of every size and kind arrive as they are', () => {
    const { a, b, pair } = connected();
    const here = a.channels.open({ label: 'x' }, pair.now);
    a.drain(a.seen);
    const sizes = [0, 1, 2, 3, 4, 1_139, 1_140, 1_141, 65_535, 65_536, 262_144];
    for (const size of sizes) {
      a.send(here, new Uint8Array(size));
      a.send(here, 'y'.repeat(size));
    }
    pair.run(10_000);
    assert.deepEqual(
      b.seen.messages.map((m) => m.length),
      sizes.flatMap((size) => [size, size]),
    );
    assert.deepEqual(
      b.seen.messages.map((m) => typeof m === 'string'),
      sizes.flatMap(() => [false, true]),
    );
    assert.equal(here.bufferedAmount, 0);
  });

  test('bufferedAmount falls with what has left, and onSent adds up to what was sent', () => {
    const { a, pair } = connected({ wire: { delay: 20 } });
    const here = a.channels.open({ label: 'x' }, pair.now);
    a.drain(a.seen);
    let sent = 0;
    for (let i = 0; i < 20; i++) sent += a.send(here, new Uint8Array(50_000));
    assert.equal(here.bufferedAmount, 1_000_000);
    pair.run(30);
    assert.ok(here.bufferedAmount > 0 && here.bufferedAmount < 1_000_000);
    pair.run(10_000);
    assert.equal(here.bufferedAmount, 0);
    assert.equal(a.seen.sent, sent);
  });

  test('§6.7 close sends what is queued, ends on both sides, and the id is used again', () => {
    const { a, b, pair } = connected({ wire: { delay: 15, loss: 0.02 }, seed: firstSeed });
    for (let round = 0; round < 5; round++) {
      const here = a.channels.open({ label: `${round}` }, pair.now);
      assert.equal(here.id, 0);
      a.drain(a.seen);
      for (let i = 0; i < 30; i++) a.send(here, new Uint8Array(10_000 + i));
      a.close(here);
      assert.ok(pair.run(60_000, () => a.channels.size + b.channels.size === 0));
      assert.equal(b.seen.messages.splice(0).length, 30);
      assert.deepEqual(b.seen.take().slice(-2), [`closing ${round}`, `closed ${round} remote CLOSED`]);
      assert.deepEqual(a.seen.take().slice(-1), [`closed ${round} local CLOSED`]);
    }
  });

  test('§6.7 both sides close many channels at once', () => {
    const { a, b, pair } = connected({ wire: { delay: 5, jitter: 3 } });
    const count = 50;
    for (let i = 0; i < count; i++) {
      a.channels.open({ label: `a${i}` }, pair.now);
      b.channels.open({ label: `b${i}` }, pair.now);
    }
    pair.run(1_000);
    assert.equal(a.channels.size, 2 * count);
    for (const side of [a, b]) for (const channel of side.seen.channels) side.close(channel);
    pair.run(10_000);
    assert.equal(a.channels.size + b.channels.size, 0);
    assert.equal(a.channels.open({}, pair.now).id, 0);
    assert.equal(b.channels.open({}, pair.now).id, 1);
  });

  test('an abort of the peer closes the channels with its cause', () => {
    const { a, b, pair } = connected();
    const here = a.channels.open({ label: 'x' }, pair.now);
    pair.run(100);
    b.association.abort('bye', pair.now);
    pair.run(100);
    assert.equal(here.state, 'closed');
    assert.deepEqual(a.seen.reasons[0]?.association?.cause?.code, 12);
    assert.equal(a.seen.reasons[0]?.by, 'remote');
    assert.equal(b.seen.reasons[0]?.by, 'local');
  });

  test('a message longer than this side takes closes its channel only', () => {
    const { a, b, pair } = connected({ both: { maxMessageSize: 10_000 } });
    const here = a.channels.open({ label: 'x' }, pair.now);
    const other = a.channels.open({ label: 'y' }, pair.now);
    a.drain(a.seen);
    a.send(here, new Uint8Array(10_001));
    a.send(other, 'fine');
    pair.run(5_000);
    assert.deepEqual(text(b.seen.messages), ['fine']);
    assert.equal(b.seen.reasons[0]?.code, 'MESSAGE_TOO_LARGE');
    assert.equal(here.state, 'closed');
    assert.equal(other.state, 'open');
  });

  test(`5 % loss, reordering and duplicates: every message once, in order where asked (from seed ${firstSeed})`, () => {
    for (let seed = firstSeed; seed < firstSeed + 40; seed++) {
      const random = new SeededRandom(seed);
      const { a, b, pair } = sctpPair({
        seed,
        wire: { delay: 10, jitter: 4, loss: 0.05, duplicate: 0.02, reorder: 0.1 },
      });
      const ordered = a.channels.open({ label: 'o' }, 0);
      const unordered = a.channels.open({ label: 'u', ordered: false }, 0);
      assert.ok(
        pair.run(60_000, () => ordered.state === 'open' && unordered.state === 'open'),
        `seed ${seed}`,
      );
      const sent: string[] = [];
      for (let i = 0; i < 40; i++) {
        const message = `${i}`.padEnd(random.below(4_000), '.');
        sent.push(message);
        a.send(ordered, `o${message}`);
        a.send(unordered, `u${message}`);
      }
      assert.ok(
        pair.run(120_000, () => b.seen.messages.length >= 80),
        `seed ${seed}`,
      );
      pair.run(5_000);
      const got = b.seen.messages.map(String);
      const of = (kind: string): string[] => got.filter((m) => m[0] === kind).map((m) => m.slice(1));
      assert.deepEqual(of('o'), sent, `seed ${seed}`);
      assert.deepEqual(of('u').sort(), [...sent].sort(), `seed ${seed}`);
    }
  });

  test('RFC 3758: a channel without retransmissions loses what the wire loses, and no more', () => {
    const { a, b, pair } = connected({ wire: { delay: 10 } });
    const here = a.channels.open({ label: 'x', ordered: false, maxRetransmits: 0 }, pair.now);
    pair.run(1_000);
    let losses = 0;
    pair.ab.lose = (bytes) => bytes.length > 500 && losses++ === 0;
    for (let i = 0; i < 5; i++) {
      a.send(here, new Uint8Array(900 + i));
      pair.run(500);
    }
    pair.run(20_000);
    assert.deepEqual(text(b.seen.messages), ['[901]', '[902]', '[903]', '[904]']);
  });
});
