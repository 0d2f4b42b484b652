import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { PASSWORD_ALGORITHM } from '@millrace/stun';
import { METHOD_CHANNEL_BIND, METHOD_REFRESH } from '../../src/attributes.ts';
import { Meeting, PEER } from '../meeting.ts';

describe('RFC 8489 §9.2: long-term credentials', () => {
  test('a wrong password is refused after one try', () => {
    const meeting = new Meeting({ password: 'wrong' }).begin();
    assert.equal(meeting.ends[0]?.errorCode, 401);
    assert.deepEqual(meeting.server.seen, ['allocate', 'allocate']);
  });

  test('the password is never sent, nor does it show in the client', () => {
    const password = 'tops3cret-passw0rd';
    const meeting = new Meeting({ password });
    const { server } = meeting;
    const heard: Uint8Array[] = [];
    const handle = server.handle.bind(server);
    server.handle = (bytes) => {
      heard.push(bytes);
      return handle(bytes);
    };
    meeting.begin();
    assert.equal(heard.length > 1, true);
    for (const bytes of heard) assert.equal(Buffer.from(bytes).includes(password), false);
    assert.equal(inspect(meeting.client, { depth: Infinity, showHidden: true }).includes(password), false);
  });

  test('a stale nonce is taken anew, on refreshes and bindings too', () => {
    const meeting = new Meeting().begin();
    meeting.server.nonce = 'nonce-2';
    meeting.send('a', PEER);
    assert.equal(meeting.server.passedOn.length, 1);
    meeting.server.nonce = 'nonce-3';
    meeting.run(540_000);
    assert.equal(meeting.client.state, 'allocated');
  });

  test('a server whose nonces are always stale is given up', () => {
    const meeting = new Meeting();
    meeting.server.answer = () => {
      meeting.server.nonce += 'x';
      return undefined;
    };
    meeting.begin();
    assert.equal(meeting.ends[0]?.errorCode, 438);
    assert(meeting.server.seen.length <= 6);
  });

  test('§9.2.5: a success with a wrong or without integrity is as if it had not come', () => {
    for (const lie of [{ key: new Uint8Array(16) }, { unsigned: true }] as const) {
      const meeting = new Meeting();
      meeting.server.answer = () => (meeting.server.seen.length > 1 ? lie : undefined);
      meeting.begin();
      assert.equal(meeting.allocations.length, 0);
      assert.equal(meeting.client.drops['bad-integrity'], 1);
    }
  });

  test('a forged refusal with a wrong integrity changes nothing', () => {
    const meeting = new Meeting().begin();
    meeting.server.nonce = 'other';
    meeting.server.answer = (_message, method) => (method === METHOD_REFRESH ? { error: 437 } : undefined);
    const { handle } = meeting.server;
    meeting.server.handle = (bytes) => {
      const response = handle.call(meeting.server, bytes);
      if (response !== undefined) response[response.length - 1] = response.at(-1)! ^ 1;
      return response;
    };
    meeting.run(540_000);
    assert.equal(meeting.client.state, 'allocated');
    assert.equal(meeting.client.drops['bad-integrity'], 1);
  });

  test('§9.2.4: SHA-256 where the server offers it, and the offer is sent back', () => {
    const meeting = new Meeting();
    // Bit 0 of the security features, in base64.
    meeting.server.nonce = 'obMatJos2gAAAabc';
    meeting.server.algorithms = [2, 1];
    const used: Array<number | undefined> = [];
    meeting.server.answer = (message) => {
      used.push(message.get(PASSWORD_ALGORITHM)?.algorithm);
      return undefined;
    };
    meeting.begin();
    assert.deepEqual(used, [undefined, 2]);
    assert.equal(meeting.client.state, 'allocated');
  });

  test('§9.2.5: the bit without the list, a list without anything known, or too long a one, is not followed', () => {
    for (const algorithms of [undefined, [7], Array<number>(65).fill(2)]) {
      const meeting = new Meeting();
      meeting.server.nonce = 'obMatJos2gAAAabc';
      meeting.server.algorithms = algorithms;
      meeting.begin();
      assert.equal(meeting.client.drops['bad-attribute'], 1);
      assert.equal(meeting.client.state, 'allocating');
    }
  });

  test('responses to nothing, or of another method, are dropped', () => {
    const meeting = new Meeting().begin();
    const kept: Uint8Array[] = [];
    const { handle } = meeting.server;
    meeting.server.handle = (bytes) => {
      const response = handle.call(meeting.server, bytes);
      if (response !== undefined) kept.push(response.slice());
      return response;
    };
    meeting.send('a', PEER);
    meeting.give(kept[0]!);
    assert.equal(meeting.client.drops.unexpected, 1);
    meeting.server.answer = (_message, method) =>
      method === METHOD_CHANNEL_BIND ? { silent: true } : undefined;
    meeting.give(meeting.server.indication(undefined, undefined));
    assert.equal(meeting.client.state, 'allocated');
  });
});
