// How long the first datagram to a peer takes through a relay, in virtual time over a delayed path.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Millis, NEVER } from '@millrace/sans-io';
import { SeededRandom, Wire } from '@millrace/sans-io/testing';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { TurnClient, type TurnSink } from '@millrace/turn';
import { PEER } from '../meeting.ts';
import { PASSWORD, TurnServer, USER } from '../turn-server.ts';

/** One way, between the client and the server. */
const DELAY: Millis = 50;
const CHECK = new TextEncoder().encode('a check');

/** When the server has each datagram for the peer, counted from when the client was given it. */
function arrivalOfFirst(options: { readonly loseBind?: boolean } = {}): Millis[] {
  const random = new SeededRandom(1);
  const up = new Wire(random, { delay: DELAY });
  const down = new Wire(random, { delay: DELAY });
  const server = new TurnServer();
  const client = new TurnClient({
    username: USER,
    password: PASSWORD,
    crypto: nodeStunCrypto,
    random,
    rto: 200,
  });
  const slot = new Uint8Array(2_000);
  const arrivals: Millis[] = [];
  let now: Millis = 0;
  let givenAt: Millis = NEVER;
  const sink: TurnSink = {
    onAllocated: () => {
      givenAt = now;
      if (options.loseBind === true) up.lose = (bytes) => bytes[1] === 9 && now === givenAt;
      client.wrap(CHECK, 0, CHECK.length, PEER, slot, 0, slot.length);
    },
    onData: () => {},
    onPeerRefused: () => {},
    onEnd: () => {},
  };
  client.start();
  while (now < 5_000) {
    do client.drain(sink);
    while (flush());
    now = Math.min(up.next(), down.next(), client.deadline());
    for (let got = up.take(now); got; got = up.take(now)) {
      const isChannelData = got.bytes[0]! >> 6 === 1;
      const before = server.passedOn.length;
      const response = isChannelData ? undefined : server.handle(got.bytes.slice());
      if (isChannelData || server.passedOn.length > before) arrivals.push(now - givenAt);
      if (response) down.send(response, 0, response.length, now);
    }
    for (let got = down.take(now); got; got = down.take(now))
      client.receive(got.bytes.slice(), 0, got.bytes.length, now);
    client.expire(now);
  }
  return arrivals;

  function flush(): boolean {
    const length = client.transmit(slot, 0, slot.length, now);
    if (length > 0) up.send(slot, 0, length, now);
    return length > 0;
  }
}

describe('RFC 8656 §11.1 and §12: the first datagram to a peer', () => {
  test('is at the server after half a round trip, once', () => {
    assert.deepEqual(arrivalOfFirst(), [DELAY]);
  });

  test('follows a request that is repeated because the first was lost', () => {
    assert.deepEqual(arrivalOfFirst({ loseBind: true }), [200 + DELAY]);
  });
});
