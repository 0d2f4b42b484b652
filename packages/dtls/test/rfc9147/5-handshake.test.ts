import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXTENSION } from '../../src/handshake/extensions.ts';
import { parseClientHello, writeClientHello } from '../../src/handshake/messages/client-hello.ts';
import { parseServerHello, writeServerHello } from '../../src/handshake/messages/server-hello.ts';
import { supportedVersionsExtension } from '../../src/handshake/supported-versions.ts';
import { DtlsConnection } from '../../src/index.ts';
import {
  type Connections,
  connected,
  connections,
  deliver,
  Recorder,
  serverOptions,
  transmitted,
} from '../fixtures/connections.ts';
import { changedDatagram, connected13, connections13, IN_1_3, meddled } from '../fixtures/connections-13.ts';
import { handshakeRecord, recordsOf } from '../fixtures/records.ts';

const EITHER = { maxVersion: '1.3' } as const;
const COOKIE = { secret: new Uint8Array(32).fill(3), clientAddress: new Uint8Array(6) };
const total = (datagrams: readonly Uint8Array[]): number =>
  datagrams.reduce((sum, { length }) => sum + length, 0);

describe('RFC 9147 §5.3, RFC 8446 §4.2.1 version negotiation', () => {
  const cases = [
    ['both speak both', EITHER, EITHER, 'FEFC'],
    ['the client speaks 1.2 alone', {}, EITHER, 'FEFD'],
    ['the server speaks 1.2 alone', EITHER, {}, 'FEFD'],
    ['the client speaks 1.3 alone', { ...EITHER, minVersion: '1.3' }, EITHER, 'FEFC'],
    ['a version without a suite is not spoken', { ...EITHER, cipherSuites: [0xc02b] }, EITHER, 'FEFD'],
    ['nor one without a group', { ...EITHER, groups: [0x11ec] }, EITHER, 'FEFC'],
  ] as const;
  for (const [name, client, server, version] of cases) {
    test(name, () => {
      const all = connected({ client, server });
      assert.deepEqual([all.client.tlsVersion, all.server.tlsVersion], [version, version]);
    });
  }

  test('there is no common one: both are told', () => {
    for (const [client, server] of [
      [{ maxVersion: '1.2' }, { ...EITHER, minVersion: '1.3' }],
      [{ ...EITHER, minVersion: '1.3' }, { maxVersion: '1.2' }],
    ] as const) {
      const all = connections({ client, server });
      all.pair.run(1000);
      assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'protocol-version', alert: 70 });
      assert.deepEqual(all.fromClient.closed, { by: 'remote', code: 'alert', alert: 70 });
    }
  });

  test('a server of 1.2 that asks for a cookie gets it in the combined hello', () => {
    const all = connected({ client: EITHER, server: { helloVerify: COOKIE } });
    assert.equal(all.client.tlsVersion, 'FEFD');
  });

  test('both hybrid and curve shares go out in one hello that a server of 1.2 puts together', () => {
    const all = connected({ client: EITHER });
    const hellos = all.sent.filter(({ from, now }) => from === 'a' && now === 0);
    assert.equal(hellos.length >= 2 && hellos.every(({ bytes }) => bytes.length <= 1200), true);
  });

  test('the hello may come in any order, and repeated, whatever the version', () => {
    for (const server of [EITHER, {}]) {
      const all = connections({ client: EITHER, server });
      const [first, second] = transmitted(all.client);
      for (const datagram of [second!, second!, first!, first!])
        deliver(all.server, all.fromServer, datagram);
      for (let i = 0; i < 6; i++) {
        for (const datagram of transmitted(all.server)) deliver(all.client, all.fromClient, datagram);
        for (const datagram of transmitted(all.client)) deliver(all.server, all.fromServer, datagram);
      }
      assert.deepEqual([all.client.state, all.server.state], ['connected', 'connected']);
    }
  });
});

describe('RFC 8446 §4.1.3 downgrade protection', () => {
  test('a server that knows 1.3 marks its random when it is made to speak 1.2, and only then', () => {
    for (const [client, server, isMarked] of [
      [{}, EITHER, true],
      [EITHER, {}, false],
      [{}, {}, false],
    ] as const) {
      const all = connected({ client, server });
      const flight = all.sent.find(({ from }) => from === 'b')!.bytes;
      const { random } = parseServerHello(recordsOf(flight)[0]!.content.slice(12))!;
      assert.equal(Buffer.from(random.slice(24, 31)).toString() === 'DOWNGRD' && random[31] === 1, isMarked);
    }
  });

  test('a client that offered 1.3 refuses a hello of 1.2 that is marked', () => {
    const all = connections({ client: { ...EITHER, groups: [29] }, server: EITHER });
    // Somebody takes 1.3 out of the offer.
    const [hello] = transmitted(all.client);
    const changed = changedDatagram(hello!, undefined, (_, body) => {
      const { extensions, ...rest } = parseClientHello(body)!;
      const versions = [EXTENSION.supportedVersions, supportedVersionsExtension([0xfefd])] as const;
      return writeClientHello({ ...rest, extensions: new Map([...extensions, versions]) });
    });
    deliver(all.server, all.fromServer, changed);
    for (const datagram of transmitted(all.server)) deliver(all.client, all.fromClient, datagram);
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'downgraded', alert: 47 });
  });

  test('nor one that is marked as 1.1; a client of 1.2 alone does not care', () => {
    for (const [client, code] of [
      [{ ...EITHER, groups: [29] }, 'downgraded'],
      [{}, undefined],
    ] as const) {
      const all = connections({ client });
      deliver(all.server, all.fromServer, transmitted(all.client)[0]!);
      const marked = changedDatagram(transmitted(all.server)[0]!, undefined, (type, body) => {
        if (type !== 2) return body;
        const hello = parseServerHello(body)!;
        const random = hello.random.slice();
        random.set([...Buffer.from('DOWNGRD'), 0], 24);
        return writeServerHello({ ...hello, random });
      });
      deliver(all.client, all.fromClient, marked);
      assert.equal(all.fromClient.closed?.code, code ?? 'bad-signature'); // which the change breaks, of course
    }
  });
});

