// A STUN server that lies in every attribute. It knows the transaction id, which is all there is to check: the query ends
// once, with a usable address or a failure, after a bounded number of requests. RFC 8489 §16.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEVER } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import {
  type Attribute,
  BindingQuery,
  bytesAttribute,
  MessageWriter,
  parseMessage,
  STUN_ATTRIBUTES,
  TRANSACTION_DEFAULTS,
  type TransportAddress,
} from '@millrace/stun';
import fc from 'fast-check';

const SEED = Number(process.env.SEED ?? 1);
const types = [...STUN_ATTRIBUTES.keys(), 0x0002, 0x7fff, 0x8020, 0xffff];
const raw = new Map<number, Attribute<Uint8Array>>(
  types.map((type) => [type, bytesAttribute(type, `raw ${type}`, 0, 0xffff)]),
);

const attributes = fc.array(
  fc.tuple(
    fc.oneof(fc.constantFrom(0x0001, 0x0020), fc.constantFrom(...types)),
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(
          fc.constantFrom(0, 1, 2, 9),
          fc.oneof(
            fc.uint8Array({ minLength: 2, maxLength: 18 }),
            fc.constantFrom(6, 18).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
          ),
        )
        .map(([family, rest]) => Uint8Array.from([0, family, ...rest])),
    ),
  ),
  { maxLength: 8 },
);

const lie = fc.record({
  attributes,
  kind: fc.constantFrom('success', 'success', 'error', 'indication', 'request'),
  method: fc.constantFrom(1, 1, 1, 3),
  isOurs: fc.constantFrom(true, true, true, false),
  cut: fc.constantFrom(0, 0, 0, 1, 5),
  junk: fc.uint8Array({ maxLength: 6 }),
});

describe('RFC 8489 §16 a STUN server that lies', () => {
  test('in every attribute: one end, and no more requests than without an answer', () => {
    let mappings = 0;
    fc.assert(
      fc.property(fc.array(lie, { minLength: 1, maxLength: 8 }), (lies) => {
        const query = new BindingQuery(new SeededRandom(1));
        const out = new Uint8Array(1_500);
        let ends = 0;
        let sends = 0;
        let now = 0;
        const sink = {
          onMapped(mapped: TransportAddress) {
            ends++;
            mappings++;
            assert.ok(mapped.port > 0 && mapped.port < 65_536);
          },
          onFailed: () => void ends++,
        };
        for (;;) {
          const length = query.transmit(out, 0, out.length, now);
          if (length > 0) {
            sends++;
            const request = parseMessage(out.slice(0, length), 0, length)!;
            const { attributes: all, kind, method, isOurs, cut, junk } = lies[sends % lies.length]!;
            const said = new Uint8Array(2_000);
            const id = isOurs ? request.transactionId : new Uint8Array(12);
            const writer = new MessageWriter().begin(said, 0, said.length, kind, method, id);
            for (const [type, value] of all) writer.add(raw.get(type)!, value);
            const end = Math.max(0, writer.finish() - cut);
            query.receive(Uint8Array.from([...said.subarray(0, end), ...junk]), 0, end + junk.length, now);
            query.receive(said, 0, end, now);
          }
          query.drain(sink);
          const next = query.deadline();
          if (next === NEVER && length === 0) break;
          if (next !== NEVER) now = Math.max(now, next);
          query.expire(now);
        }
        query.drain(sink);
        assert.equal(ends, 1);
        assert.ok(sends <= TRANSACTION_DEFAULTS.sends);
      }),
      { seed: SEED, numRuns: 500 },
    );
    assert.ok(mappings > 0, `${mappings}: some lies are believable`);
  });
});
