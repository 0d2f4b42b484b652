// What becomes of each error that sending can end with: a scripted kernel gives the answers.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { openFfi } from '../src/ffi.ts';
import { NativeError } from '../src/index.ts';
import { Memory } from '../src/memory.ts';
import { Addresses } from '../src/udp/addresses.ts';
import { Descriptors } from '../src/udp/descriptor.ts';
import { AF_INET, findLibc, type Libc } from '../src/udp/libc.ts';
import { MessageBatch, type MessageSender } from '../src/udp/message-batch.ts';
import type { UdpParts } from '../src/udp/parts.ts';
import type { UdpHandlers, UdpRun } from '../src/udp/port.ts';
import { Receiver } from '../src/udp/receiver.ts';
import { type DatagramSender, Sender } from '../src/udp/sender.ts';
import { UdpSocket } from '../src/udp/socket.ts';

const REMOTE = { address: '127.0.0.1', port: 9 };

/** One system call: `one 0-100`, `group 0-300`, `many 0-300`. */
type Call = string;

/** Answers each call from the script, and with success once that is used up. */
class ScriptedSender implements DatagramSender {
  readonly calls: Call[] = [];
  readonly names: Uint8Array;
  readonly nameAt: number;
  script: Array<number | string> = [];
  readonly #errorNumber: (name: string) => number;

  constructor(real: Sender, errorNumber: (name: string) => number) {
    this.names = real.names;
    this.nameAt = real.nameAt;
    this.#errorNumber = errorNumber;
  }

  sendOne(_descriptor: number, _bytes: Uint8Array, at: number, end: number): number {
    return this.answer(`one ${at}-${end}`, end - at);
  }

  sendGroup(_descriptor: number, _bytes: Uint8Array, at: number, end: number): number {
    return this.answer(`group ${at}-${end}`, end - at);
  }

  sendMany(_descriptor: number, _bytes: Uint8Array, at: number, end: number, segmentBytes: number): number {
    return this.answer(`many ${at}-${end}`, Math.ceil((end - at) / segmentBytes));
  }

  answer(call: Call, success: number): number {
    this.calls.push(call);
    const answer = this.script.shift() ?? success;
    return typeof answer === 'string' ? -this.#errorNumber(answer) : answer;
  }
}

/** The same for messages to several peers: `messages 0-300/100 400-450`, with the length that the kernel cuts by. */
class ScriptedMessages implements MessageSender {
  readonly names: Uint8Array;
  readonly #real: MessageSender;
  readonly #sender: ScriptedSender;
  readonly #laidOut: string[] = [];

  constructor(real: MessageSender, sender: ScriptedSender) {
    this.#real = real;
    this.names = real.names;
    this.#sender = sender;
  }

  nameAt(message: number): number {
    return this.#real.nameAt(message);
  }

