// @millrace/dtls against `openssl s_server` and `s_client` over loopback UDP: both roles, all suites and groups,
// ECDSA and RSA, cookies, small datagrams, SRTP profiles; data both ways, the exporter compared, closed from each
// side. Needs the openssl command. Run: node --conditions=@millrace/source interop/openssl/run.ts
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CIPHER_SUITES, type CloseReason, DtlsConnection, fingerprintOf } from '@millrace/dtls';
import { nodeDtlsCertificate, nodeDtlsCrypto } from '@millrace/dtls/node-crypto';

type Key = 'p256' | 'p384' | 'rsa';

interface Case {
  readonly role: 'client' | 'server';
  readonly suite: number;
  readonly group: number;
  readonly ours: Key;
  readonly theirs: Key;
  readonly srtp?: boolean;
  readonly more?: readonly string[];
  readonly closer?: 'us' | 'them';
}

const NAMES: Readonly<Record<number, string>> = {
  49195: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  49196: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  49199: 'ECDHE-RSA-AES128-GCM-SHA256',
  49200: 'ECDHE-RSA-AES256-GCM-SHA384',
  52392: 'ECDHE-RSA-CHACHA20-POLY1305',
  52393: 'ECDHE-ECDSA-CHACHA20-POLY1305',
};
const GROUP_NAMES: Readonly<Record<number, string>> = { 23: 'P-256', 24: 'P-384', 29: 'X25519' };
const folder = mkdtempSync(join(tmpdir(), 'millrace-openssl-'));
const path = (name: string): string => join(folder, name);

function makeCertificate(key: Key): void {
  const kind = key === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', `ec_paramgen_curve:P-${key.slice(1)}`];
  const out = ['-keyout', path(`${key}.key`), '-out', path(`${key}.crt`), '-subj', `/CN=${key}`];
  execFileSync('openssl', ['req', '-x509', '-nodes', '-newkey', ...kind, ...out], { stdio: 'ignore' });
  execFileSync('openssl', ['x509', '-in', path(`${key}.crt`), '-outform', 'DER', '-out', path(`${key}.der`)]);
  const pkcs8 = ['pkcs8', '-topk8', '-nocrypt', '-in', path(`${key}.key`), '-outform', 'DER'];
  execFileSync('openssl', [...pkcs8, '-out', path(`${key}.pk8`)]);
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function startOpenssl(test: Case, port: number): ChildProcess {
  const order = [test.group, 29, 23, 24].filter((group, i, all) => all.indexOf(group) === i);
  const common = ['-dtls1_2', '-cert', path(`${test.theirs}.crt`), '-key', path(`${test.theirs}.key`)];
  common.push('-cipher', NAMES[test.suite]!, '-groups', order.map((group) => GROUP_NAMES[group]).join(':'));
  common.push(
    '-mtu',
    '1200',
    '-keymatexport',
    'EXPERIMENTAL',
    '-keymatexportlen',
    '32',
    ...(test.more ?? []),
  );
  if (test.srtp) common.push('-use_srtp', 'SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80');
  const args =
    test.role === 'client'
      ? ['s_server', ...common, '-accept', `127.0.0.1:${port}`, '-Verify', '2']
      : ['s_client', ...common, '-connect', `127.0.0.1:${port}`];
  return spawn('openssl', args);
}

/** `undefined` if all went well. */
async function run(test: Case): Promise<string | undefined> {
  const socket = await bound();
  const reserved = await bound();
  const theirPort = reserved.address().port;
  reserved.close();
  const child = startOpenssl(test, test.role === 'client' ? theirPort : socket.address().port);
  let output = '';
  child.stdout?.on('data', (text) => (output += text));
  child.stderr?.on('data', (text) => (output += text));
  if (test.role === 'client') {
    while (!output.includes('ACCEPT')) await sleep(10);
  }

  const connection = new DtlsConnection({
    role: test.role,
    certificate: nodeDtlsCertificate(
      readFileSync(path(`${test.ours}.der`)),
      readFileSync(path(`${test.ours}.pk8`)),
    ),
    crypto: nodeDtlsCrypto,
    random: { fill: (bytes) => void randomFillSync(bytes) },
    remoteFingerprints: [fingerprintOf(readFileSync(path(`${test.theirs}.der`)), nodeDtlsCrypto)],
    cipherSuites: [test.suite],
    groups: [test.group, 23, 24].filter((group, i, all) => all.indexOf(group) === i),
    srtpProfiles: test.srtp ? [7, 1] : [],
  });
  let remote = theirPort;
  let received = '';
  let isOpen = false;
  let closed: CloseReason | undefined;
  const sink = {
    onConnected: () => void (isOpen = true),
    onApplicationData: (bytes: Uint8Array, at: number, end: number) =>
      void (received += Buffer.from(bytes.subarray(at, end))),
    onClosed: (reason: CloseReason) => void (closed = reason),
  };
  const turn = (): void => {
    connection.expire(performance.now());
    connection.drain(sink);
    const out = new Uint8Array(1500);
    for (let length = 1; length > 0; ) {
      length = connection.transmit(out, 0, out.length, performance.now());
      if (length > 0) socket.send(out.slice(0, length), remote, '127.0.0.1');
    }
  };
  socket.on('message', (message, from) => {
    remote = from.port;
    connection.receive(message, 0, message.length, performance.now());
    turn();
  });
  const timer = setInterval(turn, 10);
  connection.start(performance.now());
  turn();
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 300 && !condition() && closed === undefined; i++) await sleep(10);
  };

  await until(() => isOpen);
  let exported = 'nothing';
  if (connection.state === 'connected') {
    exported = Buffer.from(connection.exportKeyingMaterial('EXPERIMENTAL', undefined, 32)).toString('hex');
    const text = Buffer.from('hello from millrace\n');
    const out = new Uint8Array(connection.headroom + text.length + connection.tailroom);
    out.set(text, connection.headroom);
    socket.send(out.subarray(0, connection.seal(out, 0, text.length)), remote, '127.0.0.1');
    child.stdin?.write('hello from openssl\n');
    await until(() => received.includes('hello from openssl'));
  }
  const profile = connection.srtpProfile;
  if (test.closer === 'them') child.stdin?.end(test.role === 'client' ? 'Q\n' : undefined);
  else connection.close(performance.now());
  turn();
  await until(() => closed !== undefined);
  await Promise.race([once(child, 'close'), sleep(1500)]);
  clearInterval(timer);
  child.kill();
  socket.close();

  const material = /Keying material: ([0-9A-F]+)/.exec(output)?.[1]?.toLowerCase();
  if (connection.group !== { 23: 'secp256r1', 24: 'secp384r1', 29: 'x25519' }[test.group])
    return `group ${connection.group}`;
  if (material !== exported) return `exporter: ${material} and ${exported}`;
  if (!received.includes('hello from openssl')) return 'nothing received';
  if (!output.includes('hello from millrace')) return 'nothing arrived there';
  if (test.srtp && profile !== 7) return `SRTP profile ${profile}`;
  const code = test.closer === 'them' ? 'close-notify' : 'closed';
  return closed?.code === code ? undefined : `closed with ${closed?.code}`;
}

