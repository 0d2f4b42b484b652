import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { u32 } from '@millrace/sans-io';
import type { SctpOptions } from '@millrace/sctp';
import { type ConnectedPair, connectedPair } from '@millrace/sctp/testing';
import { CHUNK, makeChunk, NO_VALUE } from '../../src/packet/chunks.ts';
import { crc32c } from '../../src/packet/crc32c.ts';
import { parseInit } from '../../src/packet/init.ts';
import { bytes, dataChunk, initChunk, PEER_TSN, packetOf, ScriptedPeer } from '../scripted-peer.ts';

const { INIT, INIT_ACK, COOKIE_ECHO, COOKIE_ACK, DATA, SACK } = CHUNK;
const ORDERED = { ordered: true };
/** RFC 9653 §7.2: SCTP over DTLS. */
const METHOD_DTLS = 1;

/** Which types of chunks led packets with, and which without, a checksum. */
interface Seen {
  readonly zero: Set<number>;
  readonly checked: Set<number>;
}

function observed(a: Partial<SctpOptions>, b: Partial<SctpOptions>): { p: ConnectedPair; a: Seen; b: Seen } {
  const seen = { a: newSeen(), b: newSeen() };
  const p = connectedPair({ connect: 'none', wire: { delay: 5 }, a, b, both: { interleaving: false } });
  p.pair.ab.lose = (packet) => note(seen.a, packet);
  p.pair.ba.lose = (packet) => note(seen.b, packet);
  p.a.connect(p.now);
  assert.ok(p.run(1_000, () => p.a.state === 'connected'));
  p.a.send(1, 51, bytes(3_000), 0, 3_000, ORDERED, p.now);
  p.b.send(1, 51, bytes(3_000), 0, 3_000, ORDERED, p.now);
  p.run(1_000);
  assert.deepEqual([p.atA.messages.length, p.atB.messages.length], [1, 1]);
  return { p, ...seen };
}

function newSeen(): Seen {
  return { zero: new Set(), checked: new Set() };
}

function note(seen: Seen, packet: Uint8Array): boolean {
  (u32(packet, 8) === 0 ? seen.zero : seen.checked).add(packet[12]!);
  return false;
}

/** A peer that offers to take packets without checksums, or does not. */
function connected(zeroChecksum: number | undefined, options: Partial<SctpOptions>): ScriptedPeer {
  const offer = zeroChecksum === undefined ? {} : { zeroChecksum };
  return new ScriptedPeer(options).connect(offer);
}

function withoutChecksum(packet: Uint8Array): Uint8Array {
  return packet.fill(0, 8, 12);
}

describe('RFC 9653 §4 the Zero Checksum Acceptable parameter', () => {
  test('is eight bytes: type 0x8001 and the method', () => {
    const init = initChunk({ zeroChecksum: METHOD_DTLS });
    assert.ok(Buffer.from(init).toString('hex').includes('8001000800000001'));
    assert.equal(parseInit(init, 0, init.length)?.zeroChecksum, METHOD_DTLS);
  });

  test('is offered if the option says so, and not otherwise', () => {
    for (const zeroChecksum of [false, true]) {
      const p = connectedPair({ both: { zeroChecksum } });
      const inits = p.chunks.filter(({ type }) => type === INIT || type === INIT_ACK);
      const offers = inits.map(({ bytes: b }) => parseInit(b, 0, b.length)?.zeroChecksum);
      assert.ok(offers.length > 1);
      assert.ok(offers.every((offer) => offer === (zeroChecksum ? METHOD_DTLS : undefined)));
    }
  });

  test('one that is too short says nothing', () => {
    const init = initChunk({ zeroChecksum: METHOD_DTLS, extensions: [] });
    const at = Buffer.from(init).indexOf(Buffer.from('8001', 'hex'));
    init[at + 3] = 4; // the method becomes a parameter of type 0 and length 1
    assert.notEqual(parseInit(init, 0, at + 4)?.zeroChecksum, METHOD_DTLS);
  });
});

