import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packetLine } from '@millrace/sctp';
import { parseLine } from '../pcapng/lines.ts';
import { ROOT } from '../workspace.ts';

const SCRIPT = join(ROOT, 'scripts/pcapng.ts');
const PACKET = Uint8Array.of(0x13, 0x88, 0x13, 0x88, 1, 2, 3, 4, 0, 0, 0, 0, 3, 0, 0, 5, 0xff);
const TIME = '2026-11-22T13:04:41.123456';
const LATER = '2026-11-22T13:04:41.124456';

interface ReadPacket {
  readonly bytes: Buffer;
  readonly time: bigint;
  readonly options: ReadonlyMap<number, Buffer>;
}

/** An independent reader of pcapng, strict about what the draft says. */
function readFile(file: Buffer): { linkType: number; resolution: number; packets: ReadPacket[] } {
  let linkType = -1;
  let resolution = -1;
  const packets: ReadPacket[] = [];
  for (let at = 0; at < file.length; ) {
    const type = file.readUInt32LE(at);
    const length = file.readUInt32LE(at + 4);
    assert.equal(length % 4, 0);
    assert.equal(file.readUInt32LE(at + length - 4), length, 'both lengths agree');
    const body = file.subarray(at + 8, at + length - 4);
    if (at === 0) {
      assert.equal(type, 0x0a0d0d0a);
      assert.equal(body.readUInt32LE(0), 0x1a2b3c4d);
      assert.deepEqual([body.readUInt16LE(4), body.readUInt16LE(6), body.readBigInt64LE(8)], [1, 0, -1n]);
      readOptions(body, 16);
    } else if (type === 1) {
      linkType = body.readUInt16LE(0);
      resolution = readOptions(body, 8).get(9)![0]!;
    } else {
      assert.equal(type, 6);
      assert.equal(body.readUInt32LE(0), 0, 'the only interface');
      const captured = body.readUInt32LE(12);
      assert.equal(body.readUInt32LE(16), captured);
      packets.push({
        bytes: body.subarray(20, 20 + captured),
        time: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
        options: readOptions(body, 20 + ((captured + 3) & ~3)),
      });
    }
    at += length;
  }
  return { linkType, resolution, packets };
}

function readOptions(body: Buffer, at: number): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (;;) {
    const code = body.readUInt16LE(at);
    const length = body.readUInt16LE(at + 2);
    at += 4;
    if (code === 0) {
      assert.deepEqual([length, at], [0, body.length], 'the end of options is the end of the block');
      return options;
    }
    options.set(code, body.subarray(at, at + length));
    at += (length + 3) & ~3;
  }
}

test('a line tells direction, time to the microsecond and every byte, and can be read back', () => {
  const line = packetLine('out', TIME, PACKET, 0, PACKET.length, '7');
  assert.equal(
    line,
    'O 2026-11-22T13:04:41.123456 0000 13 88 13 88 01 02 03 04 00 00 00 00 03 00 00 05 ff # SCTP_PACKET 7',
  );
  const packet = parseLine(`[app] ${line}\r`);
  assert.deepEqual(packet, {
    direction: 'out',
    time: BigInt(Date.UTC(2026, 10, 22, 13, 4, 41)) * 1_000n + 123_456n,
    bytes: PACKET,
    comment: 'SCTP_PACKET 7',
  });
});

test('only part of a buffer is shown if that is the packet', () => {
  assert.deepEqual(parseLine(packetLine('in', TIME, PACKET, 4, 8, '1'))?.bytes, Uint8Array.of(1, 2, 3, 4));
});

test('lines that show no packet are none', () => {
  for (const line of [
    '',
    'hello',
    'I 2026-11-22T13:04:41.1 0000',
    'I 2026-11-22T13:04:41.1 0000 zz',
    'O 12:00 0000 00',
  ])
    assert.equal(parseLine(line), undefined, line);
});

test('a log becomes a pcapng file of link type SCTP', () => {
  const log = [
    'starting',
    packetLine('out', TIME, PACKET, 0, PACKET.length, '1'),
    'something else',
    `2026 INFO ${packetLine('in', LATER, PACKET, 0, 16, '2')}`,
  ].join('\n');
  const run = spawnSync(process.execPath, [SCRIPT], { input: log });
  assert.equal(run.status, 0, run.stderr.toString());
  const { linkType, resolution, packets } = readFile(run.stdout);
  assert.deepEqual([linkType, resolution], [248, 6]);
  assert.deepEqual(
    packets.map(({ bytes }) => [...bytes]),
    [[...PACKET], [...PACKET.subarray(0, 16)]],
  );
  assert.deepEqual(
    packets.map(({ options }) => [options.get(2)!.readUInt32LE(0), options.get(1)!.toString()]),
    [
      [2, 'SCTP_PACKET 1'],
      [1, 'SCTP_PACKET 2'],
    ],
  );
  assert.equal(packets[1]!.time - packets[0]!.time, 1_000n);
});

test('a log without packets is said to be one', () => {
  const run = spawnSync(process.execPath, [SCRIPT], { input: 'nothing\n' });
  assert.deepEqual([run.status, run.stderr.toString()], [1, 'no line of a packet trace in the input\n']);
});

test('with --import it records what a process publishes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
  const path = join(folder, 'trace.pcapng');
  const line = packetLine('in', TIME, PACKET, 0, PACKET.length, '1');
  const program = `require('node:diagnostics_channel').channel('millrace:sctp:packet').publish({ line: '${line}' })`;
  const run = spawnSync(process.execPath, ['--import', SCRIPT, '-e', program], {
    env: { ...process.env, MILLRACE_PCAPNG: path },
  });
  assert.equal(run.status, 0, run.stderr.toString());
  assert.deepEqual([...readFile(readFileSync(path)).packets[0]!.bytes], [...PACKET]);
  rmSync(folder, { recursive: true });
});
