// Every tunable of the server with its default and unit. Whatever a client can make grow is capped here.
import { type Clock, systemClock } from './clock.ts';

export interface SignalingLimits {
  /** Rooms at a time. */
  rooms: number;
  /** Peers in a room at a time. */
  peersPerRoom: number;
  /** UTF-8 bytes of one message as JSON. */
  messageBytes: number;
  /** Messages in one POST. */
  batchMessages: number;
  /** Bytes of one POST. */
  requestBytes: number;
  /** Records a room keeps for peers that have yet to read them; the oldest go first. */
  queuedMessages: number;
  /** UTF-8 bytes of those records. */
  queuedBytes: number;
  /** Milliseconds after which a room without peers is removed. */
  roomIdle: number;
  /** Milliseconds a peer may be without an event stream, or not reading it, before it counts as gone. */
  peerTimeout: number;
  /** Milliseconds between two pings on an event stream. */
  pingInterval: number;
  /** Milliseconds after which an event stream ends and has to be resumed: a peer that is gone shows itself. */
  streamLife: number;
  /** TCP connections at a time. */
  connections: number;
}

export const DEFAULT_LIMITS: Readonly<SignalingLimits> = {
  rooms: 1000,
  peersPerRoom: 32,
  messageBytes: 64 * 1024,
  batchMessages: 64,
  requestBytes: 256 * 1024,
  queuedMessages: 1024,
  queuedBytes: 4 * 1024 * 1024,
  roomIdle: 10 * 60_000,
  peerTimeout: 30_000,
  pingInterval: 15_000,
  streamLife: 5 * 60_000,
  connections: 4096,
};

export interface SignalingServerOptions extends Partial<SignalingLimits> {
  /** The address to listen on; `0.0.0.0` or `::` for every interface. Default `127.0.0.1`. */
  host?: string;
  /** Default 0: a free port. */
  port?: number;
  /** Whether anybody who reaches the server may create a room. Default true. */
  openRooms?: boolean;
  /** Origins of web pages that may use the server. Default `'*'`: a room is guarded by its token, not by cookies. */
  origins?: '*' | readonly string[];
  /** Takes one line per event. Lines never hold a token, a room, a peer, an address or a message. */
  log?: (line: string) => void;
  clock?: Clock;
}

export interface ServerSettings extends Readonly<SignalingLimits> {
  readonly host: string;
  readonly port: number;
  readonly openRooms: boolean;
  readonly origins: '*' | readonly string[];
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

export function settingsFrom(options: SignalingServerOptions): ServerSettings {
  const limits: SignalingLimits = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(DEFAULT_LIMITS) as Array<keyof SignalingLimits>) {
    const limit = options[name] ?? DEFAULT_LIMITS[name];
    if (!(limit > 0)) throw new RangeError(`${name} must be a positive number, not ${limit}`);
    limits[name] = limit;
  }
  return {
    ...limits,
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    openRooms: options.openRooms ?? true,
    origins: options.origins ?? '*',
    log: options.log ?? (() => {}),
    clock: options.clock ?? systemClock,
  };
}
