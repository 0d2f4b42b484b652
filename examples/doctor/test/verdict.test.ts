import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { kindOf } from '../src/addresses.ts';
import type { ConnectionFinding, Findings, NatFinding, NatKind, ServerFinding } from '../src/findings.ts';
import { kindOfNat } from '../src/nat.ts';
import { adviceOn } from '../src/verdict.ts';

const HEALTHY: Findings = {
  addresses: [{ interfaceName: 'eth0', address: '10.0.0.2', kind: 'private', isCandidate: true }],
  mdns: { works: true },
  servers: [],
  nat: undefined,
  connections: [{ name: 'own addresses', works: true }],
  meeting: undefined,
};

const stun: ServerFinding = { url: 'stun:a', kind: 'stun', transport: 'udp', mapped: '203.0.113.5:4000' };
const turn: ServerFinding = { url: 'turn:a', kind: 'turn', transport: 'udp', relayed: '203.0.113.9:5000' };
const overTls: ServerFinding = { ...turn, url: 'turns:a', transport: 'tls' };
const silent = (server: ServerFinding): ServerFinding => ({
  ...server,
  failure: { code: 'SILENT', message: 'a does not answer' },
});

function natOf(kind: NatKind, more: Partial<NatFinding> = {}): NatFinding {
  const places = { local: '10.0.0.2:4000', mapped: '203.0.113.5:4000' };
  return {
    kind,
    servers: ['stun:a'],
    ...places,
    mapping: undefined,
    filtering: undefined,
    hairpins: true,
    ...more,
  };
}

function codes(findings: Partial<Findings>): string[] {
  return adviceOn({ ...HEALTHY, ...findings }).map(({ level, code }) => `${level} ${code}`);
}

describe('what findings mean', () => {
  test('nothing is wrong, and little is known', () => {
    assert.deepEqual(codes({}), ['note NO_SERVERS']);
  });

  test('no network', () => {
    const lone = [
      { interfaceName: 'lo', address: '127.0.0.1', kind: 'loopback', isCandidate: true },
    ] as const;
    assert.ok(codes({ addresses: lone }).includes('problem NO_NETWORK'));
  });

  test('who can be met behind which NAT, with a relay and without', () => {
    const told = (kind: NatKind, ...servers: ServerFinding[]): string[] =>
      codes({ nat: natOf(kind), servers });
    assert.deepEqual(told('open', stun), ['good NAT_OPEN']);
    assert.deepEqual(told('full-cone', stun), ['good NAT_FULL_CONE']);
    assert.deepEqual(told('port-restricted', stun), ['note NO_RELAY', 'good NAT_PORT_RESTRICTED']);
    assert.deepEqual(told('port-restricted', stun, turn), ['good NAT_PORT_RESTRICTED']);
    assert.deepEqual(told('symmetric', stun), ['problem NEEDS_RELAY', 'note NAT_SYMMETRIC']);
    assert.deepEqual(told('symmetric', stun, turn), ['note NAT_SYMMETRIC']);
    assert.deepEqual(told('symmetric', stun, silent(turn)), [
      'problem SERVER_SILENT',
      'problem NEEDS_RELAY',
      'note NAT_SYMMETRIC',
    ]);
  });

  test('a NAT that does not turn back what is sent to it', () => {
    assert.ok(
      codes({ nat: natOf('full-cone', { hairpins: false }), servers: [stun] }).includes('note NO_HAIRPIN'),
    );
  });

  test('UDP is blocked where TLS gets through, and may be where nothing does', () => {
    assert.ok(codes({ servers: [silent(stun), overTls] }).includes('problem UDP_BLOCKED'));
    assert.ok(codes({ servers: [silent(stun), silent(turn)] }).includes('problem UDP_SILENT'));
    assert.ok(!codes({ servers: [silent(stun), turn, overTls] }).includes('problem UDP_BLOCKED'));
  });

  test('connections with itself that fail, but for the NAT that does not hairpin', () => {
    const failed = (name: ConnectionFinding['name']): ConnectionFinding => ({
      name,
      works: false,
      trouble: { code: 'NO_ANSWERS', message: 'nothing comes back' },
    });
    assert.ok(codes({ connections: [failed('own addresses')] }).includes('problem NO_CONNECTION'));
    assert.ok(codes({ connections: [failed('relay')] }).includes('problem NO_CONNECTION'));
    assert.ok(!codes({ connections: [failed('public address')] }).includes('problem NO_CONNECTION'));
  });

  test('the other side: met, met by a relay, not met behind two symmetric NATs', () => {
    const meeting = {
      name: 'other side',
      works: true,
      local: 'host 10.0.0.2:1',
      remote: 'srflx 1.2.3.4:1',
    } as const;
    assert.ok(codes({ meeting }).includes('good MET'));
    assert.ok(codes({ meeting: { ...meeting, local: 'relay 1.2.3.4:5' } }).includes('note MET_BY_RELAY'));
    const trouble = { code: 'NO_ANSWERS', message: 'nothing comes back' };
    const advice = adviceOn({
      ...HEALTHY,
      nat: natOf('symmetric'),
      meeting: { name: 'other side', works: false, trouble },
    });
    assert.ok(advice.some(({ code }) => code === 'NOT_MET'));
    assert.match(advice.find(({ code }) => code === 'BOTH_NATS')?.message ?? '', /only a relay will do/);
  });

  test('no mDNS', () => {
    assert.ok(codes({ mdns: { works: false, reason: 'the port is taken' } }).includes('note NO_MDNS'));
  });
});

test('kinds of NAT by mapping and filtering', () => {
  assert.equal(kindOfNat('none', 'endpoint-independent'), 'open');
  assert.equal(kindOfNat('none', 'address-dependent'), 'firewall');
  assert.equal(kindOfNat('endpoint-independent', 'endpoint-independent'), 'full-cone');
  assert.equal(kindOfNat('endpoint-independent', 'address-dependent'), 'address-restricted');
  assert.equal(kindOfNat('endpoint-independent', 'address-and-port-dependent'), 'port-restricted');
  assert.equal(kindOfNat('endpoint-independent', undefined), 'cone-of-unknown-filter');
  assert.equal(kindOfNat('address-dependent', 'address-dependent'), 'symmetric');
  assert.equal(kindOfNat('address-and-port-dependent', undefined), 'symmetric');
  assert.equal(kindOfNat(undefined, undefined), 'unknown');
});

test('kinds of addresses', () => {
  const cases = {
    '127.0.0.1': 'loopback',
    '::1': 'loopback',
    '169.254.1.1': 'link-local',
    'fe80::1%eth0': 'link-local',
    '192.168.1.2': 'private',
    '172.31.0.1': 'private',
    'fd00::1': 'private',
    '100.64.0.1': 'shared',
    '203.0.113.5': 'public',
    '2001:db8::1': 'public',
  } as const;
  for (const [address, kind] of Object.entries(cases)) assert.equal(kindOf(address), kind, address);
});
