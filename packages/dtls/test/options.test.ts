// What a caller can do wrong is said at once, by name, and changes nothing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DtlsConnection, DtlsError } from '../src/index.ts';
import { clientOptions, connections, type Overrides, Recorder } from './fixtures/connections.ts';

describe('options', () => {
  const wrong: Array<[string, Overrides]> = [
    ['mtu', { mtu: 127 }],
    ['mtu', { mtu: 70_000 }],
    ['mtu', { mtu: Number.NaN }],
    ['versions', { minVersion: '1.3' }], // with a latest one of 1.2
    ['versions', { minVersion: '1.3', maxVersion: '1.3', cipherSuites: [0xc02b] }],
    ['versions', { groups: [0x11ec] }],
    ['keyShares', { keyShares: -1 }],
    ['keyShares', { keyShares: 1.5 }],
    ['keyShares', { keyShares: 5 }],
    ['amplificationLimit', { amplificationLimit: 0 }],
    ['forgeryLimit', { forgeryLimit: 0 }],
    ['forgeryLimit', { forgeryLimit: 2 ** 37 }],
    ['epochRetention', { epochRetention: -1 }],
    ['cipherSuites', { cipherSuites: [] }],
    ['cipherSuites', { cipherSuites: [0x1301] }],
    ['groups', { groups: [] }],
    ['groups', { groups: [25] }],
    ['helloRetransmitDelays', { helloRetransmitDelays: [] }],
    ['helloRetransmitDelays', { helloRetransmitDelays: [50, 0] }],
    ['retransmitInitial', { retransmitInitial: 0 }],
    ['retransmitMax', { retransmitMax: -1 }],
    ['handshakeTimeout', { handshakeTimeout: 0 }],
    ['roundTripTime', { roundTripTime: -1 }],
    ['maxMessageBytes', { maxMessageBytes: 2 ** 24 }],
    ['maxReassemblyBytes', { maxReassemblyBytes: 0 }],
    ['maxMessagesAhead', { maxMessagesAhead: 0 }],
    ['maxEarlyRecords', { maxEarlyRecords: -1 }],
    ['maxEarlyBytes', { maxEarlyBytes: -1 }],
    ['recordLimit', { recordLimit: 2 ** 48 }],
    ['keyUpdateAfter', { keyUpdateAfter: 0 }],
    ['keyUpdateAfter', { keyUpdateAfter: 2 ** 48 }],
    ['helloVerify', { helloVerify: { secret: new Uint8Array(15), clientAddress: new Uint8Array(6) } }],
  ];
  for (const [name, overrides] of wrong) {
    test(`${JSON.stringify(overrides)} is refused`, () => {
      assert.throws(
        () => new DtlsConnection(clientOptions(overrides)),
        (error) =>
          error instanceof DtlsError && error.code === 'INVALID_OPTION' && error.message.includes(name),
      );
    });
  }

  test('undefined is the same as left out', () => {
    const connection = new DtlsConnection(
      clientOptions({ mtu: undefined, groups: undefined, roundTripTime: undefined }),
    );
    assert.equal(connection.state, 'new');
  });
});

describe('the life of a connection', () => {
  test('it starts once', () => {
    const all = connections();
    assert.throws(() => all.client.start(0), { code: 'ALREADY_STARTED' });
  });

  test('before the start everything that comes is dropped', () => {
    const all = connections({ start: false });
    all.client.start(0);
    all.pair.run(10);
    assert.equal(all.server.drops['not-started'], 1);
    all.server.start(10);
    assert.equal(
      all.pair.run(100, () => all.server.state === 'connected'),
      true,
    );
  });

  test('drain tells whether there was anything, and each thing once', () => {
    const all = connections();
    const recorder = new Recorder();
    assert.equal(all.client.drain(recorder), false);
    all.pair.run(100);
    assert.equal(all.client.drain(recorder), false);
    all.client.close(100);
    assert.equal(all.client.drain(recorder), true);
    assert.equal(all.client.drain(recorder), false);
    assert.equal(recorder.closedCount, 1);
  });

  test('what a sink does in the middle of drain is safe: closing leaves the rest in order', () => {
    const all = connections();
    all.pair.run(100);
    const seen: string[] = [];
    all.server.close(100);
    all.server.drain({
      onConnected: () => seen.push('connected'),
      onApplicationData: () => seen.push('data'),
      onClosed: () => {
        seen.push('closed');
        all.server.close(100);
      },
    });
    assert.deepEqual(seen, ['closed']);
  });
});
