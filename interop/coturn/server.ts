// A coturn of our own for the time of a test: on loopback, on free ports, with a certificate and a user.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

export async function startCoturn(options: readonly string[] = []): Promise<Coturn> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-coturn-'));
  const certificateFile = join(directory, 'certificate.pem');
  const keyFile = join(directory, 'key.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
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
  const [port, tlsPort] = [await freePort(), await freePort()];
  const child = spawn(
    'turnserver',
    [
      ['-n', '--no-cli', '--lt-cred-mech', '--allow-loopback-peers', '--no-multicast-peers', '--fingerprint'],
      ['--listening-ip', '127.0.0.1', '--listening-port', `${port}`, '--tls-listening-port', `${tlsPort}`],
      ['--relay-ip', '127.0.0.1', '--cert', certificateFile, '--pkey', keyFile],
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
    await started(child, port);
  } catch (error) {
    await close();
    throw error;
  }
  return { port, tlsPort, certificate: readFileSync(certificateFile, 'utf8'), close };
}

/** Both protocols have to be free at the same number. */
async function freePort(): Promise<number> {
  for (;;) {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as { port: number };
    const udp = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, '127.0.0.1', () => resolve(true));
    });
    if (isFree) await new Promise<void>((resolve) => void udp.close(resolve));
    await new Promise((resolve) => tcp.close(resolve));
    if (isFree) return port;
  }
}

/** It answers a Binding request. */
async function started(child: ChildProcess, port: number): Promise<void> {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      printed = (printed + String(chunk)).slice(-4_000);
    });
  }
  const socket = createSocket('udp4');
  const request = Buffer.from(`000100002112a442${'01'.repeat(12)}`, 'hex');
  const answered = once(socket, 'message');
  const asking = setInterval(() => socket.send(request, port, '127.0.0.1'), 50);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`coturn does not answer. ${printed}`)), STARTING);
  child.once('exit', (code) => reject(new Error(`coturn has ended with ${code}. ${printed}`)));
  try {
    await Promise.race([answered, late]);
  } finally {
    clearInterval(asking);
    clearTimeout(timer);
    socket.close();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