/** The two hellos of a client that meets a server that asks for a cookie. */
function twoHellos(all: Connections): [first: Uint8Array, second: Uint8Array] {
  const [first] = transmitted(all.client, 0, 9000);
  deliver(all.server, all.fromServer, first!);
  for (const datagram of transmitted(all.server, 0, 9000)) deliver(all.client, all.fromClient, datagram);
  return [first!, transmitted(all.client, 0, 9000)[0]!];
}

describe('RFC 9147 §5.1 denial of service: the cookie', () => {
  const server = { helloVerify: COOKIE };

  test('is asked for, and both connect', () => {
    for (const client of [{}, { keyShares: 0 }]) {
      const all = connected13({ client, server });
      assert.equal(all.sent.filter(({ from }) => from === 'b').length >= 3, true);
      assert.deepEqual([all.client.helloRetries, all.server.helloRetries], [1, 1]);
    }
  });

  test('the request is no longer than three times the hello, and has no timer', () => {
    const all = connections13({ server });
    const [hello] = transmitted(all.client, 0, 9000);
    deliver(all.server, all.fromServer, hello!);
    assert.equal(total(transmitted(all.server)) <= 3 * hello!.length, true);
    all.server.expire(10_000);
    assert.deepEqual(transmitted(all.server, 10_000), []);
  });

  test('a server that has kept nothing of the first hello goes on with the second', () => {
    for (const client of [{}, { keyShares: 0 }]) {
      const all = connections13({ client, server });
      const [, second] = twoHellos(all);
      const fresh = new DtlsConnection(serverOptions({ ...IN_1_3, ...server }, 77));
      const sink = new Recorder();
      fresh.start(0);
      deliver(fresh, sink, second);
      for (let i = 0; i < 4; i++) {
        for (const datagram of transmitted(fresh, 0, 9000)) deliver(all.client, all.fromClient, datagram);
        for (const datagram of transmitted(all.client, 0, 9000)) deliver(fresh, sink, datagram);
      }
      assert.deepEqual([all.client.state, fresh.state], ['connected', 'connected']);
    }
  });

  test('one that is not ours, or of another address, ends the handshake', () => {
    for (const helloVerify of [
      { ...COOKIE, secret: new Uint8Array(32).fill(4) },
      { ...COOKIE, clientAddress: Uint8Array.of(9) },
    ]) {
      const all = connections13({ server });
      const [, second] = twoHellos(all);
      const fresh = new DtlsConnection(serverOptions({ ...IN_1_3, helloVerify }, 77));
      const sink = new Recorder();
      fresh.start(0);
      deliver(fresh, sink, second);
      assert.deepEqual(sink.closed, { by: 'local', code: 'illegal-parameter', alert: 47 });
    }
  });

  test('a second hello without it ends the handshake', () => {
    const all = connections13({ server });
    meddled(all, {
      client: (type, body) => {
        if (type !== 1) return body;
        const { extensions, ...rest } = parseClientHello(body)!;
        const without = [...extensions].filter(([each]) => each !== EXTENSION.cookie);
        return writeClientHello({ ...rest, extensions: new Map(without) });
      },
    });
    assert.deepEqual(all.fromServer.closed, { by: 'local', code: 'illegal-parameter', alert: 47 });
  });

  test('a first hello with number 1 and no cookie is asked for one', () => {
    const all = connections13({ server });
    const [hello] = transmitted(all.client, 0, 9000);
    const body = recordsOf(hello!)[0]!.content.slice(12);
    deliver(all.server, all.fromServer, handshakeRecord(1, 1, body));
    assert.equal(transmitted(all.server).length, 1);
    assert.equal(all.server.state, 'connecting');
  });
});

describe('RFC 9147 §5.1, RFC 9000 §8.1 amplification', () => {
  test('a server sends at most three times what has come, until the client answers', () => {
    const all = connections13({ server: { amplificationLimit: 3, mtu: 300 } });
    const [hello] = transmitted(all.client, 0, 9000);
    deliver(all.server, all.fromServer, hello!);
    let sent = total(transmitted(all.server));
    for (let now = 0; now < 20_000; now += 100) {
      all.server.expire(now);
      sent += total(transmitted(all.server, now));
    }
    assert.equal(sent <= 3 * hello!.length, true, `${sent} for ${hello!.length}`);
    assert.equal(sent > 2 * hello!.length, true);
  });

  test('and as much as it likes from then on', () => {
    const all = connections13({ server: { amplificationLimit: 3 } });
    all.pair.run(10_000, () => all.client.state === 'connected' && all.server.state === 'connected');
    assert.deepEqual([all.client.state, all.server.state], ['connected', 'connected']);
    all.server.updateKeys();
    assert.equal(transmitted(all.server).length > 0, true);
  });

  test('in 1.2 as well', () => {
    const all = connections({ server: { amplificationLimit: 3, mtu: 300 } });
    const [hello] = transmitted(all.client);
    deliver(all.server, all.fromServer, hello!);
    let sent = 0;
    for (let now = 0; now < 20_000; now += 100) {
      all.server.expire(now);
      sent += total(transmitted(all.server, now));
    }
    assert.equal(sent <= 3 * hello!.length, true);
    assert.equal(connected({ server: { amplificationLimit: 3 } }).server.state, 'connected');
  });
});
