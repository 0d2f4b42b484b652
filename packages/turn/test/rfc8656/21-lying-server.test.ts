// A TURN server that lies: it knows the password, so it can sign whatever it says. The client does bounded work, keeps
// bounded state, counts what it drops and ends with a code. RFC 8656 §21, RFC 8489 §9.2, §16.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomU32 } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import {
  ALTERNATE_SERVER,
  type Attribute,
  bytesAttribute,
  ERROR_CODE,
  longTermKey,
  MessageWriter,
  NONCE,
  parseMessage,
  REALM,
  type StunMessage,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import fc from 'fast-check';
import {
  LIFETIME,
  METHOD_ALLOCATE,
  METHOD_REFRESH,
  TURN_ATTRIBUTES,
  XOR_RELAYED_ADDRESS,
} from '../../src/attributes.ts';
import { Meeting, OTHER, PEER } from '../meeting.ts';
import { PASSWORD, REALM_NAME, RELAYED, USER } from '../turn-server.ts';

const HOUR = 3_600_000; // ms
const SEED = Number(process.env.SEED ?? 1);
const KEY = longTermKey(USER, REALM_NAME, PASSWORD, nodeStunCrypto, 'md5');
/** Every attribute a client could look at, and some that none does. */
const TYPES = [
  0x0001, 0x0004, 0x0006, 0x0008, 0x0009, 0x000a, 0x000c, 0x000d, 0x0012, 0x0013, 0x0014, 0x0015, 0x0016,
  0x0017, 0x0018, 0x0019, 0x001a, 0x001c, 0x001d, 0x0020, 0x0022, 0x0025, 0x7fff, 0x8000, 0x8001, 0x8002,
  0x8004, 0x8022, 0x8023, 0x8028, 0xffff,
] as const;

const raw = new Map<number, Attribute<Uint8Array>>(
  TYPES.map((type) => [type, bytesAttribute(type, `raw ${type}`, 0, 0xffff)]),
);

interface Lie {
  readonly attributes: ReadonlyArray<readonly [type: number, value: Uint8Array]>;
  readonly kind: 'success' | 'error' | 'indication' | 'request';
  /** What the right answer says comes first, second, or not at all. */
  readonly truth: 'first' | 'last' | 'none';
  readonly signed: boolean;
  readonly method: number | undefined;
  readonly transaction: 'right' | 'wrong';
  /** Bytes cut off the end. */
  readonly cut: number;
  readonly times: number;
}

const lie: fc.Arbitrary<Lie> = fc.record({
  attributes: fc.array(
    fc.tuple(
      fc.constantFrom(...TYPES),
      fc.oneof(
        fc.uint8Array({ maxLength: 24 }),
        // Addresses that are nearly right: family, port and bytes at random.
        fc
          .tuple(
            fc.constantFrom(0, 1, 2, 3),
            fc.oneof(
              fc.uint8Array({ minLength: 2, maxLength: 18 }),
              fc
                .constantFrom(6, 18)
                .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
            ),
          )
          .map(([family, rest]) => Uint8Array.from([0, family, ...rest])),
        fc
          .constantFrom(0, 1, 30, 600, 0xffff_ffff)
          .map((n) => Uint8Array.from([n >>> 24, n >>> 16, n >>> 8, n])),
      ),
    ),
    { maxLength: 8 },
  ),
  kind: fc.constantFrom('success', 'success', 'error', 'indication', 'request'),
  truth: fc.constantFrom('first', 'last', 'none'),
  signed: fc.boolean(),
  method: fc.option(fc.constantFrom(0x001, 0x003, 0x004, 0x008, 0x009, 0x7ff), { nil: undefined, freq: 4 }),
  transaction: fc.constantFrom('right', 'right', 'right', 'wrong'),
  cut: fc.constantFrom(0, 0, 0, 1, 4, 9),
  times: fc.constantFrom(1, 1, 3),
});

function tell(
  { attributes, kind, truth, signed, method, transaction, cut }: Lie,
  to: StunMessage,
): Uint8Array {
  const out = new Uint8Array(4_000);
  const id = transaction === 'right' ? to.transactionId : new Uint8Array(12);
  const writer = new MessageWriter().begin(out, 0, out.length, kind, method ?? to.method, id);
  const right = (): void => {
    if (kind === 'error')
      writer.add(ERROR_CODE, { code: 401, reason: '' }).add(REALM, REALM_NAME).add(NONCE, 'n');
    else writer.add(XOR_RELAYED_ADDRESS, RELAYED).add(LIFETIME, 600);
  };
  if (truth === 'first') right();
  for (const [type, value] of attributes) writer.add(raw.get(type)!, value);
  if (truth === 'last') right();
  if (signed) writer.addIntegrity(KEY, nodeStunCrypto);
  return out.slice(0, Math.max(0, writer.addFingerprint().finish() - cut));
}

