// Whether a request carries a key that is known. What was looked up is remembered: bounded, for a while, filled once
// however many ask at the same time, and forgotten as soon as the file of keys is another.
import { statSync } from 'node:fs';
import { LIMITS } from '../options.ts';
import { idOf, isKey, matches, NO_HASH } from './key.ts';
import { readKeys } from './key-file.ts';

export type Verdict = 'ok' | 'NO_KEY' | 'WRONG_KEY';
type Hashes = ReadonlyMap<string, Uint8Array>;

interface Remembered {
  readonly hash: Uint8Array | undefined;
  readonly until: number;
}

export interface KeySource {
  /** Another text whenever the keys may be others. */
  version(): string;
  read(): Promise<Hashes>;
}

export class KeyCheck {
  readonly #source: KeySource;
  readonly #now: () => number;
  /** The longest unused first. */
  readonly #remembered = new Map<string, Remembered>();
  #reading: Promise<Hashes> | undefined;
  #version = '';
  /** How often the keys were read. */
  reads = 0;

  constructor(source: KeySource, now: () => number = () => performance.now()) {
    this.#source = source;
    this.#now = now;
  }

  get size(): number {
    return this.#remembered.size;
  }

  /** `authorization` is the field of that name. The verdict comes at once if the key's hash is remembered. */
  check(authorization: string | undefined): Verdict | Promise<Verdict> {
    const key = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (key === undefined) return 'NO_KEY';
    if (!isKey(key)) return 'WRONG_KEY';
    this.#forgetIfChanged();
    const id = idOf(key);
    const known = this.#remembered.get(id);
    if (known === undefined || known.until <= this.#now())
      return this.#lookUp(id).then((hash) => verdict(hash, key));
    this.#remembered.delete(id);
    this.#remembered.set(id, known);
    return verdict(known.hash, key);
  }

  #forgetIfChanged(): void {
    const version = this.#source.version();
    if (version === this.#version) return;
    this.#version = version;
    this.#remembered.clear();
    this.#reading = undefined;
  }

  async #lookUp(id: string): Promise<Uint8Array | undefined> {
    const version = this.#version;
    this.#reading ??= this.#read();
    const hash = (await this.#reading).get(id);
    if (version !== this.#version) return this.#lookUp(id); // changed meanwhile
    this.#remembered.delete(id);
    this.#remembered.set(id, { hash, until: this.#now() + LIMITS.rememberedMillis });
    if (this.#remembered.size > LIMITS.rememberedKeys)
      this.#remembered.delete(this.#remembered.keys().next().value!);
    return hash;
  }

  /** All that ask while the keys are read share the reading. */
  #read(): Promise<Hashes> {
    this.reads++;
    const reading = this.#source.read();
    const done = (): void => {
      if (this.#reading === reading) this.#reading = undefined;
    };
    reading.then(done, done);
    return reading;
  }
}

function verdict(hash: Uint8Array | undefined, key: string): Verdict {
  const isRight = matches(hash ?? NO_HASH, key);
  return isRight && hash !== undefined ? 'ok' : 'WRONG_KEY';
}

/** The file is looked at for each request: a key that is taken out of it is refused from then on. */
export function keysIn(path: string): KeySource {
  return {
    version: () => {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : 'none';
    },
    read: () => readKeys(path),
  };
}
