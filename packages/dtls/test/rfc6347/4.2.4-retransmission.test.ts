import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEVER } from '@millrace/sans-io';
import { connected, connections, deliver, sealed, transmitted } from '../fixtures/connections.ts';
import { handshakeRecord, recordsOf } from '../fixtures/records.ts';

describe('RFC 6347 §4.2.4 timeout and retransmission', () => {
  test('an unanswered hello goes out after 0, 50, 150, 250, 450, 650 ms, until the time is up', () => {
    const all = connections();
    all.pair.ab.lose = () => true;
    all.pair.run(40_000);
    const times = all.sent.map(({ now }) => now);
    assert.deepEqual(times.slice(0, 6), [0, 50, 150, 250, 450, 650]);
    assert.equal(times.at(-1)! <= 30_000 && times.at(-1)! > 29_700, true);
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'timeout' });
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'timeout' });
    assert.equal(all.client.deadline(), NEVER);
  });

  test('the delays of the hello are an option', () => {
    const all = connections({ client: { helloRetransmitDelays: [10, 20], handshakeTimeout: 100 } });
    all.pair.ab.lose = () => true;
    all.pair.run(1000);
    assert.deepEqual(
      all.sent.map(({ now }) => now),
      [0, 10, 30, 50, 70, 90],
    );
  });

  test('an unanswered flight of the server is repeated after the known round trip and a quarter, twice, and then backs off up to the cap', () => {
    const all = connections({ server: { roundTripTime: 40, retransmitMax: 500 } });
    deliver(all.server, all.fromServer, transmitted(all.client)[0]!);
    const times: number[] = [];
    for (let now = 0; now < 2000; now = all.server.deadline()) {
      all.server.expire(now);
      if (transmitted(all.server, now).length > 0) times.push(now);
    }
    assert.deepEqual(times, [0, 75, 150, 300, 600, 1100, 1600]);
  });

  test('a handshake that began before there was a path counts all its times from there', () => {
    const all = connections({ client: { handshakeTimeout: 1_000 } });
    assert.equal(transmitted(all.client, 0).length, 1);
    all.client.setPath(200, 900);
    assert.equal(all.client.deadline(), 950);
    const times: number[] = [];
    for (let now = 900; now < NEVER; now = all.client.deadline()) {
      all.client.expire(now);
      if (transmitted(all.client, now).length > 0) times.push(now);
    }
    assert.deepEqual(times, [950, 1_050, 1_150, 1_350, 1_550, 1_750]);
    assert.deepEqual(all.client.closeReason, { by: 'local', code: 'timeout' });
  });

  test('a flight of the server that went out without a path is timed by the round trip of the path', () => {
    const all = connections();
    deliver(all.server, all.fromServer, transmitted(all.client)[0]!);
    all.server.setPath(200, 500);
    assert.equal(all.server.deadline(), 500 + 1.25 * 200 + 25);
    const connectedPair = connected();
    connectedPair.client.setPath(200, 5_000);
    assert.equal(connectedPair.client.deadline(), NEVER);
  });

  test('without a known round trip the option gives the first timeout', () => {
    const all = connections({ server: { retransmitInitial: 250 } });
    deliver(all.server, all.fromServer, transmitted(all.client)[0]!);
    assert.equal(all.server.deadline(), 250);
  });

  test('the client takes the round trip of a hello sent once, and no other', () => {
    for (const [delay, flights] of [
      [20, 1],
      [80, 2],
    ] as const) {
      const all = connections({ wire: { delay } });
      let afterFirst = 0;
      all.pair.ba.lose = () => afterFirst++ > 0; // the answer to the hello comes, nothing after it
      all.pair.run(2 * delay + 1);
      const timeout = flights === 1 ? 1.25 * 2 * delay + 25 : 100;
      assert.equal(all.client.deadline(), 2 * delay + timeout);
    }
  });

  test('every message is sent again with its number, in records with new numbers', () => {
    const all = connections();
    const [first] = transmitted(all.client);
    all.client.expire(50);
    const [second] = transmitted(all.client, 50);
    assert.deepEqual(first!.slice(13), second!.slice(13));
    assert.equal(second![10], first![10]! + 1);
  });

  test('a server whose flight is lost sends it again when the hello comes again', () => {
    const all = connections({ server: { retransmitInitial: 5000 } });
    let losses = 1;
    all.pair.ba.lose = () => losses-- > 0;
    assert.equal(
      all.pair.run(100, () => all.client.state === 'connected'),
      true,
    );
    assert.equal(all.pair.now, 50);
  });

  test('several copies of one flight are answered once', () => {
    const all = connections();
    const [hello] = transmitted(all.client);
    deliver(all.server, all.fromServer, hello!, 0);
    assert.equal(transmitted(all.server, 0).length, 1);
    for (let i = 0; i < 5; i++) deliver(all.server, all.fromServer, hello!, 10);
    assert.equal(transmitted(all.server, 10).length, 0);
    for (let i = 0; i < 5; i++) deliver(all.server, all.fromServer, hello!, 60);
    assert.equal(transmitted(all.server, 60).length, 1);
    assert.equal(all.server.drops['repeated-message'], 10);
  });

  test('a lost last flight of the server is sent again when the client repeats its own', () => {
    const all = connections();
    let seen = 0;
    all.pair.ba.lose = () => seen++ === 1;
    all.pair.run(5000, () => all.client.state === 'connected');
    assert.deepEqual([all.client.state, all.server.state], ['connected', 'connected']);
    assert.equal(all.server.deadline(), NEVER); // it has no timer of its own
  });

  test('a forged plaintext copy of the last flight of the client makes the server send nothing', () => {
    const all = connected();
    for (let sequence = 0; sequence < 5; sequence++) {
      deliver(all.server, all.fromServer, handshakeRecord(20, sequence, new Uint8Array(12)), 1000);
    }
    assert.deepEqual(transmitted(all.server, 1000), []);
  });

  test('each single loss of the exchange is made good', () => {
    for (const direction of ['ab', 'ba'] as const) {
      for (let victim = 0; victim < 6; victim++) {
        const all = connections({ client: { mtu: 300 }, server: { mtu: 300 }, wire: { delay: 10 } });
        let count = 0;
        all.pair[direction].lose = () => count++ === victim;
        const done = all.pair.run(
          2000,
          () => all.client.state === 'connected' && all.server.state === 'connected',
        );
        assert.equal(done, true, `${direction} ${victim}`);
      }
    }
  });

  test('nothing is sent once both sides are connected', () => {
    const all = connected();
    const before = all.sent.length;
    all.pair.run(100_000);
    assert.equal(all.sent.length, before);
    assert.deepEqual([all.client.deadline(), all.server.deadline()], [NEVER, NEVER]);
  });
});

