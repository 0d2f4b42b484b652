// `node --conditions=@millrace/source startup.ts [ROUNDS]`: what loading the native layer costs a process: milliseconds
// and resident memory of koffi, of `loadNative` besides, of the first socket, and of a thousand keys.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

interface Costs {
  readonly [what: string]: number;
}

if (process.argv[2] === 'once') await once();
else {
  const rounds = Number(process.argv[2] ?? 9);
  const all: Costs[] = [];
  for (let round = 0; round < rounds; round++) {
    const { stdout } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, 'once'], {
      encoding: 'utf8',
    });
    all.push(JSON.parse(stdout));
  }
  for (const what of Object.keys(all[0]!)) {
    const sorted = all.map((costs) => costs[what]!).sort((a, b) => a - b);
    console.log(
      `${what.padEnd(34)} ${sorted[rounds >> 1]!.toFixed(2)} [${sorted[0]!.toFixed(2)}-${sorted.at(-1)!.toFixed(2)}]`,
    );
  }
}

async function once(): Promise<void> {
  const costs: Record<string, number> = {};
  const measure = <T>(what: string, call: () => T): T => {
    const [memory, start] = [process.memoryUsage.rss(), performance.now()];
    const result = call();
    costs[`${what}, ms`] = performance.now() - start;
    costs[`${what}, KiB`] = (process.memoryUsage.rss() - memory) / 1024;
    return result;
  };
  measure('require koffi', () => createRequire(import.meta.url)('koffi'));
  const { loadNative } = await import('../src/index.ts');
  const native = measure('loadNative', loadNative);
  const socket = measure('first socket', () => native?.udp?.open('127.0.0.1', 0, { onDatagram() {} }));
  const sockets = measure('100 more sockets', () =>
    Array.from({ length: 100 }, () => native?.udp?.open('127.0.0.1', 0, { onDatagram() {} })),
  );
  const keys = measure('1000 AES-128-GCM record keys', () =>
    Array.from({ length: 1000 }, () =>
      native?.aead?.createRecordKey('aes-128-gcm', new Uint8Array(16), new Uint8Array(4), 'seal'),
    ),
  );
  for (const each of [socket, ...sockets, ...keys]) each?.close();
  console.log(JSON.stringify(costs));
}
