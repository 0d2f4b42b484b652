// The exchange by which a code becomes an invitation, over a room in memory whose server may be hostile: it sees, changes,
// repeats and invents whatever it likes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SignalingEvent } from '@millrace/signaling/client';
import { EXIT, Failure } from '../../src/failure.ts';
import { type Code, drawCode, parseCode } from '../../src/pairing/code.ts';
import { looksLikeCode, takeCode } from '../../src/pairing/code-shape.ts';
import { handOver, MAX_EXCHANGES, type PairingRoom, redeem } from '../../src/pairing/handover.ts';

const CODE = parseCode('4-zebra-zoo');
const WRONG = parseCode('4-zoo-zebra');
const INVITATION = '{"room":"r","token":"t","secret":"s"}';
const { signal } = new AbortController();

type Data = Readonly<Record<string, unknown>>;

/** One side's view of a room: what it says goes to whoever runs the test. */
class Seat implements PairingRoom {
  readonly peers: Set<string> = new Set();
  readonly said: Array<{ to: string | undefined; data: Data }> = [];
  onSay: (data: Data, to: string | undefined) => void = () => {};
  readonly #events: SignalingEvent[] = [];
  #wake = Promise.withResolvers<void>();
  #isOver = false;

  async send(data: unknown, to?: string): Promise<void> {
    this.said.push({ to, data: data as Data });
    this.onSay(data as Data, to);
  }

  hear(event: SignalingEvent): void {
    this.#events.push(event);
    this.#wake.resolve();
  }