function cases(): Case[] {
  const all: Case[] = [];
  for (const role of ['client', 'server'] as const) {
    for (const { id, keyAlgorithm } of CIPHER_SUITES.values()) {
      const signer: Key = keyAlgorithm === 'rsa' ? 'rsa' : 'p256';
      const keys =
        role === 'client'
          ? ({ ours: 'p256', theirs: signer } as const)
          : ({ ours: signer, theirs: 'p256' } as const);
      for (const group of [29, 23])
        all.push({ role, suite: id, group, ...keys, closer: group === 29 ? 'them' : 'us' });
    }
    const base = { role, suite: 0xc02b, group: 29, ours: 'p256', theirs: 'p256' } as const;
    all.push({ ...base, srtp: true }, { ...base, group: 24 }, { ...base, theirs: 'p384' });
    all.push({ ...base, more: ['-mtu', '256'] });
    if (role === 'server') all.push({ ...base, theirs: 'rsa' });
  }
  const client = { role: 'client', suite: 0xc02f, group: 29, ours: 'rsa', theirs: 'rsa' } as const;
  for (const scheme of ['RSA-PSS+SHA256', 'RSA-PSS+SHA512', 'RSA+SHA256', 'RSA+SHA384', 'RSA+SHA512']) {
    all.push({ ...client, more: ['-sigalgs', scheme] });
  }
  all.push({ ...client, more: ['-listen'] }); // with a HelloVerifyRequest
  return all;
}

for (const key of ['p256', 'p384', 'rsa'] as const) makeCertificate(key);
let failures = 0;
for (const test of cases()) {
  const failure = await run(test);
  if (failure !== undefined) failures++;
  console.log(`${failure === undefined ? 'ok    ' : 'FAILED'} ${JSON.stringify(test)} ${failure ?? ''}`);
}
rmSync(folder, { recursive: true });
process.exitCode = failures === 0 ? 0 : 1;
