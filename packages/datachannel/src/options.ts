// Every tunable with its default, unit and section.
import type { Millis } from '@millrace/sans-io';
import type { Association } from './association.ts';
import { DataChannelError } from './errors.ts';
import type { DtlsRole } from './stream-ids.ts';

export interface DataChannelsOptions {
  /** May be given later, by `attach`. */
  readonly association?: Association;
  /** May be given later, by `setRole`; ids are given out from then on. */
  readonly dtlsRole?: DtlsRole;
  /** Longest message the peer takes, in bytes; Infinity for no limit. Default 65536 (RFC 8841 §6.1). */
  readonly maxMessageSize?: number;
  /** Most channels at a time, ours and the peer's together. Default 65535: as many as there are streams. */
  readonly maxChannels?: number;
  /** Most channels at a time that the peer has opened. Default 16384: about 10 MB of them. */
  readonly maxRemoteChannels?: number;
  /**
   * Milliseconds that a closing channel waits for the peer to reset its stream, once all that was queued has left.
   * Between one and two of them, to be exact. Default 30000.
   */
  readonly closeTimeout?: Millis;
  /** Most bytes of labels and protocols that channels opened by the peer may hold together. Default 4 MiB. */
  readonly maxRemoteNameBytes?: number;
  /** Most messages held for streams that have no channel yet. Default 64. */
  readonly maxEarlyMessages?: number;
  /** Most bytes held for streams that have no channel yet. Default 262144. */
  readonly maxEarlyBytes?: number;
}

export const DEFAULT_MAX_MESSAGE_SIZE = 65_536; // RFC 8841 §6.1
export const MAX_CHANNELS = 65_535; // RFC 8831 §6.2: 65535 streams, the last id is not used
const MAX_REMOTE_CHANNELS = 16_384;
/** As long as ICE waits for a sign of life (RFC 7675 §5.1). */
export const CLOSE_TIMEOUT: Millis = 30_000;
const MAX_REMOTE_NAME_BYTES = 4_194_304;
const MAX_EARLY_MESSAGES = 64;
export const MAX_EARLY_BYTES = 262_144;
/** RFC 8832 §5.1: both lengths are 16 bits. */
export const MAX_NAME_BYTES = 65_535;
/** W3C RTCPriorityType "low", which is the default there; RFC 8831 §6.4 leaves the numbers to the API. */
export const DEFAULT_PRIORITY = 256;

export type ResolvedOptions = Required<Omit<DataChannelsOptions, 'association' | 'dtlsRole'>>;

export function resolveOptions(options: DataChannelsOptions): ResolvedOptions {
  const { maxChannels = MAX_CHANNELS, maxRemoteChannels = MAX_REMOTE_CHANNELS } = options;
  const { closeTimeout = CLOSE_TIMEOUT } = options;
  if (!(maxChannels >= 1 && maxChannels <= MAX_CHANNELS)) throw new DataChannelError('BAD_OPTION');
  if (!(maxRemoteChannels >= 0 && closeTimeout > 0)) throw new DataChannelError('BAD_OPTION');
  return {
    maxMessageSize: requireMessageSize(options.maxMessageSize ?? DEFAULT_MAX_MESSAGE_SIZE),
    maxChannels,
    maxRemoteChannels,
    closeTimeout,
    maxRemoteNameBytes: options.maxRemoteNameBytes ?? MAX_REMOTE_NAME_BYTES,
    maxEarlyMessages: options.maxEarlyMessages ?? MAX_EARLY_MESSAGES,
    maxEarlyBytes: options.maxEarlyBytes ?? MAX_EARLY_BYTES,
  };
}

export function requireMessageSize(bytes: number): number {
  if (!(bytes >= 1)) throw new DataChannelError('BAD_OPTION');
  return bytes;
}