  end(): void {
    this.#isOver = true;
    this.#wake.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SignalingEvent> {
    while (true) {
      for (let event = this.#events.shift(); event; event = this.#events.shift()) yield event;
      if (this.#isOver) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }
}

/** A host and a guest; `relay` is the server: what it returns is delivered. */
function pair(relay: (data: Data, from: 'host' | 'guest') => Data = (data) => data) {
  const [host, guest] = [new Seat(), new Seat()];
  host.onSay = (data) => guest.hear({ type: 'message', from: 'host', data: relay(data, 'host') });
  guest.onSay = (data) => host.hear({ type: 'message', from: 'guest', data: relay(data, 'guest') });
  host.hear({ type: 'join', peer: 'guest' });
  return { host, guest };
}

/** A guest goes when it has what it came for, or not. */
const redeemAndGo = ({ host, guest }: ReturnType<typeof pair>, code: Code): Promise<string> =>
  redeem(guest, code, signal).finally(() => host.hear({ type: 'leave', peer: 'guest' }));

const outcomes = <T extends Array<Promise<unknown>>>(...work: T) => Promise.allSettled(work);
const failed = (result: PromiseSettledResult<unknown>, message: RegExp): void => {
  assert.equal(result.status, 'rejected');
  const { reason } = result as PromiseRejectedResult;
  assert.ok(reason instanceof Failure, String(reason));
  assert.match(reason.message, message);
  assert.equal(reason.exitCode, EXIT.code);
};

describe('a code', () => {
  test('is a number and two of 2048 words: one guess in 4,194,304', () => {
    const codes = Array.from({ length: 200 }, () => drawCode('7').text);
    for (const code of codes) assert.equal(parseCode(code).text, code);
    assert.ok(new Set(codes).size > 190);
  });

  test('is read as people type it', () => {
    for (const typed of ['4-zebra-zoo', ' 4 Zebra ZOO ', '4-zebr-zoo'])
      assert.equal(parseCode(typed).text, '4-zebra-zoo');
    for (const typed of [
      '',
      '4',
      '4-zebra',
      '4-zebra-zoo-zoo',
      '0-zebra-zoo',
      '4-zeb-zoo',
      'x-zebra-zoo',
      '4-zebrax-zoo',
    ])
      assert.throws(() => parseCode(typed), { exitCode: EXIT.usage });
  });

  test('is found among the arguments, and no path is taken for one', () => {
    const positionals = ['dir', './4-a-b', '4-zebra-zoo'];
    assert.equal(takeCode(positionals), '4-zebra-zoo');
    assert.deepEqual(positionals, ['dir', './4-a-b']);
    for (const path of ['4-draft', 'a-b-c', '4-a-b.txt', '4-a-b-c']) assert.ok(!looksLikeCode(path), path);
  });
});

describe('the exchange', () => {
  test('is begun once with a guest who was there when the host looked and whose coming is told afterwards', async () => {
    const { host, guest } = pair();
    host.peers.add('guest');
    const [given, taken] = await outcomes(handOver(host, CODE, INVITATION), redeem(guest, CODE, signal));
    assert.deepEqual([given.status, taken], ['fulfilled', { status: 'fulfilled', value: INVITATION }]);
    assert.equal(host.said.filter(({ data }) => data.step === 'hello').length, 1);
  });

  test('brings the invitation to who knows the code, and nothing of it or of the code to the server', async () => {
    const seen: Data[] = [];
    const { host, guest } = pair((data) => {
      seen.push(data);
      return data;
    });
    const [handed, got] = await outcomes(handOver(host, CODE, INVITATION), redeem(guest, CODE, signal));
    assert.deepEqual([handed.status, got], ['fulfilled', { status: 'fulfilled', value: INVITATION }]);
    const record = JSON.stringify(seen);
    assert.ok(!/zebra|zoo|secret|invite/.test(record));
    assert.ok(!record.includes(Buffer.from(INVITATION).toString('base64').slice(0, 12)));
  });

  test('ends with a wrong code on both sides, and the code is spent', async () => {
    const both = pair();
    const [handed, got] = await outcomes(handOver(both.host, CODE, INVITATION), redeemAndGo(both, WRONG));
    failed(handed, /a wrong code, which is spent now/);
    failed(got, /the code is not right, and it is spent now/);
    assert.ok(both.host.said.every(({ data }) => data.step !== 'invitation'));
  });

  test('a wrong guess hears of it before the room goes, but a guest that stays does not hold the host up', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { host, guest } = pair();
    let isOver = false;
    const handing = handOver(host, CODE, INVITATION).finally(() => {
      isOver = true;
    });
    const [got] = await outcomes(redeem(guest, WRONG, signal));
    failed(got, /the code is not right/);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    assert.ok(!isOver);
    t.mock.timers.tick(5_000);
    failed((await outcomes(handing))[0]!, /a wrong code, which is spent now/);
  });

  test('a server in the middle that does not know the code gets nothing from either side', async () => {
    // guest <-> middle as a host, middle as a guest <-> host, each with the middle's one guess
    const [towardsGuest, towardsHost] = [pair(), pair()];
    const [got, , , handed] = await outcomes(
      redeemAndGo(towardsGuest, CODE),
      handOver(towardsGuest.host, WRONG, '{"room":"of the middle"}'),
      redeemAndGo(towardsHost, WRONG),
      handOver(towardsHost.host, CODE, INVITATION),
    );
    failed(got, /not right|does not know the code/);
    failed(handed, /a wrong code/);
  });

  test('a server that passes the proof off as its own, or goes on without one, is not believed', async () => {
    for (const proof of ['of the guest', 'none'] as const) {
      let guestProof: unknown;
      const both = pair((data, from) => {
        if (data.step === 'proof') guestProof = data.proof;
        return from === 'host' && data.step === 'refused'
          ? { step: 'invitation', proof: proof === 'none' ? undefined : guestProof, sealed: '' }
          : data;
      });
      const [, got] = await outcomes(handOver(both.host, CODE, INVITATION), redeemAndGo(both, WRONG));
      failed(got, /does not know the code/);
    }
  });

  for (const [step, field] of [
    ['hello', 'nonce'],
    ['share', 'nonce'],
    ['share', 'share'],
    ['proof', 'proof'],
    ['invitation', 'proof'],
    ['invitation', 'sealed'],
  ] as const)
    test(`the ${field} of '${step}' cannot be changed on its way`, async () => {
      const { host, guest } = pair((data) => {
        if (data.step !== step || typeof data[field] !== 'string') return data;
        const bytes = Buffer.from(data[field], 'base64');
        bytes[3]! ^= 1;
        return { ...data, [field]: bytes.toString('base64') };
      });
      const handing = handOver(host, CODE, INVITATION);
      const got = redeem(guest, CODE, signal);
      await assert.rejects(got, Failure);
      host.end();
      guest.end();
      await handing.catch(() => {});
      assert.ok(guest.said.every(({ data }) => data.step !== 'taken'));
    });

  test('what was recorded opens nothing when it is played again', async () => {
    const { host, guest } = pair();
    await outcomes(handOver(host, CODE, INVITATION), redeem(guest, CODE, signal));
    const again = new Seat();
    again.hear({ type: 'join', peer: 'guest' });
    for (const { data } of guest.said) again.hear({ type: 'message', from: 'guest', data });
    const [handed] = await outcomes(handOver(again, CODE, INVITATION));
    failed(handed, /a wrong code/);
    assert.ok(again.said.every(({ data }) => data.step !== 'invitation'));
    const replayed = new Seat();
    for (const { data } of host.said) replayed.hear({ type: 'message', from: 'host', data });
    const [got] = await outcomes(redeem(replayed, CODE, signal));
    failed(got, /does not know the code/);
  });

  test(`${MAX_EXCHANGES} guests may come and go, and one more spends the code`, async () => {
    const host = new Seat();
    const handing = handOver(host, CODE, INVITATION);
    for (let i = 0; i < MAX_EXCHANGES; i++) host.hear({ type: 'join', peer: `guest${i}` });
    host.hear({ type: 'message', from: 'guest0', data: { step: 'proof', proof: '' } }); // out of turn: passed over
    host.hear({ type: 'message', from: 'stranger', data: { step: 'share' } });
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    assert.equal(host.said.length, MAX_EXCHANGES);
    host.hear({ type: 'join', peer: 'one more' });
    const [handed] = await outcomes(handing);
    failed(handed, /too many have asked/);
  });

  test('a guest has one exchange: a second share is not answered', async () => {
    const { host, guest } = pair((data) => data);
    const shares: Data[] = [];
    const say = guest.onSay;
    guest.onSay = (data, to) => {
      if (data.step === 'share') shares.push(data);
      say(data, to);
      if (data.step === 'share') say(data, to);
    };
    const [handed, got] = await outcomes(handOver(host, CODE, INVITATION), redeem(guest, CODE, signal));
    assert.deepEqual([handed.status, got.status], ['fulfilled', 'fulfilled']);
    assert.equal(host.said.filter(({ data }) => data.step === 'share').length, 1);
  });

  test('whatever comes in the place of a message, nothing is thrown but a Failure', async () => {
    const values = [
      null,
      1,
      'x',
      [],
      {},
      { step: 'share', share: 'x'.repeat(5000), nonce: 1 },
      { step: 'proof' },
    ];
    for (const data of values) {
      const { host, guest } = pair();
      const handing = handOver(host, CODE, INVITATION);
      host.hear({ type: 'message', from: 'guest', data });
      const [got] = await outcomes(redeem(guest, CODE, signal));
      if (got.status === 'rejected') assert.ok(got.reason instanceof Failure);
      guest.end();
      host.end();
      await assert.rejects(handing, Failure).catch(() => {});
    }
  });

  test('ends when it is interrupted, or the host goes away', async () => {
    const interrupted = new AbortController();
    const waiting = redeem(new Seat(), CODE, interrupted.signal);
    interrupted.abort(new Failure('interrupted', EXIT.interrupted));
    await assert.rejects(waiting, { exitCode: EXIT.interrupted });
    const { host, guest } = pair();
    guest.onSay = () => guest.hear({ type: 'leave', peer: 'host' });
    host.onSay({ step: 'hello', nonce: Buffer.alloc(16).toString('base64') }, 'guest');
    const [got] = await outcomes(redeem(guest, CODE, signal));
    failed(got, /nobody answers/);
  });
});