  put(
    message: number,
    memory: Uint8Array,
    at: number,
    end: number,
    segmentBytes: number,
    name: number,
  ): boolean {
    if (!this.#real.put(message, memory, at, end, segmentBytes, name)) return false;
    this.#laidOut[message] = `${at}-${end}${segmentBytes === 0 ? '' : `/${segmentBytes}`}`;
    return true;
  }

  send(_descriptor: number, count: number): number {
    return this.#sender.answer(`messages ${this.#laidOut.slice(0, count).join(' ')}`, count);
  }
}

const ffi = openOrNothing();
const libc = ffi && findLibc(ffi);

if (ffi && typeof libc === 'object' && process.platform === 'linux') {
  const memory = new Memory(ffi);
  const addresses = new Addresses(libc, memory);
  const descriptors = new Descriptors(ffi, libc, memory, addresses);
  const sender = new ScriptedSender(new Sender(ffi, libc, memory), ffi.errorNumber);
  const parts: UdpParts = {
    ffi,
    addresses,
    descriptors,
    sender,
    messages: new ScriptedMessages(new MessageBatch(ffi, libc, memory), sender),
    receiver: new Receiver(ffi, libc as Libc, memory),
  };
  const bytes = memory.allocate(70_000);
  const opened: UdpSocket[] = [];

  const open = (
    script: Array<number | string>,
    path: 'gso' | 'sendmmsg' | 'plain' = 'gso',
    handlers: Partial<UdpHandlers> = {},
  ): UdpSocket => {
    sender.calls.length = 0;
    sender.script = script;
    const descriptor = descriptors.open({ address: '127.0.0.1', port: 0 }, AF_INET);
    const socket = new UdpSocket(parts, descriptor, AF_INET, { onDatagram() {}, ...handlers }, path, 'plain');
    opened.push(socket);
    return socket;
  };

  describe('a run of datagrams', () => {
    afterEach(() => {
      for (const socket of opened.splice(0)) socket.close();
    });

    test('goes in groups of at most 64 segments and 65,500 bytes, one datagram without segmentation', () => {
      const socket = open([]);
      socket.send(bytes, 0, 100, 100, REMOTE);
      socket.send(bytes, 0, 250, 100, REMOTE);
      socket.send(bytes, 0, 65 * 100, 100, REMOTE);
      socket.send(bytes, 0, 60_000, 16_421, REMOTE);
      socket.send(bytes, 0, 66_000, 33_000, REMOTE);
      assert.deepEqual(sender.calls, [
        'one 0-100',
        'group 0-250',
        'group 0-6400',
        'one 6400-6500',
        'group 0-49263',
        'one 49263-60000',
        'one 0-33000',
        'one 33000-66000',
      ]);
      assert.equal(socket.stats.datagramsSent, 1 + 3 + 65 + 4 + 2);
      assert.equal(socket.stats.sendCalls, 8);
    });

    test('EIO and EINVAL: the datagrams go one by one, and the socket does without segmentation', () => {
      for (const error of ['EIO', 'EINVAL']) {
        const socket = open([error]);
        assert.equal(socket.send(bytes, 0, 300, 100, REMOTE), true);
        assert.deepEqual(sender.calls, ['group 0-300', 'one 0-100', 'one 100-200', 'one 200-300']);
        assert.equal(socket.stats.sendPath, 'sendmmsg');
        sender.calls.length = 0;
        socket.send(bytes, 0, 300, 100, REMOTE);
        assert.deepEqual(sender.calls, ['many 0-300']);
      }
    });

    test('EINVAL of an old kernel for segments above the MTU does not end segmentation', () => {
      const socket = open(['EINVAL', 'EMSGSIZE']);
      socket.send(bytes, 0, 3000, 1500, REMOTE);
      assert.equal(socket.stats.sendPath, 'gso');
      assert.deepEqual(sender.calls, ['group 0-3000', 'one 0-1500']);
    });

    test('EMSGSIZE: what is as long is lost and reported once, what is shorter goes', async () => {
      const reports: number[] = [];
      const reported = new Promise<void>((resolve) => {
        const socket = open(['EMSGSIZE', 'EMSGSIZE'], 'gso', {
          onMtuExceeded: (remote, length) => {
            assert.equal(remote, REMOTE);
            reports.push(length);
            resolve();
          },
        });
        assert.equal(socket.send(bytes, 0, 4700, 1500, REMOTE), true);
        assert.equal(reports.length, 0, 'called from within send');
        assert.deepEqual(sender.calls, ['group 0-4700', 'one 0-1500', 'one 4500-4700']);
        assert.equal(socket.stats.datagramsTooLong, 3);
        assert.equal(socket.stats.datagramsRefused, 3);
        assert.equal(socket.stats.sendPath, 'gso');
      });
      await reported;
      assert.deepEqual(reports, [1500]);
    });

    test('EMSGSIZE ends the same with sendmmsg and with single calls', () => {
      for (const path of ['sendmmsg', 'plain'] as const) {
        const socket = open(['EMSGSIZE'], path);
        socket.send(bytes, 0, 3100, 1500, REMOTE);
        assert.equal(sender.calls.at(-1), 'one 3000-3100', path);
        assert.equal(socket.stats.datagramsTooLong, 2);
      }
    });

    test('ECONNREFUSED tells of an earlier datagram: once more, then it is lost', () => {
      const socket = open(['ECONNREFUSED', 100, 'ECONNREFUSED', 'ECONNREFUSED', 100], 'plain');
      socket.send(bytes, 0, 300, 100, REMOTE);
      assert.deepEqual(sender.calls, ['one 0-100', 'one 0-100', 'one 100-200', 'one 100-200', 'one 200-300']);
      assert.equal(socket.stats.datagramsRefused, 1);
      assert.equal(socket.stats.datagramsSent, 2);
    });

    test('ENOBUFS, EPERM, ENETUNREACH: that datagram is lost, the next is tried', () => {
      for (const error of ['ENOBUFS', 'EPERM', 'ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EADDRNOTAVAIL']) {
        const socket = open([error], 'plain');
        assert.equal(socket.send(bytes, 0, 200, 100, REMOTE), true);
        assert.equal(socket.stats.datagramsRefused, 1, error);
        assert.equal(socket.stats.datagramsSent, 1, error);
      }
    });

    test('sendmmsg that took some goes on with the rest', () => {
      const socket = open([2], 'sendmmsg');
      socket.send(bytes, 0, 500, 100, REMOTE);
      assert.deepEqual(sender.calls, ['many 0-500', 'many 200-500']);
      assert.equal(socket.stats.datagramsSent, 5);
    });

    test('EAGAIN keeps the rest, sends it when the kernel has room, and says so', async () => {
      let isWritable = (): void => {};
      const writable = new Promise<void>((resolve) => {
        isWritable = resolve;
      });
      const socket = open([6400, 'EAGAIN'], 'gso', { onWritable: () => isWritable() });
      assert.equal(socket.send(bytes, 0, 10_000, 100, REMOTE), false);
      assert.equal(socket.isBusy, true);
      assert.equal(socket.stats.timesBusy, 1);
      await writable; // the real socket is writable, and wakes at once
      assert.equal(socket.isBusy, false);
      assert.deepEqual(sender.calls, ['group 0-6400', 'group 6400-10000', 'group 6400-10000']);
      assert.equal(socket.stats.datagramsSent, 100);
    });

    test('while it is busy another send is tried once, and lost if there is no room', () => {
      const socket = open(['EAGAIN', 'EAGAIN'], 'plain');
      assert.equal(socket.send(bytes, 0, 100, 100, REMOTE), false);
      assert.equal(socket.send(bytes, 200, 300, 100, REMOTE), true);
      assert.equal(socket.send(bytes, 300, 400, 100, REMOTE), true);
      assert.equal(socket.stats.datagramsRefused, 1);
      assert.equal(socket.stats.datagramsSent, 1);
      socket.close(); // what waits is tried once more: it may be a farewell
      assert.equal(sender.calls.at(-1), 'one 0-100');
      assert.equal(socket.isBusy, false);
    });

    test('a slab that is transferred away while it waits is lost, not followed', async () => {
      const mine = memory.allocate(1000);
      let isWritable = (): void => {};
      const writable = new Promise<void>((resolve) => {
        isWritable = resolve;
      });
      const socket = open(['EAGAIN'], 'plain', { onWritable: () => isWritable() });
      assert.equal(socket.send(mine, 0, 100, 100, REMOTE), false);
      (mine.buffer as ArrayBuffer).transfer();
      await writable;
      assert.equal(sender.calls.length, 1);
      assert.equal(socket.stats.datagramsRefused, 1);
    });

    test('a dead descriptor ends the socket, which says so later', async () => {
      let died = (_: NodeJS.ErrnoException): void => {};
      const death = new Promise<NodeJS.ErrnoException>((resolve) => {
        died = resolve;
      });
      const socket = open(['EBADF'], 'plain', { onError: died });
      assert.equal(socket.send(bytes, 0, 100, 100, REMOTE), true);
      assert.equal((await death).code, 'EBADF');
      assert.equal(socket.send(bytes, 0, 100, 100, REMOTE), true);
      assert.equal(sender.calls.length, 1);
    });

    test('mistakes are refused before any call', () => {
      const socket = open([]);
      const codeIs =
        (code: string) =>
        (error: unknown): boolean =>
          error instanceof NativeError && error.code === code;
      for (const [at, end] of [
        [-1, 10],
        [10, 9],
        [0, 70_001],
        [0.5, 10],
        [0, Number.NaN],
      ] as const)
        assert.throws(() => socket.send(bytes, at, end, 100, REMOTE), codeIs('BAD_RANGE'));
      for (const segment of [0, -1, 1.5, Number.NaN, 65_508, 2 ** 40])
        assert.throws(() => socket.send(bytes, 0, 100, segment, REMOTE), codeIs('BAD_LENGTH'));
      for (const remote of [
        { address: '::1', port: 9 },
        { address: 'localhost', port: 9 },
        { address: '', port: 9 },
        { address: '127.0.0.1\0', port: 9 },
        { address: `1${'0'.repeat(1000)}`, port: 9 },
        { address: '127.0.0.1', port: 65_536 },
        { address: '127.0.0.1', port: -1 },
        { address: '127.0.0.1', port: 1.5 },
        { address: undefined as unknown as string, port: 9 },
      ])
        assert.throws(() => socket.send(bytes, 0, 100, 100, remote), codeIs('BAD_ADDRESS'));
      assert.throws(() => socket.send(bytes, 0, 100, 100, undefined as unknown as typeof REMOTE));
      assert.deepEqual(sender.calls, []);
      assert.equal(socket.send(bytes, 5, 5, 100, REMOTE), true);
      assert.deepEqual(sender.calls, []);
    });
  });

  describe('runs to several peers', () => {
    afterEach(() => {
      for (const socket of opened.splice(0)) socket.close();
    });

    const run = (at: number, end: number, segmentBytes: number, port = 9): UdpRun => ({
      bytes,
      at,
      end,
      segmentBytes,
      remote: { address: '127.0.0.1', port },
    });
    const three = [run(0, 300, 100, 9), run(300, 400, 100, 10), run(400, 650, 100, 11)];

    test('go in one call, each run a message that the kernel cuts', () => {
      const socket = open([]);
      assert.equal(socket.sendMany(three), true);
      assert.deepEqual(sender.calls, ['messages 0-300/100 300-400 400-650/100']);
      assert.equal(socket.stats.datagramsSent, 3 + 1 + 3);
      assert.equal(socket.stats.bytesSent, 650);
      assert.equal(socket.stats.sendCalls, 1);
    });

    test('without segmentation each datagram is a message; without sendmmsg, a call', () => {
      const many = open([], 'sendmmsg');
      many.sendMany(three);
      assert.deepEqual(sender.calls, ['messages 0-100 100-200 200-300 300-400 400-500 500-600 600-650']);
      const plain = open([], 'plain');
      plain.sendMany(three);
      assert.equal(sender.calls.length, 7);
      assert.ok(sender.calls.every((call) => call.startsWith('one')));
      assert.equal(plain.stats.datagramsSent, 7);
    });

    test('one run is sent as `send` does, none is nothing, and of more only `count` go', () => {
      const socket = open([]);
      socket.sendMany([]);
      socket.sendMany([run(0, 300, 100)]);
      socket.sendMany(three, 2);
      socket.sendMany(three, 0);
      assert.deepEqual(sender.calls, ['group 0-300', 'messages 0-300/100 300-400']);
    });

    test('a call holds 64 messages, a message 64 segments and 65,500 bytes', () => {
      const socket = open([]);
      socket.sendMany(Array.from({ length: 65 }, (_, i) => run(i, i + 1, 1, 100 + i)));
      assert.deepEqual(
        sender.calls.map((call) => call.split(' ').length - 1),
        [64, 1],
      );
      assert.ok(sender.calls[1]!.startsWith('one'));
      sender.calls.length = 0;
      socket.sendMany([run(0, 6500, 100), run(0, 66_000, 33_000)]);
      assert.deepEqual(sender.calls, ['messages 0-6400/100 6400-6500 0-33000 33000-66000']);
    });

    test('a call that took some goes on with the rest', () => {
      const socket = open([2]);
      socket.sendMany([...three, run(650, 700, 50, 12)]);
      assert.deepEqual(sender.calls, [
        'messages 0-300/100 300-400 400-650/100 650-700',
        'messages 400-650/100 650-700',
      ]);
      assert.equal(socket.stats.datagramsSent, 8);
    });

    test('the message that fails goes alone, and what is wrong with it is its own matter', () => {
      const socket = open([1, 'ENETUNREACH', 'ENETUNREACH']);
      assert.equal(socket.sendMany(three), true);
      assert.deepEqual(sender.calls, [
        'messages 0-300/100 300-400 400-650/100',
        'messages 300-400 400-650/100',
        'one 300-400',
        'group 400-650',
      ]);
      assert.equal(socket.stats.datagramsRefused, 1);
      assert.equal(socket.stats.datagramsSent, 6);
    });

    test('EIO: the run goes one by one, and the socket does without segmentation', () => {
      const socket = open(['EIO', 'EIO']);
      socket.sendMany(three);
      assert.deepEqual(sender.calls, [
        'messages 0-300/100 300-400 400-650/100',
        'group 0-300',
        'one 0-100',
        'one 100-200',
        'one 200-300',
        'messages 300-400 400-500 500-600 600-650',
      ]);
      assert.equal(socket.stats.sendPath, 'sendmmsg');
    });

    test('EMSGSIZE: what is as long is lost and reported, the other runs go', async () => {
      const reports: number[] = [];
      const reported = new Promise<void>((resolve) => {
        const socket = open(['EMSGSIZE', 'EMSGSIZE', 'EMSGSIZE'], 'gso', {
          onMtuExceeded: (_, length) => {
            reports.push(length);
            resolve();
          },
        });
        socket.sendMany([run(0, 3000, 1500), run(3000, 3100, 100, 10), run(3100, 3200, 100, 11)]);
        assert.equal(sender.calls.at(-1), 'messages 3000-3100 3100-3200');
        assert.equal(socket.stats.datagramsTooLong, 2);
        assert.equal(socket.stats.datagramsSent, 2);
      });
      await reported;
      assert.deepEqual(reports, [1500]);
    });

    test('EAGAIN keeps what is left of all runs, in order, and says when it has gone', async () => {
      let isWritable = (): void => {};
      const writable = new Promise<void>((resolve) => {
        isWritable = resolve;
      });
      const socket = open([1, 'EAGAIN', 'EAGAIN'], 'gso', { onWritable: () => isWritable() });
      assert.equal(socket.sendMany(three), false);
      assert.equal(socket.isBusy, true);
      assert.equal(socket.sendMany([run(0, 100, 100)]), true); // tried once
      sender.calls.length = 0;
      await writable;
      assert.equal(socket.isBusy, false);
      assert.deepEqual(sender.calls, ['one 300-400', 'group 400-650']);
      assert.equal(socket.stats.datagramsSent, 3 + 1 + 1 + 3);
      assert.equal(socket.stats.datagramsRefused, 0);
    });

    test('what waits is tried once more when the socket closes', () => {
      const socket = open(['EAGAIN', 'EAGAIN']);
      assert.equal(socket.sendMany(three), false);
      sender.calls.length = 0;
      socket.close();
      assert.deepEqual(sender.calls, ['group 0-300', 'one 300-400', 'group 400-650']);
    });

    test('a mistake in any run is refused before any call', () => {
      const socket = open([]);
      assert.throws(() => socket.sendMany([three[0]!, run(5, 4, 1)]), { code: 'BAD_RANGE' });
      assert.throws(() => socket.sendMany([three[0]!, run(0, 4, 0)]), { code: 'BAD_LENGTH' });
      assert.throws(() => socket.sendMany([three[0]!, run(0, 4, 4, 70_000)]), { code: 'BAD_ADDRESS' });
      const v6 = { ...run(0, 4, 4), remote: { address: '::1', port: 9 } };
      assert.throws(() => socket.sendMany([three[0]!, v6]), { code: 'BAD_ADDRESS' });
      assert.deepEqual(sender.calls, []);
      socket.sendMany([run(5, 5, 100), run(6, 6, 100)]);
      assert.deepEqual(sender.calls, []);
    });

    test('runs that may be cut up by IP go by themselves', () => {
      const socket = open([]);
      socket.sendMany([three[0]!, { ...three[1]!, mayFragment: true }, three[2]!, run(650, 700, 50)]);
      assert.deepEqual(sender.calls, ['messages 0-300/100', 'one 300-400', 'messages 400-650/100 650-700']);
    });
  });
}

function openOrNothing(): ReturnType<typeof openFfi> | undefined {
  try {
    return openFfi();
  } catch {
    return undefined;
  }
}