/** What the client keeps is bounded by its options, whatever has been said. */
function assertBounded(meeting: Meeting, requestsAtMost: number): void {
  const { client, sentAt, ends, refused } = meeting;
  assert.ok(sentAt.length <= requestsAtMost, `${sentAt.length} requests`);
  assert.ok(ends.length <= 1);
  for (const { code } of ends) assert.ok(['CLOSED', 'TIMEOUT', 'REFUSED', 'TRY_ALTERNATE'].includes(code));
  assert.ok(refused.length <= 2);
  assert.equal(client.state === 'closed', ends.length === 1);
}

describe('RFC 8656 §21 a server that lies', () => {
  test('in every attribute, from the first answer on: it never throws, and asks a bounded number of times', () => {
    fc.assert(
      fc.property(fc.array(lie, { minLength: 1, maxLength: 6 }), (lies) => {
        const meeting = new Meeting({ rto: 500 });
        let next = 0;
        meeting.server.handle = (bytes) => {
          const request = parseMessage(bytes, 0, bytes.length, TURN_ATTRIBUTES)!;
          const chosen = lies[next++ % lies.length]!;
          const said = tell(chosen, request);
          for (let i = 1; i < chosen.times; i++) meeting.client.receive(said, 0, said.length, meeting.now);
          return said;
        };
        meeting.begin();
        meeting.send('one', PEER);
        meeting.send('two', OTHER);
        meeting.run(HOUR);
        // An allocation of 30 s is refreshed every 15; two channels every four minutes; each request up to 7 times 5.
        assertBounded(meeting, 2 * 35 * (HOUR / 15_000));
        meeting.client.close();
        meeting.settle();
        meeting.run(60_000);
        assert.equal(meeting.client.state, 'closed');
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test('in every attribute, after an honest allocation: what it drops is counted', () => {
    let drops = 0;
    fc.assert(
      fc.property(fc.array(lie, { minLength: 1, maxLength: 12 }), (lies) => {
        const meeting = new Meeting({ rto: 500 }).begin();
        assert.equal(meeting.client.state, 'allocated');
        const { handle } = meeting.server;
        meeting.server.handle = (bytes) => {
          const request = parseMessage(bytes, 0, bytes.length, TURN_ATTRIBUTES)!;
          const chosen = lies.shift();
          return chosen === undefined ? handle.call(meeting.server, bytes) : tell(chosen, request);
        };
        meeting.send('one', PEER);
        meeting.send('two', OTHER);
        meeting.run(HOUR);
        assertBounded(meeting, 2_000);
        for (const count of Object.values(meeting.client.drops)) drops += count;
      }),
      { seed: SEED, numRuns: 200 },
    );
    assert.ok(drops > 200, `${drops}`);
  });

  test('what comes without being asked for changes nothing and is counted', () => {
    const meeting = new Meeting().begin();
    meeting.send('one', PEER);
    const before = meeting.sentAt.length;
    const random = new SeededRandom(SEED);
    for (let i = 0; i < 10_000; i++) {
      const bytes = Uint8Array.from({ length: 1 + (i % 120) }, () => randomU32(random) & 0xff);
      meeting.give(bytes);
    }
    assert.equal(meeting.client.state, 'allocated');
    assert.equal(meeting.sentAt.length, before);
    assert.deepEqual(meeting.data, []);
    const { malformed, unexpected, 'unknown-peer': unknown } = meeting.client.drops;
    assert.equal(malformed + unexpected + unknown, 10_000);
  });

  for (const [lifetime, perHour] of [
    [0, 240],
    [1, 240],
    [0xffff_ffff, 2],
  ] as const) {
    test(`a lifetime of ${lifetime} s has the client ask at most ${perHour} times an hour`, () => {
      const meeting = new Meeting();
      meeting.server.lifetime = lifetime;
      meeting.begin();
      const before = meeting.sentAt.length;
      meeting.run(HOUR);
      assert.equal(meeting.client.state, 'allocated');
      assert.ok(meeting.sentAt.length - before <= perHour, `${meeting.sentAt.length - before}`);
    });
  }

  test('a storm of 438 ends after four nonces a request, with the code', () => {
    const meeting = new Meeting();
    let nonces = 0;
    meeting.server.answer = () => {
      meeting.server.nonce = `nonce ${nonces++}`;
      return undefined;
    };
    meeting.begin();
    assert.deepEqual(meeting.ends, [{ code: 'REFUSED', errorCode: 438, reason: '' }]);
    assert.ok(meeting.sentAt.length <= 6);
    meeting.run(HOUR);
    assert.ok(meeting.sentAt.length <= 6, 'and nothing after');
  });

  test('a nonce of ten kilobytes is no nonce: the request is as if unanswered', () => {
    const meeting = new Meeting();
    meeting.server.handle = (bytes) => {
      const request = parseMessage(bytes, 0, bytes.length, TURN_ATTRIBUTES)!;
      const out = new Uint8Array(12_000);
      const writer = new MessageWriter().begin(
        out,
        0,
        out.length,
        'error',
        request.method,
        request.transactionId,
      );
      writer.add(ERROR_CODE, { code: 401, reason: '' }).add(REALM, REALM_NAME);
      writer.add(raw.get(0x0015)!, new Uint8Array(10_240).fill(0x61));
      return out.slice(0, writer.finish());
    };
    meeting.begin();
    meeting.run(HOUR);
    assert.deepEqual(
      meeting.ends.map(({ code }) => code),
      ['TIMEOUT'],
    );
    assert.equal(meeting.client.drops['bad-attribute'], meeting.sentAt.length);
  });

  for (const [what, address] of [
    ['of another family', { address: '2001:db8::1', port: 5_000 }],
    ['at port 0', { address: '192.0.2.15', port: 0 }],
  ] as const) {
    test(`a relayed address ${what} is none`, () => {
      const meeting = new Meeting();
      meeting.server.answer = (message, method) =>
        method === METHOD_ALLOCATE && message.has(NONCE)
          ? { write: (writer) => writer.add(XOR_RELAYED_ADDRESS, address).add(LIFETIME, 600) }
          : undefined;
      meeting.begin();
      meeting.run(HOUR);
      assert.deepEqual(meeting.allocations, []);
      assert.equal(meeting.ends[0]?.code, 'TIMEOUT');
    });
  }

  test('a mapped address may say what it likes: it is told, and changes nothing here', () => {
    const meeting = new Meeting();
    const mapped = { address: '127.0.0.1', port: 1 };
    meeting.server.answer = (message, method) =>
      method === METHOD_ALLOCATE && message.has(NONCE)
        ? {
            write: (writer) =>
              writer.add(XOR_RELAYED_ADDRESS, RELAYED).add(XOR_MAPPED_ADDRESS, mapped).add(LIFETIME, 600),
          }
        : undefined;
    meeting.begin();
    assert.deepEqual(meeting.allocations[0]?.mapped, mapped);
  });

  test('a server that sends everybody to another is told of once, and the client is over', () => {
    const meeting = new Meeting();
    const alternate = { address: '127.0.0.1', port: 3_478 };
    meeting.server.handle = (bytes) => {
      const request = parseMessage(bytes, 0, bytes.length, TURN_ATTRIBUTES)!;
      const out = new Uint8Array(200);
      const writer = new MessageWriter().begin(out, 0, 200, 'error', request.method, request.transactionId);
      writer.add(ERROR_CODE, { code: 300, reason: 'elsewhere' }).add(ALTERNATE_SERVER, alternate);
      return out.slice(0, writer.finish());
    };
    meeting.begin();
    meeting.run(HOUR);
    assert.equal(meeting.sentAt.length, 1);
    assert.deepEqual(meeting.ends, [
      { code: 'TRY_ALTERNATE', errorCode: 300, reason: 'elsewhere', alternate },
    ]);
  });

  test('a redirection of what is allocated already is a refusal', () => {
    const meeting = new Meeting().begin();
    meeting.server.answer = (_, method) =>
      method === METHOD_REFRESH ? { error: 300, reason: 'elsewhere' } : undefined;
    meeting.run(HOUR);
    assert.deepEqual(
      meeting.ends.map(({ code, errorCode }) => [code, errorCode]),
      [['REFUSED', 300]],
    );
  });
});
