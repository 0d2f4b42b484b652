// Datagrams that the kernel has merged are announced before they are handed up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadNative, probeNative } from '../src/index.ts';

const udp = loadNative()?.udp;

test('sockets are used wherever foreign functions can be called on Linux, unless they are switched off', () => {
  const probes = probeNative();
  const hasFunctions = probes.some(({ name, ok }) => name === 'koffi' && ok);
  if (process.platform !== 'linux' || process.env.MILLRACE_NATIVE || !hasFunctions) return;
  const failed = probes.filter(({ name, ok }) => name === 'udp' && !ok);
  assert.deepEqual(failed, []);
});

if (udp?.sendPath === 'gso' && udp.receivePath === 'gro') {
  test('once several datagrams have come at a time a run is announced as it lies, then its datagrams come; a single one is not announced', async () => {
    const log: string[] = [];
    let arrived = (): void => {};
    const sender = udp.open('127.0.0.1', 0, { onDatagram: () => {} });
    const receiver = udp.open('127.0.0.1', 0, {
      onRun: (_bytes, at, end, segmentBytes, remote) => {
        assert.equal(remote.port, sender.local.port);
        log.push(`run of ${end - at} by ${segmentBytes}`);
        runAt = at;
      },
      onDatagram: (bytes, at, end) => {
        log.push(`${end - at} of ${bytes[at]}${runAt < 0 ? '' : ` at ${at - runAt}`}`);
        if (end - at < 100) {
          runAt = -1;
          arrived();
        }
      },
    });
    let runAt = -1;
    const bytes = new Uint8Array(350);
    for (let i = 0; i < 4; i++) bytes.fill(i, i * 100);
    for (const [at, length] of [
      [0, 350],
      [0, 350],
      [0, 50],
    ] as const) {
      const done = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      sender.send(bytes, at, at + length, 100, receiver.local);
      await done;
    }
    assert.deepEqual(log, [
      '100 of 0',
      '100 of 1',
      '100 of 2',
      '50 of 3',
      'run of 350 by 100',
      '100 of 0 at 0',
      '100 of 1 at 100',
      '100 of 2 at 200',
      '50 of 3 at 300',
      '50 of 0',
    ]);
    sender.close();
    receiver.close();
  });

  test('a socket that is closed by the announcement hands nothing up', async () => {
    const sender = udp.open('127.0.0.1', 0, { onDatagram: () => {} });
    let datagrams = 0;
    await new Promise<void>((resolve) => {
      const receiver = udp.open('127.0.0.1', 0, {
        onRun: () => {
          receiver.close();
          setImmediate(resolve);
        },
        onDatagram: () => {
          if (++datagrams === 4) sender.send(new Uint8Array(300), 0, 300, 100, receiver.local);
        },
      });
      sender.send(new Uint8Array(400), 0, 400, 100, receiver.local);
    });
    assert.equal(datagrams, 4);
    sender.close();
  });
}
