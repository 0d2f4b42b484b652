// A coturn of our own for the time of a test: on free ports of loopback, or in a network namespace, with a certificate
// and a user.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const USERNAME = 'anna';
export const CREDENTIAL = 'a long secret';

const STARTING = 10_000; // ms

/** The version, or `undefined` if there is no coturn. */
export function coturnVersion(): string | undefined {
  try {
    return /(\d+\.\d+\.\d+)/.exec(
      execFileSync('turnserver', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    )?.[1];
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return /(\d+\.\d+\.\d+)/.exec(`${stdout}${stderr}`)?.[1];
  }
}

export interface Coturn {
  readonly port: number;
  readonly tlsPort: number;
  /** PEM. */
  readonly certificate: string;
  close(): Promise<void>;
}

/** Where the server listens and relays, when that is not loopback. */
export interface Place {
  /** What runs a command there, as in `ip netns exec NAME`: it has to become that command. */
  readonly within: readonly string[];
  readonly addresses: readonly string[];
  /** Default: where it listens. */
  readonly relayAddresses?: readonly string[];
  readonly port: number;
  readonly tlsPort: number;
}

export async function startCoturn(options: readonly string[] = [], place?: Place): Promise<Coturn> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-coturn-'));
  const certificateFile = join(directory, 'certificate.pem');
  const keyFile = join(directory, 'key.pem');
  const addresses = place?.addresses ?? ['127.0.0.1'];
  const names = ['DNS:localhost', ...addresses.map((address) => `IP:${address}`)];
  const subject = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${names.join(',')}`];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      keyFile,
      '-out',
      certificateFile,
      '-days',
      '2',
      ...subject,
    ],
    { stdio: 'ignore' },
  );
  const { port, tlsPort } = place ?? { port: await freePort(), tlsPort: await freePort() };
  const [command = '', ...args] = [...(place?.within ?? []), 'turnserver'];
  const child = spawn(
    command,
    [
      args,
      ['-n', '--no-cli', '--lt-cred-mech', '--allow-loopback-peers', '--no-multicast-peers', '--fingerprint'],
      ['--listening-port', `${port}`, '--tls-listening-port', `${tlsPort}`],
      addresses.flatMap((address) => ['--listening-ip', address]),
      (place?.relayAddresses ?? addresses).flatMap((address) => ['--relay-ip', address]),
      ['--cert', certificateFile, '--pkey', keyFile],
      ['--realm', 'example.org', '--user', `${USERNAME}:${CREDENTIAL}`],
      ['--pidfile', join(directory, 'pid'), '--userdb', join(directory, 'db'), '--log-file', 'stdout'],
      options,
    ].flat(),
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory },
  );
  const close = async (): Promise<void> => {
    await end(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const signs = place
      ? () => listens(child, [port, tlsPort])
      : (isOver: AbortSignal) => answers(port, isOver);
    await started(child, signs);
  } catch (error) {
    await close();
    throw error;
  }
  return { port, tlsPort, certificate: readFileSync(certificateFile, 'utf8'), close };
}

/** Both protocols have to be free at the same number. */
export async function freePort(address: string = '127.0.0.1'): Promise<number> {
  for (;;) {
    const tcp = createServer().listen(0, address);
    await once(tcp, 'listening');
    const { port } = tcp.address() as { port: number };
    const udp = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, address, () => resolve(true));
    });
    if (isFree) await new Promise<void>((resolve) => void udp.close(resolve));
    await new Promise((resolve) => tcp.close(resolve));
    if (isFree) return port;
  }
}

async function started(child: ChildProcess, signs: (isOver: AbortSignal) => Promise<void>): Promise<void> {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      printed = (printed + String(chunk)).slice(-4_000);
    });
  }
  const over = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`coturn does not answer. ${printed}`)), STARTING);
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`coturn has ended with ${code}. ${printed}`)));
  try {
    await Promise.race([signs(over.signal), late]);
  } finally {
    over.abort();
    clearTimeout(timer);
  }
}

/** It answers a Binding request. */
async function answers(port: number, isOver: AbortSignal): Promise<void> {
  const socket = createSocket('udp4');
  const request = Buffer.from(`000100002112a442${'01'.repeat(12)}`, 'hex');
  const asking = setInterval(() => socket.send(request, port, '127.0.0.1'), 50);
  isOver.addEventListener('abort', () => {
    clearInterval(asking);
    socket.close();
  });
  await once(socket, 'message');
}

/** Its network, which is not ours, has somebody who listens at these ports. */
async function listens({ pid }: ChildProcess, ports: readonly number[]): Promise<void> {
  const table = `/proc/${pid}/net/tcp`;
  const LISTEN = '0A';
  for (;;) {
    const lines = existsSync(table) ? readFileSync(table, 'utf8').split('\n') : [];
    const fields = lines.map((line) => line.trim().split(/\s+/));
    const listening = fields.filter(([, , , state]) => state === LISTEN);
    const open = listening.map(([, address = '']) => Number.parseInt(address.split(':')[1] ?? '', 16));
    if (ports.every((port) => open.includes(port))) return;
    await sleep(20);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
