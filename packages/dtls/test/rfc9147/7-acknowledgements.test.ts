import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Acknowledgements,
  MAX_ACKNOWLEDGED_RECORDS,
  readAcknowledgement,
} from '../../src/handshake/acknowledgements.ts';
import { MAX_SENT_RECORDS, SentRecords } from '../../src/handshake/sent-records.ts';
import {
  type Connections,
  connected,
  deliver,
  recordUnderKeys,
  sealed,
  transmitted,
} from '../fixtures/connections.ts';
import { connected13, connections13, epochOf, openedRecords, sealedIn } from '../fixtures/connections-13.ts';
import { fragment, record } from '../fixtures/records.ts';

const [HANDSHAKE, ACK] = [22, 26];
type Number_ = readonly [epoch: number, sequence: number];

/** The content of an ACK. */
function ackOf(...numbers: readonly Number_[]): Uint8Array {
  const acknowledgements = new Acknowledgements();
  for (const [epoch, sequence] of numbers) acknowledgements.onRecord(epoch, sequence);
  const out = new Uint8Array(acknowledgements.bytes);
  acknowledgements.write(out, 0);
  return out;
}

function numbersOf(content: Uint8Array): Number_[] {
  const numbers: Number_[] = [];
  assert.equal(
    readAcknowledgement(content, 0, content.length, (epoch, sequence) => numbers.push([epoch, sequence])),
    true,
  );
  return numbers;
}

/** The client's hello delivered: what the server says, one record a datagram more or less. */
function serverFlight(all: Connections): Uint8Array[] {
  for (const datagram of transmitted(all.client, 0, 9000)) deliver(all.server, all.fromServer, datagram);
  return transmitted(all.server, 0, 9000);
}

const total = (datagrams: readonly Uint8Array[]): number =>
  datagrams.reduce((sum, { length }) => sum + length, 0);

describe('RFC 9147 §7 ACK messages', () => {
  test('name records by epoch and sequence number, in order, each once', () => {
    const bytes = ackOf([3, 1], [2, 7], [2, 0], [3, 1]);
    assert.equal(bytes.length, 2 + 3 * 16);
    assert.deepEqual(numbersOf(bytes), [
      [2, 0],
      [2, 7],
      [3, 1],
    ]);
  });

  test(`name the last ${MAX_ACKNOWLEDGED_RECORDS} records at most`, () => {
    const numbers = Array.from({ length: MAX_ACKNOWLEDGED_RECORDS + 1 }, (_, i) => [2, i] as const);
    assert.deepEqual(numbersOf(ackOf(...numbers)), numbers.slice(1));
  });

  test('are as many as it takes where one has no room for all', () => {
    const numbers = Array.from({ length: 9 }, (_, i) => [2, i] as const);
    const acknowledgements = new Acknowledgements();
    for (const [epoch, sequence] of numbers) acknowledgements.onRecord(epoch, sequence);
    acknowledgements.tellNow();
    const out = new Uint8Array(80);
    assert.equal(acknowledgements.write(out, 0, 17), 0);
    const written: Number_[] = [];
    for (let i = 0; acknowledgements.isPending; i++) {
      const length = acknowledgements.write(out, 0, 80);
      assert.equal(length, [66, 66, 18][i]);
      written.push(...numbersOf(out.slice(0, length)));
    }
    assert.deepEqual(written, numbers);
    // With the smallest datagrams there are, a flight takes more records than one ACK has room for.
    const all = connected13({ client: { mtu: 128 }, server: { mtu: 128 } });
    assert.equal(all.client.deadline(), Number.POSITIVE_INFINITY);
  });

  test('that are malformed are dropped: each length but the right ones', () => {
    const whole = ackOf([2, 0], [2, 1]);
    for (let length = 0; length < whole.length; length++) {
      assert.equal(
        readAcknowledgement(whole, 0, length, () => {}),
        false,
        `${length}`,
      );
    }
    const all = connected13();
    const epoch = epochOf(all, 'client', 'TRAFFIC_SECRET_0');
    deliver(all.server, all.fromServer, sealedIn(epoch, ACK, whole.slice(0, 20), 300));
    assert.deepEqual([all.server.drops['bad-acknowledgement'], all.server.state], [1, 'connected']);
  });

  test('numbers beyond all reason are passed over', () => {
    const bytes = new Uint8Array(18).fill(0xff);
    bytes[0] = 0;
    bytes[1] = 16;
    assert.deepEqual(numbersOf(bytes), []);
  });
});

