// Self-signed certificates of each kind of key, made by the openssl command, as files for it and as bytes for us.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type KeyName = 'p256' | 'p384' | 'rsa';

export interface TestCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** X.509, DER. */
  readonly certificate: Uint8Array;
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
}

const KINDS: Readonly<Record<KeyName, readonly string[]>> = {
  p256: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  rsa: ['rsa:2048'],
};

/** One of each kind, in a folder of their own until the process ends. */
export function makeCertificates(): Readonly<Record<KeyName, TestCertificate>> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-openssl-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const make = (name: KeyName): TestCertificate => {
    const certificateFile = join(folder, `${name}.crt`);
    const keyFile = join(folder, `${name}.key`);
    const files = ['-keyout', keyFile, '-out', certificateFile];
    openssl(['req', '-x509', '-nodes', '-newkey', ...KINDS[name], ...files, '-subj', `/CN=${name}`]);
    return {
      certificateFile,
      keyFile,
      certificate: converted(folder, ['x509', '-in', certificateFile]),
      privateKey: converted(folder, ['pkcs8', '-topk8', '-nocrypt', '-in', keyFile]),
    };
  };
  return { p256: make('p256'), p384: make('p384'), rsa: make('rsa') };
}

function converted(folder: string, command: readonly string[]): Uint8Array {
  const file = join(folder, 'converted.der');
  openssl([...command, '-outform', 'DER', '-out', file]);
  return readFileSync(file);
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
