import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { type PacketMessage, packetTrace } from '../../src/transport/packet-trace.ts';

const PACKET = Uint8Array.of(0x13, 0x88, 0xff);

test('packets go to whoever subscribes, as lines with a time; each association has its own name', () => {
  const seen: PacketMessage[] = [];
  const listener = (message: unknown): void => void seen.push(message as PacketMessage);
  const [one, other] = [packetTrace(), packetTrace()];
  assert.equal(one.isOn, false);
  subscribe('millrace:sctp:packet', listener);
  assert.equal(one.isOn, true);
  one.onPacket('out', PACKET, 0, 3);
  other.onPacket('in', PACKET, 1, 3);
  unsubscribe('millrace:sctp:packet', listener);
  assert.equal(other.isOn, false);
  assert.notEqual(seen[0]!.association, seen[1]!.association);
  const lines = seen.map(({ line }) => /^([IO]) (\S+) 0000 (.*) # SCTP_PACKET (\d+)$/.exec(line)!.slice(1));
  assert.deepEqual(
    lines.map(([letter, , bytes, name]) => [letter, bytes, name]),
    [
      ['O', '13 88 ff', seen[0]!.association],
      ['I', '88 ff', seen[1]!.association],
    ],
  );
  for (const [, time] of lines) {
    assert.match(time!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    assert.ok(Math.abs(Date.parse(`${time}Z`) - Date.now()) < 300_000);
  }
});
