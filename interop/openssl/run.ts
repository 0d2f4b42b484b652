// One case: @millrace/dtls on a UDP socket of loopback, `openssl s_server` or `s_client` at the other end. They
// shake hands, compare exported keying material, send a line each way and close.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { DtlsConnection, fingerprintOf } from '@millrace/dtls';
import { nodeDtlsCertificate, nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { freePort } from '../harness/free-port.ts';
import { type Case, SRTP_NAMES, type SrtpName } from './cases.ts';
import type { KeyName, TestCertificate } from './certificates.ts';
import { boundSocket, End, HOST, until } from './our-end.ts';

const LABEL = 'EXPERIMENTAL';
const MATERIAL_BYTES = 32;
const FROM_US = 'hello from millrace';
const FROM_THEM = 'hello from openssl';
const SRTP_LABEL = 'EXTRACTOR-dtls_srtp'; // RFC 5764 §4.2

/** Two keys and two salts: RFC 5764 §4.1.2, RFC 7714 §14.2. */
const SRTP_MATERIAL_BYTES: Readonly<Record<SrtpName, number>> = {
  SRTP_AES128_CM_SHA1_80: 60,
  SRTP_AES128_CM_SHA1_32: 60,
  SRTP_AEAD_AES_128_GCM: 56,
  SRTP_AEAD_AES_256_GCM: 88,
};

const GROUPS: ReadonlyMap<number, readonly [name: string, nameOfOpenssl: string]> = new Map([
  [29, ['x25519', 'X25519']],
  [23, ['secp256r1', 'P-256']],
  [24, ['secp384r1', 'P-384']],
]);
const SUITES: Readonly<Record<number, string>> = {
  49195: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  49196: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  49199: 'ECDHE-RSA-AES128-GCM-SHA256',
  49200: 'ECDHE-RSA-AES256-GCM-SHA384',
  52392: 'ECDHE-RSA-CHACHA20-POLY1305',
  52393: 'ECDHE-ECDSA-CHACHA20-POLY1305',
};

/** Runs `wanted` and throws what does not hold. */
export async function run(
  wanted: Case,
  certificates: Readonly<Record<KeyName, TestCertificate>>,
): Promise<void> {
  const socket = await boundSocket();
  const theirPort = await freePort();
  const ours = nodeDtlsCertificate(
    certificates[wanted.ourKey].certificate,
    certificates[wanted.ourKey].privateKey,
  );
  const theirs = certificates[wanted.theirKey];
  const port = wanted.role === 'client' ? theirPort : socket.address().port;
  const openssl = new Openssl(wanted, theirs, port);
  try {
    if (wanted.role === 'client') await until('s_server waits', () => openssl.output.includes('ACCEPT'));
    const connection = new DtlsConnection({
      role: wanted.role,
      certificate: ours,
      crypto: nodeDtlsCrypto,
      random: { fill: (bytes) => void randomFillSync(bytes) },
      remoteFingerprints: [fingerprintOf(theirs.certificate, nodeDtlsCrypto)],
      cipherSuites: [wanted.suite],
      groups: inOrder(wanted.group),
      srtpProfiles: wanted.srtp ? profilesFrom(SRTP_NAMES[wanted.srtp]) : [],
    });
    const end = new End(connection, socket, theirPort);
    await converse(wanted, end, openssl);
  } finally {
    openssl.kill();
    socket.close();
  }
}

async function converse(wanted: Case, end: End, openssl: Openssl): Promise<void> {
  const { connection } = end;
  try {
    await until('the handshake is over', () => end.isOpen || end.closed !== undefined);
    assert(end.isOpen, `closed by ${end.closed?.by}: ${end.closed?.code}`);
    assert.equal(connection.group, GROUPS.get(wanted.group)?.[0]);
    assert.equal(connection.srtpProfile, wanted.srtp && SRTP_NAMES[wanted.srtp]);
    const material = wanted.srtp
      ? srtpMaterial(connection)
      : connection.exportKeyingMaterial(LABEL, undefined, MATERIAL_BYTES);
    end.send(`${FROM_US}\n`);
    openssl.say(`${FROM_THEM}\n`);
    await until('our line has arrived', () => openssl.output.includes(FROM_US));
    await until('their line has arrived', () => end.received.includes(FROM_THEM));
    const printed = /Keying material: ([0-9A-F]+)/.exec(openssl.output)?.[1];
    assert.equal(printed?.toLowerCase(), Buffer.from(material).toString('hex'));

    if (wanted.closer === 'them') openssl.hangUp();
    else end.close();
    await until('the connection is closed', () => end.closed !== undefined);
    assert.equal(end.closed?.code, wanted.closer === 'them' ? 'close-notify' : 'closed');
    // s_server waits for the next client; s_client has nothing left to do.
    if (wanted.role === 'server') await until('s_client has ended', () => openssl.hasEnded);
  } finally {
    end.stop();
  }
}

/** All profiles there are, `first` before the others. */
function profilesFrom(first: number): readonly number[] {
  return [first, ...Object.values(SRTP_NAMES).filter((profile) => profile !== first)];
}

/** RFC 5764 §4.2: both keys, then both salts, as they were cut from what the exporter gave. */
function srtpMaterial(connection: DtlsConnection): Uint8Array {
  const keys = connection.exportSrtpKeys();
  assert(keys);
  return Buffer.concat([keys.clientKey, keys.serverKey, keys.clientSalt, keys.serverSalt]);
}

/** Their end: the command and what it has printed. */
class Openssl {
  output = '';
  hasEnded = false;
  readonly #child: ChildProcess;

  constructor(wanted: Case, { certificateFile, keyFile }: TestCertificate, port: number) {
    const { role, suite, group, theirMtu, more } = wanted;
    const where =
      role === 'client'
        ? ['s_server', '-accept', `${HOST}:${port}`, '-Verify', '2']
        : ['s_client', '-connect', `${HOST}:${port}`];
    const names = inOrder(group).map((id) => GROUPS.get(id)![1]);
    const identity = ['-cert', certificateFile, '-key', keyFile];
    const crypto = ['-dtls1_2', '-cipher', SUITES[suite]!, '-groups', names.join(':'), '-mtu', `${theirMtu}`];
    const exporter = wanted.srtp
      ? ['-keymatexport', SRTP_LABEL, '-keymatexportlen', `${SRTP_MATERIAL_BYTES[wanted.srtp]}`]
      : ['-keymatexport', LABEL, '-keymatexportlen', `${MATERIAL_BYTES}`];
    const srtp = wanted.srtp ? ['-use_srtp', wanted.srtp] : [];
    this.#child = spawn('openssl', [...where, ...identity, ...crypto, ...exporter, ...srtp, ...more]);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text: Buffer) => {
        this.output += text.toString();
      });
    this.#child.once('close', () => {
      this.hasEnded = true;
    });
  }

  say(line: string): void {
    this.#child.stdin?.write(line);
  }

  /** s_client sends close_notify when there is no more to read. */
  hangUp(): void {
    this.#child.stdin?.end();
  }

  kill(): void {
    this.#child.kill();
  }
}

/** The wanted group first; the others are for certificates, whose curves have to be offered too. */
function inOrder(group: number): number[] {
  return [group, ...[...GROUPS.keys()].filter((id) => id !== group)];
}
