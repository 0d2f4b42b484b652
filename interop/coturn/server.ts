// A coturn of our own for the time of a test: on free ports of loopback, or in a network namespace, with a certificate
// and a user.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../harness/free-port.ts';

export const USERNAME = 'anna';
export const CREDENTIAL = 'a long secret';

const LOOPBACK = ['127.0.0.1'];
const STARTING = 90_000; // ms
/** Of ports that nobody had a moment ago somebody may have one by now, and then coturn waits for it in silence. */
const TRIES_OF_FREE_PORTS = 3;

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

/** Where the server listens and relays. */
export interface Place {
  /** What runs a command in another network, as in `ip netns exec NAME`: it has to become that command. */
  readonly within?: readonly string[];
  /** Default: that of loopback. */
  readonly addresses?: readonly string[];
  /** Default: where it listens. */
  readonly relayAddresses?: readonly string[];
  /** Default: some that are free. */
  readonly ports?: Ports;
}

interface Ports {
  readonly port: number;
  readonly tlsPort: number;
}

export async function startCoturn(options: readonly string[] = [], place: Place = {}): Promise<Coturn> {
  if (place.ports) return start(options, place, place.ports, STARTING);
  for (let left = TRIES_OF_FREE_PORTS; ; left--) {
    const ports = { port: await freePort(place.addresses), tlsPort: await freePort(place.addresses) };
    try {
      return await start(options, place, ports, STARTING / TRIES_OF_FREE_PORTS);
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

async function start(
  options: readonly string[],
  place: Place,
  { port, tlsPort }: Ports,
  patience: number,
): Promise<Coturn> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-coturn-'));
  const certificateFile = join(directory, 'certificate.pem');
  const keyFile = join(directory, 'key.pem');
  const { within = [], addresses = LOOPBACK } = place;
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
  const [command = '', ...args] = [...within, 'turnserver'];
  const child = spawn(
    command,
    [
      args,
      ['-n', '--no-cli', '--lt-cred-mech', '--allow-loopback-peers', '--no-multicast-peers', '--fingerprint'],
      ['--listening-port', `${port}`, '--tls-listening-port', `${tlsPort}`],
      addresses.flatMap((address) => ['--listening-ip', address]),
      (place.relayAddresses ?? addresses).flatMap((address) => ['--relay-ip', address]),
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
    const signs = async (isOver: AbortSignal): Promise<void> => {
      if (within.length > 0) await listens(child, [port, tlsPort]);
      else await Promise.all(addresses.map((address) => answers(address, port, isOver)));
    };
    await started(child, signs, patience);
  } catch (error) {
    await close();
    throw error;
  }
  return { port, tlsPort, certificate: readFileSync(certificateFile, 'utf8'), close };
}

async function started(
  child: ChildProcess,
  signs: (isOver: AbortSignal) => Promise<void>,
  patience: number,
): Promise<void> {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      printed = (printed + String(chunk)).slice(-4_000);
    });
  }
  const over = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`coturn does not answer. ${printed}`)), patience);
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
async function answers(address: string, port: number, isOver: AbortSignal): Promise<void> {
  const socket = createSocket('udp4');
  const request = Buffer.from(`000100002112a442${'01'.repeat(12)}`, 'hex');
  const asking = setInterval(() => socket.send(request, port, address), 50);
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