describe('RFC 9147 §7.1 sending ACKs', () => {
  test('the last flight of the client is acknowledged at once, under the newest keys', () => {
    const all = connections13();
    for (const datagram of serverFlight(all)) deliver(all.client, all.fromClient, datagram);
    const flight = transmitted(all.client, 0, 9000);
    const sent = flight.flatMap((each) =>
      openedRecords(each, [epochOf(all, 'client', 'HANDSHAKE_TRAFFIC_SECRET')]),
    );
    for (const datagram of flight) deliver(all.server, all.fromServer, datagram);
    const [ack, ...others] = openedRecords(transmitted(all.server)[0]!, [
      epochOf(all, 'server', 'TRAFFIC_SECRET_0'),
    ]);
    assert.deepEqual([others, ack!.type, ack!.epoch], [[], ACK, 3]);
    assert.deepEqual(
      numbersOf(ack!.content),
      sent.map(({ epoch, sequence }) => [epoch, sequence]),
    );
  });

  test('it is acknowledged again whenever it comes again', () => {
    const all = connections13();
    for (const datagram of serverFlight(all)) deliver(all.client, all.fromClient, datagram);
    for (const datagram of transmitted(all.client, 0, 9000)) deliver(all.server, all.fromServer, datagram);
    transmitted(all.server); // lost
    const at = all.client.deadline();
    all.client.expire(at);
    for (const datagram of transmitted(all.client, at, 9000))
      deliver(all.server, all.fromServer, datagram, at);
    const again = transmitted(all.server, at);
    assert.equal(again.length, 1);
    deliver(all.client, all.fromClient, again[0]!, at);
    assert.equal(all.client.deadline(), Number.POSITIVE_INFINITY);
  });

  test('what has come of a flight is told when the rest is late, not before, and only the rest is sent again', () => {
    const all = connections13({ server: { mtu: 300 } });
    const flight = serverFlight(all);
    assert.equal(flight.length > 2, true);
    for (const datagram of flight.slice(0, -1)) deliver(all.client, all.fromClient, datagram);
    assert.deepEqual(transmitted(all.client), []);
    const at = all.client.deadline();
    assert.equal(at > 0 && at <= 25, true);
    all.client.expire(at);
    const [ack] = transmitted(all.client, at);
    deliver(all.server, all.fromServer, ack!, at);
    const again = transmitted(all.server, at);
    assert.equal(total(again), flight.at(-1)!.length);
    for (const datagram of again) deliver(all.client, all.fromClient, datagram, at);
    assert.equal(all.client.state, 'connected');
  });

  test('a gap is told at once', () => {
    const all = connections13({ server: { mtu: 200 } });
    const flight = serverFlight(all);
    for (const [i, datagram] of flight.entries()) if (i !== 2) deliver(all.client, all.fromClient, datagram);
    const [ack] = transmitted(all.client);
    assert.notEqual(ack, undefined);
    deliver(all.server, all.fromServer, ack!);
    assert.equal(total(transmitted(all.server)), flight[2]!.length);
  });

  test('a client that can read nothing says so, and all of it is sent again', () => {
    const all = connections13({ server: { mtu: 300, retransmitInitial: 10_000 } });
    const flight = serverFlight(all);
    deliver(all.client, all.fromClient, flight.at(-1)!, 40);
    assert.equal(all.client.deadline() < 70, true);
    all.client.expire(70);
    const [ack] = transmitted(all.client, 70);
    assert.deepEqual([ack![0], ack!.subarray(13, 15)], [ACK, Uint8Array.of(0, 0)]); // it names nothing
    deliver(all.server, all.fromServer, ack!.slice(0, 15), 100);
    assert.equal(total(transmitted(all.server, 100, 9000)), total(flight));
    assert.deepEqual([all.client.state, all.server.state], ['connecting', 'connecting']);
  });

  test('records that were not kept are not acknowledged', () => {
    const all = connected13();
    const epoch = epochOf(all, 'client', 'TRAFFIC_SECRET_0');
    const tooEarly = fragment(24, 200, Uint8Array.of(0));
    const wrong = fragment(24, 3, Uint8Array.of(0)).slice(0, 8);
    for (const [i, bytes] of [tooEarly, wrong].entries()) {
      deliver(all.server, all.fromServer, sealedIn(epoch, HANDSHAKE, bytes, 300 + i));
      assert.deepEqual(transmitted(all.server), []);
    }
    assert.equal(all.server.drops['message-too-early'], 1);
  });

  test('application data is never acknowledged', () => {
    const all = connected13();
    for (let i = 0; i < 5; i++) deliver(all.server, all.fromServer, sealed(all.client, 'x'));
    assert.deepEqual([transmitted(all.server), all.server.deadline()], [[], Number.POSITIVE_INFINITY]);
  });
});

