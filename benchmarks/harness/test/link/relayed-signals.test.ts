import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RelayedSignals } from '../../src/link/relayed-signals.ts';

function translator(): { signals: RelayedSignals; placed: unknown[] } {
  const placed: unknown[] = [];
  const signals = new RelayedSignals({
    ports: { a: 1001, b: 1002 },
    setPeer: (face, { address, port }) => placed.push([face, address, port]),
  });
  return { signals, placed };
}

const candidate = (text: string) => ({ kind: 'candidate', candidate: text, mid: '0' }) as const;

describe('signals of peers that meet in a relay', () => {
  test('one candidate of each peer becomes the face of the other', () => {
    const { signals, placed } = translator();
    assert.deepEqual(
      signals.translate('a', candidate('candidate:1 1 UDP 2122 192.0.2.1 5000 typ host generation 0')),
      {
        kind: 'candidate',
        candidate: 'candidate:1 1 UDP 2122 192.0.2.1 1002 typ host',
        mid: '0',
      },
    );
    assert.deepEqual(signals.translate('b', candidate('a=candidate:7 1 udp 99 192.0.2.1 6000 typ host')), {
      kind: 'candidate',
      candidate: 'candidate:7 1 udp 99 192.0.2.1 1001 typ host',
      mid: '0',
    });
    assert.equal(
      signals.translate('a', candidate('candidate:1 1 UDP 2122 192.0.2.3 5000 typ host')),
      undefined,
    );
    assert.deepEqual(placed, [
      ['a', '192.0.2.1', 5000],
      ['b', '192.0.2.1', 6000],
    ]);
  });

  test('what the relay cannot carry is left out', () => {
    const { signals, placed } = translator();
    for (const text of [
      'candidate:1 1 udp 1 2001:db8::1 5000 typ host',
      'candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active',
      'candidate:1 1 udp 1 192.0.2.1 5000 typ srflx raddr 0.0.0.0 rport 0',
      'candidate:1 2 udp 1 192.0.2.1 5000 typ host',
      'candidate:1 1 udp 1 1b2c.local 5000 typ host',
    ])
      assert.equal(signals.translate('a', candidate(text)), undefined, text);
    assert.deepEqual(placed, []);
  });

  test('candidates inside a description are treated alike', () => {
    const { signals } = translator();
    const sdp = [
      'v=0',
      'a=candidate:1 1 udp 1 2001:db8::1 5000 typ host',
      'a=candidate:1 1 udp 1 192.0.2.1 5000 typ host',
      'a=end-of-candidates',
      '',
    ].join('\r\n');
    assert.deepEqual(signals.translate('a', { kind: 'offer', sdp }), {
      kind: 'offer',
      sdp: 'v=0\r\na=candidate:1 1 udp 1 192.0.2.1 1002 typ host\r\na=end-of-candidates\r\n',
    });
  });
});
