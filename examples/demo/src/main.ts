// The demo: two processes meet through the embedded signaling server, connect over UDP on this machine, and one
// sends the other a file; then the numbers.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import {
  EXIT,
  type ExitCode,
  Failure,
  interruptible,
  runProgram,
  wrongArguments,
} from '@millrace/example-send-file/failure';
import { safeFileName } from '@millrace/example-send-file/file-name';
import { formatBytes, type Progress, startProgress } from '@millrace/example-send-file/progress';
import type { TransferResult } from '@millrace/example-send-file/transfer';
import { Watchdog } from '@millrace/example-send-file/watchdog';
import { startSignalingServer } from '@millrace/signaling/server';
import type { Report, RoundTrips } from './messages.ts';
import type { OpeningMarks } from './opening.ts';
import { PeerProcess } from './peer-process.ts';
import { printReport } from './print-report.ts';
import { writeSampleFile } from './sample-file.ts';

const HELP = `Usage: npm run demo -- [PATH] [options]

Sends a file between two processes of this machine through the whole stack: ICE, DTLS, SCTP, data channels.

  PATH               the file to send (default: one that is generated)
  --size MIB         size of the generated file (default 256)
  --pings COUNT      round trips to measure (default 5000)
  --timeout SECONDS  give up when nothing moves for so long (default 30)
  -h, --help         show this text

Exit codes: 0 sent, verified and measured, 1 failed, 2 wrong usage, 4 the checksum is wrong, 130 interrupted.
`;

await runProgram('demo', main);

async function main(): Promise<ExitCode> {
  const options = readArguments();
  if (options.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const { signal } = interruptible();
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const file = await prepareFile(options, directory, signal);
  const server = await startSignalingServer();
  cleanup.defer(() => server.close());
  const invite = { url: server.url, ...(await server.createRoom()) };

  const seen: Seen = {};
  const stalled = Promise.withResolvers<never>();
  const watchdog = new Watchdog(options.timeout + 5000, () =>
    stalled.reject(new Failure(`nothing has moved for ${options.timeout / 1000} s`)),
  );
  const progress = lazyProgress(file.size);
  cleanup.defer(() => progress.stop());
  const onReport = (report: Report): void => {
    watchdog.feed();
    note(seen, report);
    if (report.type === 'progress') progress.update(report.bytes);
    if (report.type === 'transferred') progress.complete();
  };
  const receiver = new PeerProcess('receiver', onReport);
  cleanup.defer(() => receiver.stop());
  const sender = new PeerProcess('sender', onReport);
  cleanup.defer(() => sender.stop());
  process.stdout.write(
    `Two processes, ${sender.pid} and ${receiver.pid}, meet at ${server.url}\nand connect over UDP on loopback.\n`,
  );

  watchdog.start();
  cleanup.defer(() => watchdog.stop());
  const interrupted = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => interrupted.reject(signal.reason));
  signal.throwIfAborted();
  const work = async (): Promise<void> => {
    await Promise.all([receiver.ready, sender.ready]);
    const { timeout, pings } = options;
    receiver.assign({ invite, timeout, task: { role: 'receiver', directory: join(directory, 'received') } });
    sender.assign({ invite, timeout, task: { role: 'sender', path: file.path, pings } });
    await Promise.all([receiver.ended, sender.ended]);
  };
  await Promise.race([work(), stalled.promise, interrupted.promise]);
  const received = join(directory, 'received', safeFileName(basename(file.path)));
  await verify(received, file.sha256 ?? seen.transfer?.sha256);
  printReport(requireAll(seen));
  return EXIT.ok;
}

/** What the peers have told. */
interface Seen {
  marks?: OpeningMarks;
  transfer?: TransferResult;
  roundTrips?: RoundTrips;
}

function note(seen: Seen, report: Report): void {
  if (report.type === 'open' && report.marks) seen.marks = report.marks;
  // The receiver's and the sender's results are the same but for the time; the longer one is the honest one.
  if (
    report.type === 'transferred' &&
    !(seen.transfer && seen.transfer.milliseconds > report.result.milliseconds)
  )
    seen.transfer = report.result;
  if (report.type === 'pinged') seen.roundTrips = report.roundTrips;
}

function requireAll({ marks, transfer, roundTrips }: Seen): Required<Seen> {
  if (!marks || !transfer || !roundTrips)
    throw new Failure('the peers have ended without telling their results');
  return { marks, transfer, roundTrips };
}

interface DemoFile {
  readonly path: string;
  readonly size: number;
  /** Known for a generated file. */
  readonly sha256: string | undefined;
}

async function prepareFile(
  { path, size }: { path: string | undefined; size: number },
  directory: string,
  signal: AbortSignal,
): Promise<DemoFile> {
  if (path === undefined) {
    const generated = join(directory, 'sample.bin');
    process.stdout.write(`Generating ${formatBytes(size)} of pseudo-random bytes ...\n`);
    return { path: generated, size, sha256: await writeSampleFile(generated, size, signal) };
  }
  const stats = await stat(path).catch(() => {
    throw new Failure(`'${path}' does not exist or cannot be read`);
  });
  if (!stats.isFile()) throw new Failure(`'${path}' is not a file`);
  return { path, size: stats.size, sha256: undefined };
}

/** Reads back what has arrived: the peers have compared what passed through them, this compares what is there. */
async function verify(path: string, expected: string | undefined): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  if (hash.digest('hex') !== expected)
    throw new Failure('the SHA-256 of the file that arrived is wrong', EXIT.corrupt);
}

/** The bar appears with the first byte, below what is said before. */
function lazyProgress(total: number): Progress & { complete(): void } {
  let progress: Progress | undefined;
  const update = (bytes: number): void => {
    progress ??= startProgress({ label: 'Sending', total });
    progress.update(bytes);
  };
  return {
    update,
    complete: () => {
      update(total);
      progress?.stop();
    },
    stop: () => progress?.stop(),
  };
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        size: { type: 'string', default: '256' },
        pings: { type: 'string', default: '5000' },
        timeout: { type: 'string', default: '30' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (positionals.length > 1) throw new RangeError('one file at most');
    return {
      help: values.help,
      path: positionals[0],
      size: Math.round(positive('--size', values.size, 65_536) * 1024 * 1024),
      pings: Math.ceil(positive('--pings', values.pings, 1_000_000)),
      timeout: positive('--timeout', values.timeout, 86_400) * 1000,
    };
  } catch (error) {
    throw wrongArguments(error);
  }
}

function positive(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= most))
    throw new RangeError(`${name} must be a number above 0, ${most} at most, not '${text}'`);
  return value;
}
