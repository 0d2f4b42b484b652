// One case: @millrace/dtls on a UDP socket of loopback, `gnutls-serv` (an echo server) or `gnutls-cli` at the other end, DTLS 1.2
// with certificates on both sides. They shake hands, send lines and close; gnutls-cli prints exported keying material.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { DtlsConnection, fingerprintOf } from '@millrace/dtls';
import { nodeDtlsCertificate, nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { freePort } from '../harness/free-port.ts';
import type { KeyName, TestCertificate } from '../openssl/certificates.ts';
import { boundSocket, End, HOST, until } from '../openssl/our-end.ts';
import type { Case } from './cases.ts';

const LABEL = 'EXPERIMENTAL';
const MATERIAL_BYTES = 32;
const FROM_US = 'hello from millrace';
const FROM_THEM = 'hello from gnutls';

/** In GnuTLS's priority strings; the key exchange goes by the certificate. */
const GROUPS: Readonly<Record<number, string>> = { 29: 'X25519', 23: 'SECP256R1', 24: 'SECP384R1' };
const CIPHERS: Readonly<Record<number, string>> = {
  49195: '+ECDHE-ECDSA:+AES-128-GCM',
  49196: '+ECDHE-ECDSA:+AES-256-GCM',
  49199: '+ECDHE-RSA:+AES-128-GCM',
  49200: '+ECDHE-RSA:+AES-256-GCM',
  52392: '+ECDHE-RSA:+CHACHA20-POLY1305',
  52393: '+ECDHE-ECDSA:+CHACHA20-POLY1305',
};

/** Runs `wanted` and throws what does not hold. */
export async function run(
  wanted: Case,
  certificates: Readonly<Record<KeyName, TestCertificate>>,
): Promise<void> {
  const socket = await boundSocket();
  const theirPort = await freePort();
  const { certificate, privateKey } = certificates[wanted.ourKey];
  const theirs = certificates[wanted.theirKey];
  const port = wanted.role === 'client' ? theirPort : socket.address().port;
  const gnutls = new Gnutls(wanted, theirs, port);
  try {
    if (wanted.role === 'client') await until('gnutls-serv waits', () => /IPv4.*done/.test(gnutls.output));
    const connection = new DtlsConnection({
      role: wanted.role,
      certificate: nodeDtlsCertificate(certificate, privateKey),
      crypto: nodeDtlsCrypto,
      random: { fill: (bytes) => void randomFillSync(bytes) },
      remoteFingerprints: [fingerprintOf(theirs.certificate, nodeDtlsCrypto)],
      cipherSuites: [wanted.suite],
      groups: inOrder(wanted.group),
    });
    const end = new End(connection, socket, theirPort);
    try {
      await converse(wanted, end, gnutls);
    } finally {
      end.stop();
    }
  } finally {
    gnutls.kill();
    socket.close();
  }
}

async function converse(wanted: Case, end: End, gnutls: Gnutls): Promise<void> {
  const { connection } = end;
  await until('the handshake is over', () => end.isOpen || end.closed !== undefined);
  assert(end.isOpen, `closed by ${end.closed?.by}: ${end.closed?.code}\n${gnutls.output}`);
  assert.deepEqual([connection.tlsVersion, connection.extendedMasterSecret], ['FEFD', true]);
  assert.equal(connection.group?.toUpperCase(), GROUPS[wanted.group]);
  assert.equal(connection.helloRetries, wanted.asksForCookie ? 1 : 0);
  end.send(`${FROM_US}\n`);
  if (wanted.role === 'client') {
    await until('our line comes back', () => end.received.includes(FROM_US));
    end.close();
    await until('the connection is closed', () => end.closed !== undefined);
    assert.equal(end.closed?.code, 'closed');
    return;
  }
  gnutls.say(`${FROM_THEM}\n`);
  await until('our line has arrived', () => gnutls.output.includes(FROM_US));
  await until('their line has arrived', () => end.received.includes(FROM_THEM));
  const material = connection.exportKeyingMaterial(LABEL, undefined, MATERIAL_BYTES);
  const printed = /Key material: ([0-9a-f]+)/.exec(gnutls.output)?.[1];
  assert.equal(printed, Buffer.from(material).toString('hex'));
  gnutls.hangUp();
  await until('the connection is closed', () => end.closed !== undefined);
  assert.equal(end.closed?.code, 'close-notify');
}

/** Their end: the command and what it has printed. */
class Gnutls {
  output = '';
  readonly #child: ChildProcess;

  constructor(wanted: Case, { certificateFile, keyFile }: TestCertificate, port: number) {
    const { role, suite, group, theirMtu, asksForCookie } = wanted;
    const groups = inOrder(group).map((id) => `+GROUP-${GROUPS[id]}`);
    const priority = `NONE:+VERS-DTLS1.2:+MAC-ALL:+SIGN-ALL:+CTYPE-ALL:+COMP-NULL:${CIPHERS[suite]}:${groups.join(':')}`;
    const common = [
      ...['--udp', '--port', `${port}`, '--mtu', `${theirMtu}`, '--priority', priority],
      ...['--x509certfile', certificateFile, '--x509keyfile', keyFile],
    ];
    this.#child =
      role === 'client'
        ? spawn('gnutls-serv', [
            ...common,
            ...['--echo', '--require-client-cert', ...(asksForCookie ? [] : ['--nocookie'])],
          ])
        : spawn('gnutls-cli', [
            ...common,
            ...['--insecure', '--keymatexport', LABEL, '--keymatexportsize', `${MATERIAL_BYTES}`, HOST],
          ]);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text: Buffer) => {
        this.output += text.toString();
      });
  }

  say(line: string): void {
    this.#child.stdin?.write(line);
  }

  /** gnutls-cli sends close_notify when there is no more to read. */
  hangUp(): void {
    this.#child.stdin?.end();
  }

  kill(): void {
    this.#child.kill();
  }
}

/** The wanted group first; the others are for certificates, whose curves have to be offered too. */
function inOrder(group: number): number[] {
  return [
    group,
    ...Object.keys(GROUPS)
      .map(Number)
      .filter((id) => id !== group),
  ];
}
