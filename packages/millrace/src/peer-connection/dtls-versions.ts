// Which versions of DTLS a connection speaks: an option and its validation.
import type { DtlsVersion } from '@millrace/dtls';

export type { DtlsVersion };

export interface DtlsVersions {
  /** The oldest version spoken. Default `1.2`. */
  readonly minVersion?: DtlsVersion;
  /** The latest version spoken, which is the one preferred. Default `1.3`: the peer takes 1.2 where it knows no other. */
  readonly maxVersion?: DtlsVersion;
}

export const DEFAULT_VERSIONS: Required<DtlsVersions> = { minVersion: '1.2', maxVersion: '1.3' };

/** @throws {TypeError} for what is no version, or nothing left to speak */
export function checkDtlsVersions(given: DtlsVersions | undefined): void {
  if (given !== undefined && (typeof given !== 'object' || given === null))
    throw new TypeError(
      `millrace.dtls must be an object such as { minVersion: '1.3' }; got ${String(given)}`,
    );
  // A misspelt bound would be none.
  for (const name of Object.keys(given ?? {}))
    if (!(name in DEFAULT_VERSIONS))
      throw new TypeError(`millrace.dtls has minVersion and maxVersion, not ${name}`);
  const { minVersion, maxVersion } = { ...DEFAULT_VERSIONS, ...given };
  for (const [name, version] of Object.entries({ minVersion, maxVersion })) {
    if (version !== '1.2' && version !== '1.3')
      throw new TypeError(`millrace.dtls.${name} must be '1.2' or '1.3'; got ${String(version)}`);
  }
  if (minVersion > maxVersion) throw new TypeError('millrace.dtls: minVersion is later than maxVersion');
}
