import assert from 'node:assert/strict';
import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import {
  bytesAttribute,
  ERROR_CODE,
  METHOD_BINDING,
  MessageWriter,
  parseMessage,
  type StunMessage,
  UNKNOWN_ATTRIBUTES,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import { startSignalingServer } from '../src/server.ts';
import { startStunServer } from '../src/stun-server.ts';
import { ManualClock } from './clocks.ts';

const ID = new Uint8Array(12).fill(7);

async function client(t: TestContext): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => socket.close());
  await once(socket, 'listening');
  return socket;
}

async function ask(socket: Socket, port: number, request: Uint8Array): Promise<StunMessage> {
  socket.send(request, port, '127.0.0.1');
  const [bytes] = (await once(socket, 'message')) as [Uint8Array];
  return parseMessage(bytes, 0, bytes.length)!;
}

function request(method: number = METHOD_BINDING, unknown?: number): Uint8Array {
  const out = new Uint8Array(100);
  const writer = new MessageWriter().begin(out, 0, 100, 'request', method, ID);
  if (unknown !== undefined) writer.add(bytesAttribute(unknown, 'UNKNOWN', 0, 10), new Uint8Array(4));
  return out.slice(0, writer.addFingerprint().finish());
}

describe('the STUN server', () => {
  test('tells a client the address it is seen at', async (t) => {
    const server = await startStunServer({ host: '127.0.0.1', port: 0, clock: new ManualClock() });
    t.after(() => server.close());
    const socket = await client(t);
    const answer = await ask(socket, server.port, request());
    assert.equal(answer.messageClass, 'success');
    assert.deepEqual(answer.transactionId, ID);
    assert.deepEqual(answer.get(XOR_MAPPED_ADDRESS), { address: '127.0.0.1', port: socket.address().port });
  });

  test('RFC 8489 §6.3.1: what it must understand and does not is named', async (t) => {
    const server = await startStunServer({ host: '127.0.0.1', port: 0, clock: new ManualClock() });
    t.after(() => server.close());
    const answer = await ask(await client(t), server.port, request(METHOD_BINDING, 0x7001));
    assert.equal(answer.get(ERROR_CODE)?.code, 420);
    assert.deepEqual(answer.get(UNKNOWN_ATTRIBUTES), [0x7001]);
  });

  test('answers only so often, nothing that is no request, and nothing much longer than the question', async (t) => {
    const clock = new ManualClock();
    const server = await startStunServer({ host: '127.0.0.1', port: 0, clock });
    t.after(() => server.close());
    const socket = await client(t);
    let [answers, bytes] = [0, 0];
    socket.on('message', (message) => {
      answers++;
      bytes += message.length;
    });
    const garbage = [
      new Uint8Array(0),
      new Uint8Array(20),
      request().subarray(0, 19),
      new Uint8Array(1_000).fill(1),
    ];
    const indication = request();
    indication[0] = 0; // a binding indication: 0x0011
    indication[1] = 0x11;
    const forged = request();
    forged[forged.length - 1]! ^= 1;
    for (const each of [...garbage, indication, forged]) socket.send(each, server.port, '127.0.0.1');
    const question = request();
    for (let i = 0; i < 30; i++) socket.send(question, server.port, '127.0.0.1');
    while (server.answered + server.dropped < 36) await new Promise(setImmediate);
    while (answers < 20) await new Promise(setImmediate);
    assert.deepEqual([server.answered, server.dropped], [20, 16]);
    assert.ok(bytes <= answers * question.length * 2);
    clock.advance(1_000);
    await ask(socket, server.port, question);
  });

  test('a forged datagram from port 0, where nobody can be answered, is dropped', async (t) => {
    const bind = t.mock.method(Socket.prototype, 'bind');
    const server = await startStunServer({ host: '127.0.0.1', port: 0, clock: new ManualClock() });
    t.after(() => server.close());
    const socket = bind.mock.calls[0]!.this as Socket;
    const question = Buffer.from(request());
    socket.emit('message', question, {
      address: '127.0.0.1',
      family: 'IPv4',
      port: 0,
      size: question.length,
    });
    assert.deepEqual([server.answered, server.dropped], [0, 1]);
  });

  test('comes with the signaling server when it is asked for', async (t) => {
    await using server = await startSignalingServer({ stunPort: 0 });
    const answer = await ask(await client(t), server.stunPort!, request());
    assert.equal(answer.messageClass, 'success');
  });
});