describe('RFC 9147 §7.2 receiving ACKs', () => {
  test('one in plaintext acknowledges nothing that was protected', () => {
    const all = connections13();
    const [flight] = serverFlight(all);
    const forged = Array.from({ length: 8 }, (_, i) => [2, i] as const);
    deliver(all.server, all.fromServer, record(ACK, ackOf([0, 0], ...forged), { sequence: 9 }));
    const again = transmitted(all.server, 0, 9000);
    // The plaintext part may be left out by a forger; what matters stays.
    assert.equal(total(again) < flight!.length && total(again) > 400, true);
    deliver(all.client, all.fromClient, flight!);
    assert.equal(all.client.state, 'connected');
  });

  test('one for records that were never sent, or not by us, changes nothing', () => {
    const all = connections13({ server: { mtu: 300 } });
    const flight = serverFlight(all);
    const never = [0, 2, 3, 4].flatMap((epoch) => [50, 65_536, 2 ** 40].map((sequence) => [epoch, sequence]));
    const content = ackOf(...(never as unknown as Number_[]));
    deliver(all.server, all.fromServer, record(ACK, content, { sequence: 1 }));
    assert.deepEqual(transmitted(all.server), []);
    for (const datagram of flight) deliver(all.client, all.fromClient, datagram);
    assert.equal(all.client.state, 'connected');
    all.client.updateKeys();
    transmitted(all.client);
    const epoch = epochOf(all, 'server', 'HANDSHAKE_TRAFFIC_SECRET');
    deliver(all.client, all.fromClient, sealedIn(epoch, ACK, content, 100));
    assert.deepEqual([all.client.keyUpdates.sent, all.client.state], [0, 'connected']);
  });

  test('there is none before 1.3 has been chosen, nor in 1.2: a hello goes on being sent', () => {
    for (const client of [{ minVersion: '1.3' }, { minVersion: '1.2', maxVersion: '1.2' }] as const) {
      const all = connections13({ client });
      transmitted(all.client);
      const forged = record(ACK, ackOf([0, 0], [0, 1], [0, 2]), { sequence: 3 });
      deliver(all.client, all.fromClient, forged);
      assert.equal(all.client.drops['unexpected-content-type'], 1);
      all.client.expire(50);
      assert.equal(transmitted(all.client, 50)[0]![0], HANDSHAKE);
    }
    const all = connected({ client: { maxVersion: '1.2', keyLog: true }, server: { maxVersion: '1.2' } });
    deliver(all.server, all.fromServer, recordUnderKeys(all, ACK, ackOf(), 90));
    assert.deepEqual([all.server.drops['unexpected-content-type'], all.server.state], [1, 'connected']);
  });

  test('after a HelloRetryRequest a server may send them for the second hello', () => {
    const all = connections13({ client: { groups: [29, 23], keyShares: 1 }, server: { groups: [23] } });
    const [request] = serverFlight(all);
    deliver(all.client, all.fromClient, request!);
    transmitted(all.client);
    deliver(all.client, all.fromClient, record(ACK, ackOf([0, 1]), { sequence: 5 }));
    assert.equal(all.client.drops['unexpected-content-type'], 0);
    all.client.expire(500);
    assert.deepEqual(transmitted(all.client, 500), []); // it has arrived
  });

  test('many of them cause no more than one sending each of what they leave', () => {
    const all = connections13({ server: { mtu: 300 } });
    const flight = serverFlight(all);
    let sent = 0;
    for (let i = 0; i < 1000; i++) {
      const bytes = record(ACK, ackOf([0, i % 4], [7, i]), { sequence: i });
      deliver(all.server, all.fromServer, bytes, 0);
      sent += total(transmitted(all.server, 0));
    }
    assert.equal(sent <= 4 * total(flight), true, `${sent} bytes`);
  });

  test('empty ones make a flight go out again no oftener than its repetition by the peer would', () => {
    const all = connections13();
    const flight = serverFlight(all);
    let sent = 0;
    for (let now = 0; now < 49; now++) {
      deliver(all.server, all.fromServer, record(ACK, ackOf(), { sequence: now }), now);
      sent += total(transmitted(all.server, now, 9000));
    }
    assert.equal(sent <= total(flight), true, `${sent} bytes`);
  });

  test('a flight that is acknowledged has no timer, and nothing of it is sent again', () => {
    const all = connected13();
    const before = all.sent.length;
    all.pair.run(100_000);
    assert.equal(all.sent.length, before);
    assert.deepEqual([all.client.deadline(), all.server.deadline()], [Infinity, Infinity]);
  });

  test('without an acknowledgement it is sent again, ever later, until the time is up; the connection stays', () => {
    const all = connections13();
    let answers = 0;
    all.pair.ba.lose = () => answers++ > 0;
    all.pair.run(100_000);
    const again = all.sent.filter(({ from }) => from === 'a');
    assert.equal(again.length > 5 && again.length < 40, true, `${again.length}`);
    assert.equal(again.at(-1)!.now < 35_000, true);
    assert.deepEqual([all.client.state, all.client.deadline()], ['connected', Infinity]);
  });

  test('the first piece of an answer acknowledges the whole flight', () => {
    const all = connections13({ client: { mtu: 300 } });
    for (const datagram of serverFlight(all)) deliver(all.client, all.fromClient, datagram);
    deliver(all.server, all.fromServer, transmitted(all.client, 0, 9000)[0]!);
    const at = all.server.deadline(); // to acknowledge that piece
    all.server.expire(at);
    assert.equal(total(transmitted(all.server, at)) < 100, true);
    all.server.expire(at + 5000);
    assert.deepEqual(transmitted(all.server, at + 5000), []);
  });

  test(`the last ${MAX_SENT_RECORDS} records of a flight are remembered`, () => {
    const sent = new SentRecords<string>();
    for (let i = 0; i <= MAX_SENT_RECORDS; i++) sent.add(2, i, [{ item: `${i}`, from: 0, to: 1 }]);
    assert.deepEqual([sent.size, sent.take(2, 0), sent.take(2, 1)[0]?.item], [MAX_SENT_RECORDS, [], '1']);
    assert.deepEqual(sent.take(2, 1), []);
  });
});
