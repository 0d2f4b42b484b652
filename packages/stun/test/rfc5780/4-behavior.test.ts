import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEVER } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import {
  ERROR_CODE,
  METHOD_BINDING,
  MessageWriter,
  type NatBehavior,
  NatBehaviorQuery,
  type NatDependence,
  type NatMapping,
} from '@millrace/stun';
import { LOCAL, OTHER, SERVER, World } from './world.ts';

const DEPENDENCES: readonly NatDependence[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
];
const MAPPINGS: readonly NatMapping[] = ['none', ...DEPENDENCES];
const FIRST = '198.51.100.1:3478';
const SECOND = '198.51.100.2:3479';

describe('RFC 5780 §4.3 mapping and §4.4 filtering', () => {
  for (const mapping of MAPPINGS) {
    for (const filtering of DEPENDENCES) {
      test(`a NAT that maps ${mapping} and filters ${filtering} is told for what it is`, () => {
        const found = new World({ mapping, filtering }).run();
        assert.deepEqual([found.mapping, found.filtering], [mapping, filtering]);
        assert.deepEqual(found.other, OTHER);
        assert.equal(found.roundTripTime, 40);
      });
    }
  }

  test('a socket whose own address is not known is never said to be mapped by nobody', () => {
    const world = new World(
      { mapping: 'none', filtering: 'endpoint-independent' },
      { local: { address: '0.0.0.0', port: LOCAL.port } },
    );
    assert.equal(world.run().mapping, 'endpoint-independent');
  });

  test('§4.3: the second test alone tells of an independent mapping, if the third is lost', () => {
    const found = new World({
      mapping: 'endpoint-independent',
      filtering: 'endpoint-independent',
      loses: (_, to) => to.address === OTHER.address && to.port === OTHER.port,
    }).run();
    assert.equal(found.mapping, 'endpoint-independent');
  });

  test('§4.3: of a mapping that depends, nothing is said when one of its tests is lost', () => {
    const found = new World({
      mapping: 'address-dependent',
      filtering: 'endpoint-independent',
      loses: (_, to) => to.address === OTHER.address && to.port === OTHER.port,
    }).run();
    assert.equal(found.mapping, undefined);
  });

  test('§4.4: of a server that answers from where it was asked, nothing is said of filtering', () => {
    const found = new World({
      mapping: 'endpoint-independent',
      filtering: 'endpoint-independent',
      staysPut: true,
    }).run();
    assert.deepEqual([found.mapping, found.filtering], ['endpoint-independent', undefined]);
  });

  test('§4.5: nothing is sent to the other address before the filtering tests are over', () => {
    const world = new World({ mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' });
    world.run();
    const toOther = world.sent.findIndex(([to]) => to.startsWith(OTHER.address));
    const lastChange = world.sent.findLastIndex(([, change]) => change !== 0);
    assert.ok(toOther > lastChange, JSON.stringify(world.sent));
    assert.deepEqual(
      world.sent.slice(0, 3).map(([to, change]) => [to, change]),
      [
        [FIRST, 0],
        [FIRST, 6],
        [FIRST, 2],
      ],
    );
    assert.ok(world.sent.some(([to]) => to === SECOND));
  });

  test('a lost datagram is sent again', () => {
    const found = new World({
      mapping: 'address-and-port-dependent',
      filtering: 'endpoint-independent',
      loses: (from, _, count) => from === LOCAL && count === 1,
    }).run();
    assert.equal(found.mapping, 'address-and-port-dependent');
    assert.equal(found.roundTripTime, undefined);
  });

  test('patience is short: a NAT that filters costs less than two seconds, and hairpinning as much', () => {
    const { at } = new World({
      mapping: 'endpoint-independent',
      filtering: 'address-and-port-dependent',
    }).run();
    assert.equal(at, 40 + 1_750 + 1_750);
    const open = new World({
      mapping: 'endpoint-independent',
      filtering: 'endpoint-independent',
      hairpins: true,
    }).run();
    assert.equal(open.at, 120);
  });
});

describe('RFC 5780 §3.4 hairpinning', () => {
  for (const hairpins of [true, false]) {
    test(`a NAT that ${hairpins ? 'sends' : 'does not send'} our own datagrams back to us`, () => {
      const found = new World({
        mapping: 'endpoint-independent',
        filtering: 'endpoint-independent',
        hairpins,
      }).run();
      assert.equal(found.hairpins, hairpins);
    });
  }
});

describe('RFC 5780 §7.4 OTHER-ADDRESS', () => {
  for (const [says, other] of [
    ['none', undefined],
    ['the same address', { address: SERVER.address, port: 3479 }],
    ['the same port', { address: OTHER.address, port: 3478 }],
    ['port 0', { address: OTHER.address, port: 0 }],
    ['another family', { address: '2001:db8::1', port: 3479 }],
  ] as const) {
    test(`${says}: the mapped address is all that can be known, and nobody else is asked`, () => {
      const world = new World({ mapping: 'address-dependent', filtering: 'address-dependent', other });
      const found = world.run();
      assert.equal(found.mapped?.address, '203.0.113.5');
      assert.deepEqual(
        [found.other, found.mapping, found.filtering, found.hairpins],
        Array(4).fill(undefined),
      );
      assert.equal(world.sent.length, 1);
    });
  }
});

describe('RFC 5780 §4.2 servers that do not help', () => {
  test('silence is an end', () => {
    const found = new World({
      mapping: 'none',
      filtering: 'endpoint-independent',
      loses: () => true,
    }).run();
    assert.deepEqual([found.mapped, found.mapping, found.filtering, found.error], Array(4).fill(undefined));
    assert.equal(found.at, 1_750);
  });

  test('so is an error, which is told', () => {
    const query = new NatBehaviorQuery({ server: SERVER, random: new SeededRandom(1) });
    const out = new Uint8Array(100);
    query.transmit(out, 0, 100, 0);
    const answer = new Uint8Array(100);
    const length = new MessageWriter()
      .begin(answer, 0, 100, 'error', METHOD_BINDING, out.slice(8, 20))
      .add(ERROR_CODE, { code: 400, reason: 'no' })
      .finish();
    query.receive(answer, 0, length, 1, SERVER);
    const seen: NatBehavior[] = [];
    assert.equal(query.drain({ onBehavior: (behavior) => void seen.push(behavior) }), true);
    assert.deepEqual(seen[0]?.error, { code: 400, reason: 'no' });
    assert.equal(query.deadline(), NEVER);
  });

  test('hostile bytes, answers of strangers and answers before a question are nothing', () => {
    const random = new SeededRandom(7);
    const query = new NatBehaviorQuery({ server: SERVER, random });
    const out = new Uint8Array(100);
    const answer = new Uint8Array(100);
    const write = (id: Uint8Array): number =>
      new MessageWriter().begin(answer, 0, 100, 'success', METHOD_BINDING, id).finish();
    query.receive(answer, 0, write(new Uint8Array(12)), 0, SERVER);
    const length = query.transmit(out, 0, 100, 0);
    for (let end = 0; end <= length; end++) query.receive(out, 0, end, 1, SERVER);
    query.receive(answer, 0, write(new Uint8Array(12)), 1, SERVER);
    query.receive(answer, 0, write(out.slice(8, 20)), 1, OTHER);
    assert.equal(query.drain({ onBehavior: () => assert.fail('nothing was answered') }), false);
    assert.equal(query.deadline(), 250);
  });
});
