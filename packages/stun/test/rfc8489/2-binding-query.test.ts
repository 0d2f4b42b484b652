import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEVER } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import {
  BindingQuery,
  ERROR_CODE,
  type ErrorCode,
  MAPPED_ADDRESS,
  METHOD_BINDING,
  MessageWriter,
  parseMessage,
  type TransportAddress,
  verifyFingerprint,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';

const MAPPED: TransportAddress = { address: '203.0.113.5', port: 40_000 };

class Asked {
  readonly query: BindingQuery;
  readonly news: Array<
    [mapped: TransportAddress, roundTripTime: number | undefined] | ErrorCode | 'nothing'
  > = [];
  readonly out = new Uint8Array(100);

  constructor(tunables?: ConstructorParameters<typeof BindingQuery>[1]) {
    this.query = new BindingQuery(new SeededRandom(1), tunables);
  }

  send(now: number): Uint8Array {
    return this.out.slice(0, this.query.transmit(this.out, 0, 100, now));
  }

  answer(
    request: Uint8Array,
    now: number,
    write: (writer: MessageWriter) => void,
    kind: 'success' | 'error' = 'success',
  ): void {
    const response = new Uint8Array(200);
    const writer = new MessageWriter().begin(response, 0, 200, kind, METHOD_BINDING, request.slice(8, 20));
    write(writer);
    const length = writer.finish();
    this.query.receive(response, 0, length, now);
    this.drain();
  }

  drain(): void {
    this.query.drain({
      onMapped: (mapped, roundTripTime) => void this.news.push([mapped, roundTripTime]),
      onFailed: (error) => void this.news.push(error ?? 'nothing'),
    });
  }
}

describe('RFC 8489 §2: how a server sees a socket', () => {
  test('one request, one answer, and the round trip it shows', () => {
    const asked = new Asked();
    const request = asked.send(100);
    const message = parseMessage(request, 0, request.length)!;
    assert.equal(message.method, METHOD_BINDING);
    assert(verifyFingerprint(message));
    assert.equal(asked.send(100).length, 0);
    asked.answer(request, 130, (writer) => writer.add(XOR_MAPPED_ADDRESS, MAPPED));
    assert.deepEqual(asked.news, [[MAPPED, 30]]);
    assert.equal(asked.query.deadline(), NEVER);
    asked.answer(request, 140, (writer) => writer.add(XOR_MAPPED_ADDRESS, MAPPED));
    assert.equal(asked.news.length, 1, 'a second answer says nothing new');
  });

  test('§14.1: the plain address of servers that know no other', () => {
    const asked = new Asked();
    asked.answer(asked.send(0), 1, (writer) => writer.add(MAPPED_ADDRESS, MAPPED));
    assert.deepEqual(asked.news, [[MAPPED, 1]]);
  });

  test('§6.2.1: sent again with growing pauses, then given up', () => {
    const asked = new Asked({ rto: 200, rtoMax: 3_200, sends: 6, lastWait: 8 });
    const sentAt: number[] = [];
    for (let now = 0; asked.news.length === 0; now = asked.query.deadline()) {
      asked.query.expire(now);
      if (asked.send(now).length > 0) sentAt.push(now);
      asked.drain();
      if (sentAt.length === 6 && asked.query.deadline() === NEVER) break;
    }
    assert.deepEqual(sentAt, [0, 200, 600, 1_400, 3_000, 6_200]);
    assert.deepEqual(asked.news, ['nothing']);
  });

  test('§6.3.4: an error is an end', () => {
    const asked = new Asked();
    asked.answer(asked.send(0), 1, (writer) => writer.add(ERROR_CODE, { code: 400, reason: 'no' }), 'error');
    assert.deepEqual(asked.news, [{ code: 400, reason: 'no' }]);
  });

  test('answers to others, without an address or from port 0, are no news or a failure', () => {
    const asked = new Asked();
    const request = asked.send(0);
    asked.answer(
      request.map((byte, i) => (i === 19 ? byte ^ 1 : byte)),
      1,
      (writer) => writer.add(XOR_MAPPED_ADDRESS, MAPPED),
    );
    asked.query.receive(request, 0, request.length, 1);
    asked.query.receive(Uint8Array.of(1, 2, 3), 0, 3, 1);
    asked.drain();
    assert.deepEqual(asked.news, []);
    asked.answer(request, 1, (writer) => writer.add(XOR_MAPPED_ADDRESS, { ...MAPPED, port: 0 }));
    assert.deepEqual(asked.news, ['nothing']);
  });

  test('before it was sent nothing can be its answer', () => {
    const asked = new Asked();
    const guessed = new Asked();
    asked.answer(guessed.send(0), 0, (writer) => writer.add(XOR_MAPPED_ADDRESS, MAPPED));
    assert.deepEqual(asked.news, []);
  });
});
