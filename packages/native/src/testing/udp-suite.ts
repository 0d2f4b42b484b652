// The suite that every UDP socket of the house must pass, whatever it is made of. Real sockets on loopback, at ports
// of the system's choice.
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';

export interface SuiteAddress {
  readonly address: string;
  readonly port: number;
}

export interface SuiteHandlers {
  onDatagram(bytes: Uint8Array, at: number, end: number, remote: SuiteAddress): void;
  onBatchEnd(): void;
  onWritable(): void;
  onMtuExceeded(remote: SuiteAddress, bytes: number): void;
  onError(error: Error): void;
}

export interface SuiteRun {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly segmentBytes: number;
  readonly remote: SuiteAddress;
  readonly mayFragment?: boolean;
}

/** The interface under test: what millrace's driver asks of a port. */
export interface SuiteSocket {
  readonly local: SuiteAddress;
  readonly isBusy: boolean;
  send(
    bytes: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    remote: SuiteAddress,
    mayFragment?: boolean,
  ): boolean;
  sendMany(runs: readonly SuiteRun[], count?: number): boolean;
  close(): void;
}

export interface UdpSubject {
  readonly name: string;
  open(address: string, port: number, handlers: SuiteHandlers): SuiteSocket | Promise<SuiteSocket>;
  /** Memory to send from; all kinds that the implementation treats in different ways. */
  readonly memories: ReadonlyArray<readonly [name: string, allocate: (bytes: number) => Uint8Array]>;
}

const IGNORE: SuiteHandlers = {
  onDatagram() {},
  onBatchEnd() {},
  onWritable() {},
  onMtuExceeded() {},
  onError() {},
};

/** A socket that keeps what it gets. */
interface Collector {
  readonly socket: SuiteSocket;
  readonly got: Array<{ bytes: Uint8Array; remote: SuiteAddress }>;
  /** As many datagrams, all told, have come. */
  until(count: number): Promise<void>;
}

