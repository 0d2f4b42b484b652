import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PacketTrace, TraceDirection } from '@millrace/sctp';
import { CHUNK } from '../src/packet/chunks.ts';
import { bytes, readPacket, ScriptedPeer } from './scripted-peer.ts';

class Tape implements PacketTrace {
  isOn = true;
  readonly packets: Array<{ direction: TraceDirection; bytes: Uint8Array }> = [];
  onPacket(direction: TraceDirection, packet: Uint8Array, at: number, end: number): void {
    this.packets.push({ direction, bytes: packet.slice(at, end) });
  }
}

test('a trace is told of every packet in both directions, as it is on the wire', () => {
  const trace = new Tape();
  const peer = new ScriptedPeer({ trace }).connect();
  const seen = trace.packets.map(({ direction, bytes: packet }) => [
    direction,
    readPacket(packet).chunks[0]!.type,
  ]);
  assert.deepEqual(seen, [
    ['in', CHUNK.INIT],
    ['out', CHUNK.INIT_ACK],
    ['in', CHUNK.COOKIE_ECHO],
    ['out', CHUNK.COOKIE_ACK],
  ]);
  peer.association.send(1, 51, bytes(10), 0, 10, { ordered: true }, 0);
  peer.take();
  assert.equal(readPacket(trace.packets[4]!.bytes).chunks[0]!.type, CHUNK.DATA);
});

test('also of packets that are dropped', () => {
  const trace = new Tape();
  const peer = new ScriptedPeer({ trace });
  peer.sendRaw(bytes(7));
  assert.equal(trace.packets[0]!.bytes.length, 7);
});

test('a trace that is off is not called', () => {
  const trace = new Tape();
  trace.isOn = false;
  new ScriptedPeer({ trace }).connect();
  assert.equal(trace.packets.length, 0);
});
