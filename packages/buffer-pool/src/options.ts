// Every tunable of a pool, with its default and unit.
import { BufferPoolError } from './errors.ts';

export interface BufferPoolOptions {
  /** For statistics and error messages. Default: 'pool'. */
  readonly name?: string | undefined;
  /**
   * Where slabs come from; content does not matter. `undefined` or a throw counts as dry. Default:
   * `new Uint8Array(bytes)`. Hand in memory of a native back end or of a WebAssembly module to spare it a copy.
   */
  readonly allocate?: ((bytes: number) => Uint8Array | undefined) | undefined;
  /** Bytes that the slots of each class have room for between headroom and tailroom, smallest first. Default: 2048. */
  readonly classes?: readonly number[] | undefined;
  /** Bytes in front of each lease, for headers of the layers below. Default: 0. */
  readonly headroom?: number | undefined;
  /** Bytes behind each lease, for tags. Default: 0. */
  readonly tailroom?: number | undefined;
  /** A slab holds as many slots as fit, one at least. Default: 64 KiB. */
  readonly slabBytes?: number | undefined;
  /** Cap on the bytes of all slabs together. Default: 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** `trim` frees what two such intervals have not needed. Milliseconds, default: 10 000. */
  readonly trimInterval?: number | undefined;
  /**
   * Poisons free slots, guards their edges, makes each lease an object of its own and remembers where it was
   * acquired. Slow and full of garbage: for tests and for the hunt. Default: false.
   */
  readonly debug?: boolean | undefined;
}

export interface Settings {
  readonly name: string;
  readonly allocate: (bytes: number) => Uint8Array | undefined;
  readonly classes: readonly number[];
  readonly headroom: number;
  readonly tailroom: number;
  readonly slabBytes: number;
  readonly maxBytes: number;
  readonly trimInterval: number;
  readonly debug: boolean;
}

const LARGEST_CLASS = 64 * 1024 * 1024;
const MOST_CLASSES = 64;

export function settle(options: BufferPoolOptions): Settings {
  const classes = options.classes ?? [2_048];
  let last = 0;
  for (const size of classes) {
    if (!Number.isInteger(size) || size <= last || size > LARGEST_CLASS)
      throw new BufferPoolError('BAD_OPTION', `classes must rise from 1 to ${LARGEST_CLASS}, got ${classes}`);
    last = size;
  }
  if (classes.length === 0 || classes.length > MOST_CLASSES)
    throw new BufferPoolError(
      'BAD_OPTION',
      `there must be 1 to ${MOST_CLASSES} classes, got ${classes.length}`,
    );
  return {
    name: options.name ?? 'pool',
    allocate: options.allocate ?? ((bytes) => new Uint8Array(bytes)),
    classes,
    headroom: within('headroom', options.headroom, 0, 65_536, 0),
    tailroom: within('tailroom', options.tailroom, 0, 65_536, 0),
    slabBytes: within('slabBytes', options.slabBytes, 1, 1 << 30, 65_536),
    maxBytes: within('maxBytes', options.maxBytes, 0, Number.MAX_SAFE_INTEGER, 64 * 1024 * 1024),
    trimInterval: within('trimInterval', options.trimInterval, 0, 86_400_000, 10_000),
    debug: options.debug ?? false,
  };
}

function within(
  name: string,
  value: number | undefined,
  least: number,
  most: number,
  otherwise: number,
): number {
  if (value === undefined) return otherwise;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new BufferPoolError(
    'BAD_OPTION',
    `${name} must be a whole number from ${least} to ${most}, got ${value}`,
  );
}
