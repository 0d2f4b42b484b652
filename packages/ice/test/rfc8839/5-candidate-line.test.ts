import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Candidate, formatCandidate, parseCandidate } from '@millrace/ice';
import fc from 'fast-check';

describe('RFC 8839 §5.1 candidate lines', () => {
  test('Chromium: a host candidate with generation, ufrag and network-cost', () => {
    const line =
      'candidate:3693269418 1 udp 2113937151 198.51.100.1 51196 typ host generation 0 ufrag 9cOZ network-cost 999';
    assert.deepEqual(parseCandidate(line), {
      foundation: '3693269418',
      component: 1,
      transport: 'udp',
      priority: 2113937151,
      address: '198.51.100.1',
      port: 51196,
      type: 'host',
      usernameFragment: '9cOZ',
      extensions: [
        { name: 'generation', value: '0' },
        { name: 'network-cost', value: '999' },
      ],
    } satisfies Candidate);
  });

  test('Chromium: an mDNS name is kept for whoever resolves it', () => {
    const line =
      'a=candidate:1741074411 1 udp 2113937151 3d3ca853-280d-4ec1-bd49-0bfca475e983.local 39955 typ host generation 0 network-cost 999';
    assert.equal(parseCandidate(line)?.address, '3d3ca853-280d-4ec1-bd49-0bfca475e983.local');
  });

  test('Firefox: transport in capitals, and an active TCP candidate', () => {
    assert.equal(parseCandidate('candidate:0 1 UDP 2122187007 192.0.2.7 52811 typ host')?.transport, 'udp');
    const tcp = parseCandidate('candidate:2 1 TCP 2105458943 198.51.100.1 9 typ host tcptype active');
    assert.equal(tcp?.transport, 'tcp');
    assert.equal(tcp?.tcpType, 'active');
  });

  test('a server-reflexive candidate has its related address', () => {
    const line = 'candidate:2 1 udp 1694498815 203.0.113.77 45664 typ srflx raddr 10.0.1.1 rport 8998';
    const candidate = parseCandidate(line);
    assert.equal(candidate?.type, 'srflx');
    assert.equal(candidate?.relatedAddress, '10.0.1.1');
    assert.equal(candidate?.relatedPort, 8998);
    assert.equal(formatCandidate(candidate), line);
  });

  test('an IPv6 address is brought to its one text', () => {
    assert.equal(
      parseCandidate('candidate:1 1 udp 1 2001:DB8:0:0:0:0:0:1 1 typ host')?.address,
      '2001:db8::1',
    );
  });

  test('white space around and a last name without value do no harm', () => {
    const candidate = parseCandidate('  a=candidate:1  1 udp 1 192.0.2.1 1 typ host foo bar lonely\r\n');
    assert.deepEqual(candidate?.extensions, [{ name: 'foo', value: 'bar' }]);
  });

  const wrong = [
    '',
    'candidate:',
    'candidate:1 1 udp 1 192.0.2.1 1 typ',
    'candidate:1 1 udp 1 192.0.2.1 1 host',
    'candidate:1 0 udp 1 192.0.2.1 1 typ host',
    'candidate:1 257 udp 1 192.0.2.1 1 typ host',
    'candidate:1 1 sctp 1 192.0.2.1 1 typ host',
    'candidate:1 1 udp 4294967296 192.0.2.1 1 typ host',
    'candidate:1 1 udp -1 192.0.2.1 1 typ host',
    'candidate:1 1 udp 1 192.0.2.1 65536 typ host',
    'candidate:1 1 udp 1 192.0.2 1 typ host',
    'candidate:1 1 udp 1 300.0.2.1 1 typ host',
    'candidate:1 1 udp 1 bad_name! 1 typ host',
    'candidate:1 1 udp 1 192.0.2.1 1 typ tunnel',
    'candidate:exclamation! 1 udp 1 192.0.2.1 1 typ host',
    `candidate:${'f'.repeat(33)} 1 udp 1 192.0.2.1 1 typ host`,
    'rtpmap:1 1 udp 1 192.0.2.1 1 typ host',
    `candidate:1 1 udp 1 192.0.2.1 1 typ host x ${'y'.repeat(1024)}`,
  ];
  for (const line of wrong)
    test(`${line.slice(0, 70)} is none`, () => assert.equal(parseCandidate(line), undefined));

  const token = fc.stringMatching(/^[a-z][a-z-]{0,8}x$/);
  const candidates = fc.record(
    {
      foundation: fc.stringMatching(/^[A-Za-z0-9+/]{1,32}$/),
      component: fc.integer({ min: 1, max: 256 }),
      transport: fc.constantFrom('udp', 'tcp'),
      priority: fc.nat(0xffffffff),
      address: fc.oneof(fc.ipV4(), fc.constantFrom('::1', '2001:db8::7', 'x.local')),
      port: fc.nat(65535),
      type: fc.constantFrom('host', 'srflx', 'prflx', 'relay'),
      relatedAddress: fc.ipV4(),
      relatedPort: fc.nat(65535),
      tcpType: fc.constantFrom('active', 'passive', 'so'),
      usernameFragment: fc.stringMatching(/^[A-Za-z0-9+/]{4,20}$/),
      extensions: fc.array(fc.record({ name: token, value: token }, { noNullPrototype: true }), {
        minLength: 1,
        maxLength: 4,
      }),
    },
    {
      requiredKeys: ['foundation', 'component', 'transport', 'priority', 'address', 'port', 'type'],
      noNullPrototype: true,
    },
  ) as fc.Arbitrary<Candidate>;

  test('what is written is read again', () => {
    fc.assert(
      fc.property(candidates, (candidate) => {
        assert.deepEqual(parseCandidate(formatCandidate(candidate)), candidate);
      }),
      { numRuns: 500 },
    );
  });

  test('no text throws, however it is cut or spoiled', () => {
    const line =
      'candidate:2 1 udp 1694498815 203.0.113.77 45664 typ srflx raddr 10.0.1.1 rport 8998 ufrag abcd';
    for (let length = 0; length <= line.length; length++) parseCandidate(line.slice(0, length));
    fc.assert(
      fc.property(fc.string(), fc.nat(line.length), (junk, at) => {
        parseCandidate(junk);
        parseCandidate(line.slice(0, at) + junk + line.slice(at + junk.length));
      }),
      { numRuns: 1000 },
    );
  });

  test('a line break or another control character in a field makes it no candidate', () => {
    for (const character of ['\r', '\n', '\0', '\x1b', '\x7f', '\x85', '\u2028']) {
      const line = `candidate:1 1 udp 1 192.0.2.1 5 typ host x y${character}a=ice-lite z w`;
      assert.equal(parseCandidate(line), undefined, JSON.stringify(character));
    }
    assert.ok(
      parseCandidate('a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n'),
      'the end of its line is no part of it',
    );
  });
});
