import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import type { Result } from '../src/result.ts';
import { Program, SERVE } from './program.ts';

const README = new URL('../README.md', import.meta.url);
const SHORT = ['--seconds', '0.3'];

/** The types of all members, as deep as it goes; of a list, those of its first entry. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shape(member)]));
}

async function documented(): Promise<Result> {
  const [, json] = /```json\n([\s\S]*?)```/.exec(await readFile(README, 'utf8'))!;
  return JSON.parse(json!);
}

describe('perf', () => {
  test('measures both ways and round trips, and prints the JSON that the README describes', async (t) => {
    const server = new Program(t, 'server', ...SERVE, '--once', '--json');
    const options = ['--direction', 'both', '--latency', '--channels', '3', '--unordered', '--size', '10000'];
    const client = new Program(
      t,
      'client',
      await server.invitation(),
      '--seconds',
      '1.2',
      ...options,
      '--json',
    );
    const [{ code, stdout, stderr }, served] = await Promise.all([client.ended, server.ended]);
    assert.deepEqual([code, served.code], [0, 0], stderr + served.stderr);
    const result: Result = JSON.parse(stdout);
    const example = await documented();
    assert.deepEqual(shape(result), shape(example));
    assert.equal(result.schema, example.schema);
    assert.deepEqual(result.parameters, {
      seconds: 1.2,
      size: 10_000,
      direction: 'both',
      channels: 3,
      ordered: false,
      latency: true,
    });

    const { up, down, roundTrips, intervals, security, local, remote } = result;
    for (const rate of [up!, down!]) {
      assert.ok(rate.messages > 0 && rate.seconds >= 1);
      assert.equal(rate.bytes, rate.messages * 10_000);
      assert.ok(Math.abs(rate.bitsPerSecond * rate.seconds - rate.bytes * 8) < 1);
    }
    for (const [direction, rate] of [['up', up!] as const, ['down', down!] as const]) {
      const own = intervals.filter((interval) => interval.direction === direction);
      const bytes = own.reduce((sum, interval) => sum + interval.bytes, 0);
      assert.ok(own.length >= 1 && bytes > 0 && bytes <= rate.bytes);
    }
    const { count, min, p50, p90, p99, max, histogram } = roundTrips!;
    assert.ok(count > 0 && min <= p50 && p50 <= p90 && p90 <= p99 && p99 <= max);
    assert.equal(
      histogram.reduce((sum, entry) => sum + entry.count, 0),
      count,
    );
    assert.match(security.dtls, /^1\.[23]$/);
    for (const side of [local, remote])
      assert.ok(side.cpu.percent > 0 && side.transport.roundTripTime > 0 && side.transport.packetsSent > 0);

    // The server tells the same, in one line, but for what only the client knows.
    const [line, ...rest] = served.stdout.trimEnd().split('\n');
    const other: Result = JSON.parse(line!);
    assert.deepEqual(rest, []);
    assert.deepEqual([other.role, other.roundTrips], ['server', null]);
    assert.deepEqual([other.up, other.down], [up, down]);
    assert.deepEqual(other.local, remote);
  });

  test('serves one client after another until it is stopped', async (t) => {
    const server = new Program(t, 'server', ...SERVE);
    const invitation = await server.invitation();
    const clients = ['up', 'down', 'both'].map(
      (direction) => new Program(t, 'client', invitation, ...SHORT, '--direction', direction),
    );
    for (const { code, stdout, stderr } of await Promise.all(clients.map(({ ended }) => ended))) {
      assert.equal(code, 0, stderr);
      assert.match(stdout, /(up|down) +0\.00-\d+\.\d\d s +[\d.]+ [KM]iB +[\d.]+ [kMG]bit\/s +\d+ msg\/s/);
      assert.match(stdout, /\npath {8}direct, host /);
      assert.match(stdout, /\nencryption {2}DTLS 1\.[23], /);
      assert.match(stdout, /\nhere {8}CPU \d+ %, RTT .* retransmissions /);
    }
    server.child.kill('SIGINT');
    const { code, stdout, stderr } = await server.ended;
    assert.equal(code, 130);
    assert.equal(stdout.match(/^path/gm)?.length, 3);
    assert.equal(stderr.match(/^\* a client: 0\.3 s: /gm)?.length, 3);
  });

  test('measures the round trips of an idle connection, with a histogram', async (t) => {
    const server = new Program(t, 'server', ...SERVE, '--once');
    const invitation = await server.invitation();
    const client = new Program(t, 'client', invitation, ...SHORT, '--direction', 'none', '--latency');
    const { code, stdout } = await client.ended;
    assert.equal(code, 0);
    assert.match(stdout, /^round trips \d+: p50 .* ms, p90 .* ms, p99 .* ms, max .* ms, min .* ms\n/);
    assert.match(stdout, /\n {2}to +[\d.]+ ms +\d+ #+\n/);
    assert.equal((await server.ended).code, 0);
  });

  test('goes on when a client is interrupted in the middle', async (t) => {
    const server = new Program(t, 'server', ...SERVE);
    const invitation = await server.invitation();
    const leaving = new Program(t, 'client', invitation, '--seconds', '60', '--direction', 'both');
    await leaving.says(/msg\/s/);
    leaving.child.kill('SIGINT');
    const left = await leaving.ended;
    assert.deepEqual([left.code, left.stderr.endsWith('millrace-perf: interrupted\n')], [130, true]);
    await server.says(/a client was not served: the other side has gone before the end/);
    const next = new Program(t, 'client', invitation, ...SHORT);
    assert.equal((await next.ended).code, 0);
    server.child.kill('SIGINT');
    await server.ended;
  });

  test('meets where the client says, too', async (t) => {
    const client = new Program(t, 'client', ...SERVE, ...SHORT, '--plot'); // no terminal: lines
    const server = new Program(t, 'server', await client.invitation(), '--once');
    const [{ code, stdout }, served] = await Promise.all([client.ended, server.ended]);
    assert.deepEqual([code, served.code], [0, 0], served.stderr);
    assert.ok(!stdout.includes('\x1b'), 'no colours and no cursor without a terminal');
  });

  test('exits 1 with one line when its port is taken, there is no server, or the server vanishes', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    t.after(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const nowhere = `http://127.0.0.1:9/rooms/${'a'.repeat(16)}#${'b'.repeat(40)}`;
    const ends = [
      [new Program(t, 'server', ...SERVE, '--port', String(port)).ended, /cannot serve at .* EADDRINUSE/],
      [new Program(t, 'client', nowhere).ended, /the signaling server cannot be reached/],
    ] as const;
    for (const [ended, line] of ends) {
      const { code, stdout, stderr } = await ended;
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, new RegExp(`^millrace-perf: .*${line.source}.*\\n$`));
    }
    const server = new Program(t, 'server', ...SERVE);
    const client = new Program(t, 'client', await server.invitation(), '--seconds', '60', '--json');
    await server.says(/msg\/s/);
    server.child.kill('SIGKILL');
    const { code, stdout, stderr } = await client.ended;
    assert.deepEqual([code, stdout], [1, ''], stderr);
    assert.match(stderr, /\nmillrace-perf: .+\n$/);
  });

  test('measures to the end when nobody reads what it prints', async (t) => {
    const server = new Program(t, 'server', ...SERVE, '--once');
    const client = new Program(t, 'client', await server.invitation(), '--seconds', '1.5', '--latency');
    client.child.stdout!.destroy();
    const [{ code, stderr }, served] = await Promise.all([client.ended, server.ended]);
    assert.deepEqual([code, served.code], [0, 0], stderr + served.stderr);
  });

  test('exits 2 on wrong usage and 0 on --help', async (t) => {
    const wrong = [
      [],
      ['server'],
      ['client', 'nonsense', '--serve'],
      ['client', '--serve', '--seconds', '0'],
      ['client', '--serve', '--size', '1M'],
      ['client', '--serve', '--direction', 'none'],
      ['client', '--serve', '--once'],
      ['server', '--serve', '--size', '64K'],
    ];
    const help = new Program(t, '--help');
    for (const { code, stderr } of await Promise.all(wrong.map((args) => new Program(t, ...args).ended))) {
      assert.equal(code, 2);
      assert.match(stderr, /^millrace-perf: .+\nTry --help\.\n$/);
    }
    const { code, stdout } = await help.ended;
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: npm run perf -- server/);
  });
});