describe('RFC 9653 §5.2 sender side', () => {
  test('where both offer it, nothing but the handshake carries a checksum', () => {
    const { p, a, b } = observed({ zeroChecksum: true }, { zeroChecksum: true });
    assert.deepEqual([p.a.hasZeroChecksum, p.b.hasZeroChecksum], [true, true]);
    assert.deepEqual([...a.checked].sort(), [INIT, COOKIE_ECHO]);
    assert.deepEqual([...b.checked], [INIT_ACK]);
    assert.ok(a.zero.has(DATA) && b.zero.has(COOKIE_ACK) && b.zero.has(SACK));
  });

  test('where only one does, every packet carries one', () => {
    for (const [first, second] of [
      [true, false],
      [false, true],
    ] as const) {
      const { p, a, b } = observed({ zeroChecksum: first }, { zeroChecksum: second });
      assert.deepEqual([p.a.hasZeroChecksum, p.b.hasZeroChecksum], [false, false]);
      assert.deepEqual([a.zero.size, b.zero.size], [0, 0]);
    }
  });

  test('a method that we do not have is no offer', () => {
    const peer = connected(2, { zeroChecksum: true });
    assert.equal(peer.association.hasZeroChecksum, false);
  });

  test('the answer to a stranger carries one', () => {
    const peer = connected(METHOD_DTLS, { zeroChecksum: true });
    peer.association.abort('enough', peer.now);
    const slab = new Uint8Array(2_000);
    const length = peer.association.transmit(slab, 0, slab.length, peer.now);
    const claimed = slab.slice(8, 12);
    slab.fill(0, 8, 12);
    const crc = crc32c(slab, 0, length);
    assert.deepEqual([...claimed], [crc & 255, (crc >>> 8) & 255, (crc >>> 16) & 255, crc >>> 24]);
  });
});

describe('RFC 9653 §5.3 receiver side', () => {
  test('a packet with zero is taken where we have offered to', () => {
    const peer = connected(undefined, { zeroChecksum: true });
    peer.sendRaw(withoutChecksum(packetOf([dataChunk({ tsn: PEER_TSN })], peer.tag)));
    assert.equal(peer.seen.messages.length, 1);
  });

  test('and one with a checksum still', () => {
    const peer = connected(METHOD_DTLS, { zeroChecksum: true });
    peer.send([dataChunk({ tsn: PEER_TSN })]);
    assert.equal(peer.seen.messages.length, 1);
  });

  test('a wrong checksum that is not zero is none', () => {
    const peer = connected(METHOD_DTLS, { zeroChecksum: true });
    const packet = packetOf([dataChunk({ tsn: PEER_TSN })], peer.tag);
    packet[8]! ^= 1;
    peer.sendRaw(packet);
    assert.equal(peer.seen.messages.length, 0);
    assert.equal(peer.association.stats.drops['bad-checksum'], 1);
  });

  test('where we have not offered it, zero is a wrong checksum', () => {
    const peer = connected(METHOD_DTLS, {});
    peer.sendRaw(withoutChecksum(packetOf([dataChunk({ tsn: PEER_TSN })], peer.tag)));
    assert.equal(peer.seen.messages.length, 0);
    assert.equal(peer.association.stats.drops['bad-checksum'], 1);
  });

  test('INIT and COOKIE ECHO need theirs', () => {
    const peer = new ScriptedPeer({ zeroChecksum: true });
    peer.sendRaw(withoutChecksum(packetOf([initChunk()], 0)));
    assert.deepEqual(peer.takeTypes(), []);
    peer.send([initChunk()], 0);
    const [initAck] = peer.takeChunks();
    peer.theirs = parseInit(initAck!.bytes, 0, initAck!.bytes.length)!;
    peer.sendRaw(withoutChecksum(packetOf([makeChunk(COOKIE_ECHO, 0, peer.theirs.cookie!)], peer.tag)));
    assert.equal(peer.association.state, 'new');
    assert.equal(peer.association.stats.drops['bad-checksum'], 2);
    peer.sendRaw(withoutChecksum(packetOf([makeChunk(COOKIE_ACK, 0, NO_VALUE)], peer.tag)));
    assert.equal(peer.association.stats.drops['bad-checksum'], 3);
  });
});
