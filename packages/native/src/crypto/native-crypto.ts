// Everything of OpenSSL that has passed its known-answer test.
import { NativeError } from '../errors.ts';
import { OpenSslAeadKey } from './aead-key.ts';
import { ChaChaRecordKey13 } from './chacha-record-key-13.ts';
import type { AeadAlgorithm, NativeAead, NativeCiphers } from './keys.ts';
import type { OpenSsl } from './openssl.ts';
import type { RawChaCha } from './raw-chacha.ts';
import { OpenSslRecordKey } from './record-key.ts';
import { OpenSslRecordKey13 } from './record-key-13.ts';
import { testAead, testCiphers, testRecords13, testSha1 } from './self-test.ts';
import { Sha1HmacKey } from './sha1-hmac-key.ts';
import { OpenSslBlockKey, OpenSslCtrKey, OpenSslHmacKey, OpenSslMask } from './srtp-keys.ts';

const ALGORITHMS: readonly AeadAlgorithm[] = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'];

/** Reports each algorithm to `report`; undefined if none works. */
export function openAead(
  ssl: OpenSsl,
  raw: RawChaCha | undefined,
  report: (name: string, wrong: string | undefined) => void,
): NativeAead | undefined {
  const algorithms = ALGORITHMS.filter((algorithm) => {
    const wrong = reasonOf(() => testAead(ssl, algorithm));
    report(algorithm, wrong);
    return wrong === undefined;
  });
  const check = (algorithm: AeadAlgorithm): void => {
    if (!algorithms.includes(algorithm)) throw new NativeError('BAD_ALGORITHM', String(algorithm));
  };
  if (algorithms.length === 0) return undefined;
  const gcmRecords = reasonOf(() =>
    testRecords13(ssl, ['aes-128-gcm', 'aes-256-gcm'], (algorithm, key, iv, direction) => {
      return new OpenSslRecordKey13(ssl, algorithm, key, iv, direction);
    }),
  );
  report('records-1.3', gcmRecords);
  const chachaRecords =
    raw === undefined
      ? 'not exported'
      : reasonOf(() =>
          testRecords13(ssl, ['chacha20-poly1305'], (_, key, iv) => new ChaChaRecordKey13(raw, key, iv)),
        );
  report('records-1.3 chacha20', chachaRecords);
  return {
    algorithms,
    createAeadKey(algorithm, key) {
      check(algorithm);
      return new OpenSslAeadKey(ssl, algorithm, key);
    },
    createRecordKey(algorithm, key, fixedNonce, direction) {
      check(algorithm);
      return new OpenSslRecordKey(ssl, algorithm, key, fixedNonce, direction);
    },
    createRecordKey13(algorithm, key, iv, direction) {
      check(algorithm);
      if (algorithm !== 'chacha20-poly1305')
        return gcmRecords === undefined
          ? new OpenSslRecordKey13(ssl, algorithm, key, iv, direction)
          : undefined;
      return raw !== undefined && chachaRecords === undefined
        ? new ChaChaRecordKey13(raw, key, iv)
        : undefined;
    },
  };
}

/** Undefined if they do not work, which is reported. */
export function openCiphers(
  ssl: OpenSsl,
  report: (name: string, wrong: string | undefined) => void,
): NativeCiphers | undefined {
  const wrong = reasonOf(() => testCiphers(ssl));
  report('ciphers', wrong);
  if (wrong !== undefined) return undefined;
  const update = ssl.sha1Update;
  const isSlow = update === undefined ? 'not exported' : reasonOf(() => testSha1(ssl, update));
  report('sha1', isSlow);
  return {
    createCtrKey: (key) => new OpenSslCtrKey(ssl, key),
    createHmacKey: (key) =>
      update !== undefined && isSlow === undefined
        ? new Sha1HmacKey(ssl, update, key)
        : new OpenSslHmacKey(ssl, key),
    createBlockKey: (key) => new OpenSslBlockKey(ssl, key),
    createMask: (key) => new OpenSslMask(ssl, key),
  };
}

/** What the test says, a failure of it included. */
function reasonOf(test: () => string | undefined): string | undefined {
  try {
    return test();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
