// How sockets and the process end, what the environment switches off, and what a worker gets. Each in a process of its
// own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { loadNative } from '../src/index.ts';

const INDEX = JSON.stringify(new URL('../src/index.ts', import.meta.url).href);

function run(
  script: string,
  environment: Record<string, string> = {},
): { output: string; status: number | null } {
  const { stdout, stderr, status, signal } = spawnSync(
    process.execPath,
    ['--conditions=@millrace/source', '--input-type=module-typescript', '-e', script],
    { encoding: 'utf8', timeout: 200_000, env: { ...process.env, MILLRACE_NATIVE: '', ...environment } },
  );
  assert.equal(signal, null, stdout + stderr);
  return { output: stdout + stderr, status };
}

const open = `
  import { loadNative } from ${INDEX};
  const { udp } = loadNative();
  const bounce = { onDatagram(b, at, end, remote) { a.send(b, at, end, end - at, remote); } };
  const a = udp.open('127.0.0.1', 0, bounce);
  a.send(new Uint8Array(9), 0, 9, 9, a.local); // for ever, to itself
`;

if (loadNative()?.udp) {
  describe('a process with a socket', () => {
    test('lives until it is closed', () => {
      const { output, status } = run(
        `${open} setTimeout(() => { console.log('still here'); a.close(); }, 30);`,
      );
      assert.deepEqual([output.trim(), status], ['still here', 0]);
    });

    test('ends at once if the socket is not to keep it, or no longer', () => {
      assert.equal(run(`${open} a.unref();`).status, 0);
      assert.equal(run(`${open} a.unref().ref().unref();`).status, 0);
    });

    test('runs what a handler has put off in the order of Node: ticks, promises, immediates', () => {
      const { output } = run(`${open}
        bounce.onDatagram = () => {
          setImmediate(() => console.log('immediate'));
          process.nextTick(() => console.log('tick'));
          void Promise.resolve().then(() => console.log('promise'));
          a.close();
        };
      `);
      assert.deepEqual(output.trim().split('\n'), ['tick', 'promise', 'immediate']);
    });

    test('ends where it wants to: in a handler, in a timer, by an exception', () => {
      assert.equal(run(`${open} setTimeout(() => process.exit(3), 20);`).status, 3);
      assert.equal(run(`${open} bounce.onDatagram = () => process.exit(4);`).status, 4);
      const thrown = run(`${open} bounce.onDatagram = () => { throw new Error('on purpose'); };`);
      assert.equal(thrown.status, 1);
      assert.match(thrown.output, /on purpose/);
    });
  });

  test('in a worker there are ciphers, sockets on request, and an end', () => {
    const worker = (body: string, finish: string): string => `
      import { Worker, isMainThread, parentPort } from 'node:worker_threads';
      import { loadNative } from ${INDEX};
      const worker = new Worker(\`
        const { parentPort } = await import('node:worker_threads');
        const { loadNative } = await import(${INDEX.replaceAll('"', "'")});
        ${body}
      \`, { eval: true });
      worker.on('message', async (message) => { console.log(message); ${finish} });
      worker.on('exit', (code) => console.log('exit', code));
    `;
    const plain = run(
      worker(
        `const n = loadNative(); const k = n.aead.createAeadKey('aes-128-gcm', new Uint8Array(16));
         k.seal(n.slab(99), 0, 9, new Uint8Array(12), new Uint8Array(0));
         setInterval(() => {}, 1000); parentPort.postMessage([!!n.aead, !!n.udp].join());`,
        'await worker.terminate();',
      ),
    );
    assert.match(plain.output, /true,false\s+exit 1/);
    const asked = run(
      worker(
        `const n = loadNative({ inWorker: true }); const s = n.udp.open('127.0.0.1', 0, { onDatagram() {} });
         setTimeout(() => { parentPort.postMessage('open'); parentPort.close(); s.unref(); }, 20);`,
        '',
      ),
    );
    assert.match(asked.output, /open\s+exit 0/);
  });

  test('MILLRACE_NATIVE switches off the whole or a part', () => {
    const print = `
      import { loadNative, probeNative } from ${INDEX};
      const n = loadNative();
      console.log(n ? [!!n.aead, n.udp?.sendPath, n.udp?.receivePath].join() : 'nothing', probeNative().length > 0);
    `;
    const saw = (value: string): string => run(print, { MILLRACE_NATIVE: value }).output.trim();
    const [send, receive] = [loadNative()!.udp!.sendPath, loadNative()!.udp!.receivePath];
    assert.equal(saw('off'), 'nothing true');
    assert.equal(saw('crypto'), 'true,, true');
    assert.equal(saw('udp'), `false,${send},${receive} true`);
    assert.equal(saw('no-crypto,no-udp'), 'nothing true');
    assert.equal(saw('no-gso'), `true,sendmmsg,${receive} true`);
    assert.equal(saw('no-gso,no-sendmmsg,no-gro'), 'true,plain,plain true');
    assert.equal(saw('no-low-memory, whatever'), `true,${send},${receive} true`);
  });

  test('without koffi there is nothing, and a reason', () => {
    const { output, status } = run(`
      import Module from 'node:module';
      const resolve = Module._resolveFilename;
      Module._resolveFilename = (name, ...rest) => {
        if (name === 'koffi') throw new Error('Cannot find module koffi');
        return resolve(name, ...rest);
      };
      const { loadNative, probeNative } = await import(${INDEX});
      console.log(loadNative(), JSON.stringify(probeNative()));
    `);
    assert.equal(status, 0);
    assert.match(output, /undefined .*"koffi","ok":false,"why":"Cannot find module koffi/);
  });
}