export function udpSuite(subject: UdpSubject): void {
  let taken = 0;
  const addresses = hasIpv6() ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

  async function collect(address: string, handlers: Partial<SuiteHandlers> = {}): Promise<Collector> {
    const got: Collector['got'] = [];
    let wanted = Number.POSITIVE_INFINITY;
    let resolve = (): void => {};
    const socket = await subject.open(address, 0, {
      ...IGNORE,
      ...handlers,
      onDatagram(bytes, at, end, remote) {
        got.push({ bytes: Uint8Array.from(bytes.subarray(at, end)), remote });
        handlers.onDatagram?.(bytes, at, end, remote);
        if (got.length >= wanted) resolve();
      },
    });
    const until = (count: number): Promise<void> =>
      new Promise((done) => {
        wanted = count;
        resolve = done;
        if (got.length >= count) done();
      });
    return { socket, got, until };
  }

  for (const address of addresses)
    describe(`${subject.name} on ${address}`, () => {
      test('has the address it was asked for and a port of its own', async () => {
        const [a, b] = [await collect(address), await collect(address)];
        assert.equal(a.socket.local.address, address);
        assert.ok(a.socket.local.port > 0);
        assert.notEqual(a.socket.local.port, b.socket.local.port);
        assert.equal(a.socket.isBusy, false);
        a.socket.close();
        b.socket.close();
      });

      test('a datagram arrives as it was sent, from whom it was sent, and can be answered', async () => {
        const a = await collect(address);
        const b = await collect(address, {
          onDatagram: (bytes, at, end, remote) => b.socket.send(bytes, at, end, end - at, remote),
        });
        const sent = pattern(1200, 1);
        a.socket.send(sent, 0, 1200, 1200, b.socket.local);
        await a.until(1);
        assert.deepEqual(a.got[0]!.bytes, sent);
        assert.deepEqual(
          { address: b.got[0]!.remote.address, port: b.got[0]!.remote.port },
          { ...a.socket.local },
        );
        assert.equal(a.got[0]!.remote.port, b.socket.local.port);
        a.socket.close();
        b.socket.close();
      });

      for (const [memory, allocate] of subject.memories)
        test(`a run of datagrams from ${memory} arrives as these datagrams, the last maybe shorter`, async () => {
          const [a, b] = [await collect(address), await collect(address)];
          let total = 0;
          for (const [segmentBytes, bytes] of RUNS) {
            const room = allocate(bytes + 20);
            room.set(pattern(bytes, segmentBytes), 10);
            a.socket.send(room, 10, 10 + bytes, segmentBytes, b.socket.local);
            const count = Math.ceil(bytes / segmentBytes);
            await b.until((total += count));
            const run = b.got.slice(-count);
            assert.deepEqual(
              run.map((each) => each.bytes.length),
              lengths(segmentBytes, bytes),
              `${bytes} bytes by ${segmentBytes}`,
            );
            assert.deepEqual(joined(run.map((each) => each.bytes)), pattern(bytes, segmentBytes));
          }
          a.socket.close();
          b.socket.close();
        });

      for (const [memory, allocate] of subject.memories)
        test(`runs to several peers from ${memory}, sent together, arrive at each as its datagrams`, async () => {
          const a = await collect(address);
          const peers = await Promise.all(Array.from({ length: 5 }, () => collect(address)));
          const room = allocate(60_000);
          room.set(pattern(60_000, 7));
          const runs: SuiteRun[] = [];
          const expected: number[][] = peers.map(() => []);
          let at = 0;
          for (const [i, [segmentBytes, bytes]] of MANY_RUNS.entries()) {
            const { local } = peers[i % peers.length]!.socket;
            runs.push({ bytes: room, at, end: at + bytes, segmentBytes, remote: local });
            expected[i % peers.length]!.push(...lengths(segmentBytes, bytes));
            at += bytes;
          }
          const unused = { ...runs[0]!, remote: a.socket.local };
          a.socket.sendMany([...runs, unused], runs.length);
          await Promise.all(peers.map((peer, i) => peer.until(expected[i]!.length)));
          for (const [i, peer] of peers.entries()) {
            assert.deepEqual(
              peer.got.map((each) => each.bytes.length),
              expected[i],
            );
            const mine = runs.filter((_, run) => run % peers.length === i);
            assert.deepEqual(
              joined(peer.got.map((each) => each.bytes)),
              joined(mine.map(({ at: from, end }) => room.slice(from, end))),
            );
          }
          assert.equal(a.got.length, 0);
          for (const each of [a, ...peers]) each.socket.close();
        });

      test('a datagram that may be cut up arrives whole, as do those that may not', async () => {
        const [a, b] = [await collect(address), await collect(address)];
        for (const mayFragment of [true, false, true]) {
          const bytes = pattern(5000, 5);
          a.socket.send(bytes, 0, 5000, 2000, b.socket.local, mayFragment);
        }
        // Beyond the MTU of IPv6 on loopback, which has to be cut up; IPv4 can't carry more than that.
        if (address.includes(':')) a.socket.send(pattern(65_500, 5), 0, 65_500, 65_500, b.socket.local, true);
        const expected = [2000, 2000, 1000, 2000, 2000, 1000, 2000, 2000, 1000];
        if (address.includes(':')) expected.push(65_500);
        await b.until(expected.length);
        assert.deepEqual(
          b.got.map((each) => each.bytes.length),
          expected,
        );
        a.socket.close();
        b.socket.close();
      });

      test('datagrams of different lengths, one behind the other, keep their bounds', async () => {
        const [a, b] = [await collect(address), await collect(address)];
        const sizes = [1, 1200, 20, 20, 1200, 1200, 1201, 7];
        for (const size of sizes) a.socket.send(pattern(size, size), 0, size, size, b.socket.local);
        await b.until(sizes.length);
        assert.deepEqual(
          b.got.map((each) => each.bytes.length),
          sizes,
        );
        a.socket.close();
        b.socket.close();
      });

      test('peers are told apart', async () => {
        const hub = await collect(address);
        const peers = await Promise.all(Array.from({ length: 12 }, () => collect(address)));
        for (let round = 0; round < 3; round++)
          for (const [i, peer] of peers.entries())
            peer.socket.send(Uint8Array.of(i), 0, 1, 1, hub.socket.local);
        await hub.until(36);
        for (const { bytes, remote } of hub.got)
          assert.equal(remote.port, peers[bytes[0]!]!.socket.local.port);
        for (const each of [hub, ...peers]) each.socket.close();
      });

      test('the end of each batch is told, after its datagrams', async () => {
        const order: string[] = [];
        let ended = (): void => {};
        const a = await collect(address);
        const b = await collect(address, {
          onDatagram: () => order.push('datagram'),
          onBatchEnd: () => {
            order.push('end');
            ended();
          },
        });
        const first = new Promise<void>((resolve) => {
          ended = resolve;
        });
        a.socket.send(pattern(500, 1), 0, 500, 100, b.socket.local);
        await b.until(5);
        await first;
        assert.equal(order[0], 'datagram');
        assert.equal(order.at(-1), 'end');
        a.socket.close();
        b.socket.close();
      });

      test('the longest datagram that loopback carries in one piece passes', async () => {
        const [a, b] = [await collect(address), await collect(address)];
        const longest = address.includes(':') ? 65_488 : 65_507; // its MTU is 65,536
        a.socket.send(pattern(longest, 3), 0, longest, longest, b.socket.local);
        await b.until(1);
        assert.deepEqual(b.got[0]!.bytes, pattern(longest, 3));
        a.socket.send(pattern(4, 4), 0, 4, 4, b.socket.local);
        await b.until(2);
        a.socket.close();
        b.socket.close();
      });

      test('a peer that is gone is only silent', async () => {
        const [a, b, gone] = [await collect(address), await collect(address), await collect(address)];
        const { local } = gone.socket;
        gone.socket.close();
        await new Promise((resolve) => setImmediate(resolve));
        for (let i = 0; i < 20; i++) a.socket.send(pattern(300, 1), 0, 300, 100, local);
        a.socket.send(pattern(100, 1), 0, 100, 100, b.socket.local);
        await b.until(1);
        a.socket.close();
        b.socket.close();
      });

      test('closed in the middle of a batch, nothing more is handed up', async () => {
        const a = await collect(address);
        const counts = { datagrams: 0, ends: 0 };
        const closed = new Promise<void>((resolve) => {
          void collect(address, {
            onDatagram: () => {
              if (++counts.datagrams === 2) {
                b!.socket.close();
                b!.socket.close();
                resolve();
              }
            },
            onBatchEnd: () => {
              if (counts.datagrams >= 2) counts.ends++;
            },
          }).then((opened) => {
            b = opened;
            a.socket.send(pattern(1000, 1), 0, 1000, 100, opened.socket.local);
          });
        });
        let b: Collector | undefined;
        await closed;
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        assert.equal(counts.datagrams, 2);
        assert.equal(b!.socket.send(pattern(10, 1), 0, 10, 10, a.socket.local), true);
        assert.equal(b!.socket.isBusy, false);
        a.socket.close();
      });

      test('a port that is taken is refused with the code of the system', async () => {
        const a = await collect(address);
        await assert.rejects(
          async () => await subject.open(address, a.socket.local.port, IGNORE),
          (error: NodeJS.ErrnoException) => {
            assert.equal(error.code, 'EADDRINUSE');
            assert.equal(error.syscall, 'bind');
            assert.ok(error.message.includes('EADDRINUSE'));
            return true;
          },
        );
        a.socket.close();
      });

      test('a port is free again once it is closed', async () => {
        for (;;) {
          const a = await collect(address);
          a.socket.close();
          try {
            const again = await subject.open(address, a.socket.local.port, IGNORE);
            return again.close();
          } catch (error) {
            // In the meantime another process may have been given it: one in thousands.
            if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || ++taken === 3) throw error;
          }
        }
      });

      test('promises that a handler keeps are kept at once', async () => {
        const a = await collect(address);
        let resolve = (_: string): void => {};
        const kept = new Promise<string>((done) => {
          resolve = done;
        });
        const b = await collect(address, { onDatagram: () => resolve('kept') });
        a.socket.send(pattern(10, 1), 0, 10, 10, b.socket.local);
        // No timer and no other socket turns the event loop for it.
        assert.equal(await kept, 'kept');
        a.socket.close();
        b.socket.close();
      });
    });

  test(`${subject.name}: an address that is not this machine's is refused`, async () => {
    await assert.rejects(
      async () => await subject.open('192.0.2.1', 0, IGNORE), // RFC 5737: nobody's
      (error: NodeJS.ErrnoException) => error.code === 'EADDRNOTAVAIL',
    );
  });
}

/** Segment length and bytes of a run. */
const RUNS: ReadonlyArray<readonly [segmentBytes: number, bytes: number]> = [
  [100, 100],
  [100, 101],
  [100, 250],
  [1200, 12_000],
  [1200, 12_001],
  [1200, 64 * 1200 - 1],
  [1200, 65 * 1200 + 7],
  [1, 5],
  [50, 50 * 130],
  [9000, 9000 * 8 + 1],
  [16_421, 16_421 * 5],
  [33_000, 66_001],
  [60_000, 60_001],
];

const MANY_RUNS: ReadonlyArray<readonly [segmentBytes: number, bytes: number]> = [
  [1200, 12_000],
  [100, 100],
  [100, 250],
  [1, 3],
  [1200, 1201],
  [500, 7000],
  [9000, 20_000],
  [40, 40],
];

function lengths(segmentBytes: number, bytes: number): number[] {
  const result: number[] = [];
  for (let at = 0; at < bytes; at += segmentBytes) result.push(Math.min(segmentBytes, bytes - at));
  return result;
}

function pattern(bytes: number, salt: number): Uint8Array {
  return new Uint8Array(bytes).map((_, i) => (i * 31 + (i >> 8) * 17 + salt) & 0xff);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'));
}