describe('RFC 6347 §4.1 records of the next epoch that come early', () => {
  test('a Finished that overtakes the rest of its flight is kept', () => {
    const all = connections();
    deliver(all.server, all.fromServer, transmitted(all.client)[0]!);
    for (const datagram of transmitted(all.server)) deliver(all.client, all.fromClient, datagram);
    const records = recordsOf(transmitted(all.client)[0]!);
    for (const record of records.reverse()) deliver(all.server, all.fromServer, record.bytes);
    assert.equal(all.server.state, 'connected');
  });

  test('a lost ChangeCipherSpec costs nothing: the epoch of Finished says it all', () => {
    const all = connections();
    deliver(all.server, all.fromServer, transmitted(all.client)[0]!);
    for (const datagram of transmitted(all.server)) deliver(all.client, all.fromClient, datagram);
    for (const record of recordsOf(transmitted(all.client)[0]!)) {
      if (record.type !== 20) deliver(all.server, all.fromServer, record.bytes);
    }
    assert.equal(all.server.state, 'connected');
  });

  test('application data that overtakes the last flight waits for it and is told after onConnected', () => {
    const all = connections();
    let seen = 0;
    all.pair.ba.lose = () => seen++ === 1; // the server's Finished
    all.pair.run(20, () => all.server.state === 'connected');
    deliver(all.client, all.fromClient, sealed(all.server, 'early'));
    assert.deepEqual([all.client.state, all.fromClient.messages], ['connecting', []]);
    all.pair.run(5000, () => all.client.state === 'connected');
    assert.deepEqual(all.fromClient.messages, ['early']);
  });

  test('it tells that the last flight is lost, and the flight that asks for it goes out again at once, once a round trip', () => {
    const both = { roundTripTime: 20 };
    const all = connections({ client: both, server: both, wire: { delay: 10 } });
    let seen = 0;
    all.pair.ba.lose = () => seen++ === 1; // the server's Finished
    all.pair.run(5_000, () => all.server.state === 'connected');
    const before = all.sent.length;
    deliver(all.client, all.fromClient, sealed(all.server, 'at once'), all.pair.now + 10);
    const asked = transmitted(all.client, all.pair.now + 10);
    assert.equal(asked.length, 1);
    for (const text of ['b', 'c'])
      deliver(all.client, all.fromClient, sealed(all.server, text), all.pair.now + 15);
    assert.equal(transmitted(all.client, all.pair.now + 15).length, 0, 'sent before anybody knew');
    deliver(all.server, all.fromServer, asked[0]!, all.pair.now + 20);
    for (const datagram of transmitted(all.server, all.pair.now + 20))
      deliver(all.client, all.fromClient, datagram, all.pair.now + 30);
    assert.deepEqual(all.fromClient.messages, ['at once', 'b', 'c']);
    assert.equal(all.sent.length, before);
  });

  test('as many are kept as the cap says, the next one is dropped', () => {
    const all = connections({ client: { maxEarlyRecords: 3 } });
    let seen = 0;
    all.pair.ba.lose = () => seen++ === 1;
    all.pair.run(20, () => all.server.state === 'connected');
    for (const text of ['a', 'b', 'c', 'd']) deliver(all.client, all.fromClient, sealed(all.server, text));
    assert.equal(all.client.drops['early-record-overflow'], 1);
    all.pair.run(5000, () => all.client.state === 'connected');
    assert.deepEqual(all.fromClient.messages, ['a', 'b', 'c']);
  });

  test('bytes are capped as well', () => {
    const all = connections({ client: { maxEarlyBytes: 100 } });
    let seen = 0;
    all.pair.ba.lose = () => seen++ === 1;
    all.pair.run(20, () => all.server.state === 'connected');
    deliver(all.client, all.fromClient, sealed(all.server, 'x'.repeat(63))); // a record of 100 bytes
    deliver(all.client, all.fromClient, sealed(all.server, ''));
    assert.equal(all.client.drops['early-record-overflow'], 1);
    assert.equal(all.client.heldBytes, 100);
  });

  test('an early record that was forged is dropped when its time comes', () => {
    const all = connections();
    let seen = 0;
    all.pair.ba.lose = () => seen++ === 1;
    all.pair.run(20, () => all.server.state === 'connected');
    const forged = sealed(all.server, 'forged');
    forged[30] = forged[30]! ^ 1;
    deliver(all.client, all.fromClient, forged);
    all.pair.run(5000, () => all.client.state === 'connected');
    assert.deepEqual([all.fromClient.messages, all.client.drops['bad-mac']], [[], 1]);
  });
});

describe('RFC 6298 §3 the round trip that a handshake shows', () => {
  for (const maxVersion of ['1.2', '1.3'] as const) {
    test(`DTLS ${maxVersion}: is that of the first flight that was sent once, on either side`, () => {
      const all = connections({ wire: { delay: 20 }, client: { maxVersion }, server: { maxVersion } });
      assert.deepEqual([all.client.roundTripTime, all.server.roundTripTime], [undefined, undefined]);
      all.pair.run(1_000);
      assert.deepEqual([all.client.state, all.server.state], ['connected', 'connected']);
      assert.deepEqual([all.client.roundTripTime, all.server.roundTripTime], [40, 40]);
    });
  }

  test('is not taken from a flight that was sent again: nobody knows which of them was answered', () => {
    // The hello is repeated after 50 ms, and has each flight after it repeated.
    const all = connections({ wire: { delay: 30 } });
    all.pair.run(1_000);
    assert.equal(all.client.state, 'connected');
    assert.equal(all.client.roundTripTime, undefined);
  });
});
