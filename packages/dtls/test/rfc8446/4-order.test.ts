// RFC 8446 §4: messages come in one order. Every message of either side is taken for every other one, left out, or said
// twice, by a peer that has all keys; whoever hears it ends the handshake, and nobody is taken for verified.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HANDSHAKE_HEADER_BYTES } from '../../src/handshake/header.ts';
import { type Connections, deliver, transmitted } from '../fixtures/connections.ts';
import { connections13, epochOf, openedPieces, type Side, sealedIn } from '../fixtures/connections-13.ts';
import { fragment } from '../fixtures/records.ts';

const HANDSHAKE = 22;
const NAMES: Readonly<Record<number, string>> = {
  8: 'EncryptedExtensions',
  11: 'Certificate',
  13: 'CertificateRequest',
  15: 'CertificateVerify',
  20: 'Finished',
};

interface Message {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Has `side` say something else than its protected flight, and tells what the other side makes of it. */
function said(side: Side, change: (messages: Message[]) => Message[]): Connections {
  const all = connections13();
  for (const datagram of transmitted(all.client)) deliver(all.server, all.fromServer, datagram);
  const flight = transmitted(all.server);
  if (side === 'client') for (const datagram of flight) deliver(all.client, all.fromClient, datagram);
  const keys = epochOf(all, side, 'HANDSHAKE_TRAFFIC_SECRET');
  const records = (side === 'client' ? transmitted(all.client) : flight).flatMap((datagram) =>
    openedPieces(datagram, [keys]),
  );
  const [other, sink] = side === 'client' ? [all.server, all.fromServer] : [all.client, all.fromClient];
  if (side === 'server') {
    const end = 13 + records[0]!.content.length;
    deliver(other, sink, flight[0]!.slice(0, end)); // the ServerHello
  }
  const messages = records
    .filter(({ epoch, type }) => epoch === 2 && type === HANDSHAKE)
    .map(({ content }) => ({ type: content[0]!, body: content.slice(HANDSHAKE_HEADER_BYTES) }));
  for (const [i, { type, body }] of change(messages).entries()) {
    deliver(other, sink, sealedIn(keys, HANDSHAKE, fragment(type, 1 + i, body), 500 + i));
  }
  return all;
}

/** The flight of each side, by type. */
const FLIGHTS: Readonly<Record<Side, readonly number[]>> = {
  server: [8, 13, 11, 15, 20],
  client: [11, 15, 20],
};
const outcome = (all: Connections, side: Side) => (side === 'client' ? all.fromServer : all.fromClient);

describe('RFC 8446 §4 the order of messages', () => {
  for (const side of ['server', 'client'] as const) {
    const flight = FLIGHTS[side];

    test(`${side}: as it is said, it leads to a connection`, () => {
      const all = said(side, (messages) => {
        assert.deepEqual(
          messages.map(({ type }) => type),
          flight,
        );
        return messages;
      });
      assert.equal(outcome(all, side).connected, 1);
    });

    for (const [at, type] of flight.entries()) {
      test(`${side}: ${NAMES[type]} left out`, () => {
        const all = said(side, (messages) => messages.filter((_, i) => i !== at));
        const { closed, connected } = outcome(all, side);
        const isLast = at === flight.length - 1;
        const code = type === 13 ? 'certificate-not-requested' : 'unexpected-message';
        assert.equal(closed?.code, isLast ? undefined : code);
        assert.equal(connected, 0);
      });

      test(`${side}: any other message in place of ${NAMES[type]}`, () => {
        for (let other = 0; other < 30; other++) {
          if (other === type) continue;
          const all = said(side, (messages) =>
            messages.map((message, i) => (i === at ? { ...message, type: other } : message)),
          );
          const { closed, connected } = outcome(all, side);
          const code = type === 13 && other === 11 ? 'certificate-not-requested' : 'unexpected-message';
          assert.deepEqual([closed?.code, connected], [code, 0], `type ${other}`);
        }
      });

      test(`${side}: ${NAMES[type]} twice`, () => {
        const all = said(side, (messages) =>
          messages.flatMap((each, i) => (i === at ? [each, each] : [each])),
        );
        const { closed, connected } = outcome(all, side);
        // What comes after a Finished, under the keys before it, is no message of the handshake any more.
        assert.deepEqual([closed?.code, connected], ['unexpected-message', type === 20 ? 1 : 0]);
      });
    }

    test(`${side}: every other order`, () => {
      for (const order of permutations(flight.length)) {
        if (order.every((from, i) => from === i)) continue;
        const all = said(side, (messages) => order.map((from) => messages[from]!));
        assert.equal(outcome(all, side).connected, 0, `${order}`);
        assert.notEqual(outcome(all, side).closed, undefined, `${order}`);
      }
    });
  }
});

function permutations(length: number): number[][] {
  if (length === 0) return [[]];
  return permutations(length - 1).flatMap((each) =>
    Array.from({ length }, (_, at) => [...each.slice(0, at), length - 1, ...each.slice(at)]),
  );
}
