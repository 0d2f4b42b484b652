// The same peer is the same object, for as many peers as a socket remembers, and no flood of senders makes it grow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_REMOTES } from '../src/options.ts';
import { Remotes } from '../src/udp/remotes.ts';

const name = (peer: number): Uint8Array => Uint8Array.of(2, 0, peer >> 8, peer & 0xff, 10, 0, peer >> 16, 1);

function newRemotes(): { remotes: Remotes; made: () => number } {
  let count = 0;
  const remotes = new Remotes(8, (bytes, at) => {
    count++;
    return { address: `10.0.${bytes[at + 6]}.1`, port: (bytes[at + 2]! << 8) | bytes[at + 3]! };
  });
  return { remotes, made: () => count };
}

test('as many peers as are remembered keep their objects', () => {
  const { remotes, made } = newRemotes();
  const objects = Array.from({ length: MAX_REMOTES }, (_, peer) => remotes.find(name(peer), 0));
  assert.equal(new Set(objects).size, MAX_REMOTES);
  for (let peer = MAX_REMOTES - 1; peer >= 0; peer--) {
    assert.equal(remotes.find(name(peer), 0), objects[peer]);
    assert.equal(objects[peer]!.port, peer & 0xffff);
  }
  assert.equal(made(), MAX_REMOTES);
});

test('one more than are remembered, and all others are forgotten', () => {
  const { remotes } = newRemotes();
  const first = remotes.find(name(0), 0);
  for (let peer = 1; peer < MAX_REMOTES; peer++) remotes.find(name(peer), 0);
  assert.equal(remotes.size, MAX_REMOTES);
  const last = remotes.find(name(MAX_REMOTES), 0);
  assert.equal(remotes.size, 1);
  assert.equal(remotes.find(name(MAX_REMOTES), 0), last);
  assert.notEqual(remotes.find(name(0), 0), first);
  for (let peer = 0; peer < 5 * MAX_REMOTES; peer++) remotes.find(name(peer), 0);
  assert.ok(remotes.size <= MAX_REMOTES);
});

test('addresses are read wherever they lie', () => {
  const { remotes } = newRemotes();
  const bytes = new Uint8Array(40);
  bytes.set(name(7), 13);
  bytes.set(name(8), 26);
  assert.equal(remotes.find(bytes, 13), remotes.find(name(7), 0));
  assert.notEqual(remotes.find(bytes, 26), remotes.find(bytes, 13));
});
