// Where two peers meet: a room on a signaling server, entered by invitation, made on a server that runs already,
// or made on one that this process starts itself.
import { networkInterfaces } from 'node:os';
import {
  createRoom,
  formatInvite,
  type Invite,
  isInvite,
  joinRoom,
  parseInvite,
  SignalingError,
  type SignalingErrorCode,
  type SignalingRoom,
} from '@millrace/signaling/client';
import { type SignalingServer, startSignalingServer } from '@millrace/signaling/server';
import type { RTCIceServer } from 'millrace';
import { EXIT, Failure } from './failure.ts';
import type { NumberedRoom } from './pairing/numbered-room.ts';

export interface MeetingPlaceOptions {
  readonly invite?: string | undefined;
  readonly url?: string | undefined;
  readonly room?: string | undefined;
  readonly token?: string | undefined;
  readonly serve?: boolean | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly ice?: readonly string[] | undefined;
  readonly 'ice-user'?: string | undefined;
  readonly 'ice-password'?: string | undefined;
  /** With `serve` or `url`: where an earlier process met, to be there again if that can be. */
  readonly again?: EarlierPlace | undefined;
}

export interface EarlierPlace {
  readonly room: string;
  readonly token: string;
  /** Where that process's own server listened. */
  readonly port?: number | undefined;
}

/** The options of `node:util` parseArgs that say where to meet, and what --help says about them. */
export const MEETING_ARGUMENTS = {
  invite: { type: 'string' },
  url: { type: 'string' },
  room: { type: 'string' },
  token: { type: 'string' },
  serve: { type: 'boolean' },
  host: { type: 'string' },
  port: { type: 'string' },
  ice: { type: 'string', multiple: true },
  'ice-user': { type: 'string' },
  'ice-password': { type: 'string' },
} as const;

export const MEETING_HELP = `Where to meet (one of):
  INVITE                         the invitation that the other side printed
  --url URL                      make a room on this signaling server and print an invitation
  --url URL --room R --token T   the room R on this server
  --serve                        run a signaling server here and print an invitation
      --host HOST                address it listens on (default 0.0.0.0, every interface)
      --port PORT                port it listens on (default: a free one)
      --room R --token T         the room of an invitation printed earlier: with its port, that stays good
How to connect where a NAT is in between (each side has its own):
  --ice URL                      a STUN or TURN server, as stun:HOST or turn:HOST (may be repeated)
      --ice-user USER --ice-password PASSWORD   for TURN servers
`;

export interface MeetingPlace {
  readonly room: SignalingRoom;
  /** Invitations to print, the likeliest to work first; empty if this side was invited. */
  readonly invitations: readonly string[];
  /** Both sides are on this machine. */
  readonly isLocal: boolean;
  /** What the connections of this side may ask for addresses. */
  readonly iceServers: RTCIceServer[];
  /** Makes a room for pairing by a code; missing if this side was invited. */
  readonly makeNumberedRoom?: (() => Promise<NumberedRoom>) | undefined;
  /** Enters the room once more, as somebody new. */
  enter(): Promise<SignalingRoom>;
  close(): Promise<void>;
}

type OpenPlace = Omit<MeetingPlace, 'iceServers'>;

/** Throws a usage failure unless `options` say one thing; then gives what opens the place. */
export function chooseMeetingPlace(
  options: MeetingPlaceOptions,
): (signal: AbortSignal) => Promise<MeetingPlace> {
  checkChoice(options);
  const port = parsePort(options.port);
  const iceServers = readIceServers(options);
  return async (signal) => ({ ...(await openMeetingPlace(options, port, signal)), iceServers });
}

function readIceServers(options: MeetingPlaceOptions): RTCIceServer[] {
  const { ice = [], 'ice-user': username, 'ice-password': credential } = options;
  if ((username === undefined) !== (credential === undefined))
    throw new Failure('--ice-user and --ice-password belong together', EXIT.usage);
  return ice.map((urls) => {
    const isTurn = /^turns?:./.test(urls);
    if (!isTurn && !/^stuns?:./.test(urls))
      throw new Failure(`--ice must begin with stun: or turn:, not be '${urls}'`, EXIT.usage);
    if (!isTurn) return { urls };
    if (username === undefined || credential === undefined)
      throw new Failure(`${urls} needs --ice-user and --ice-password`, EXIT.usage);
    return { urls, username, credential };
  });
}

async function openMeetingPlace(
  options: MeetingPlaceOptions,
  port: number,
  signal: AbortSignal,
): Promise<OpenPlace> {
  if (options.serve) {
    const { room, token, host, again } = options;
    const earlier = room !== undefined && token !== undefined ? { room, token } : again;
    return serveMeetingPlace(host, port, signal, earlier);
  }
  if (options.invite !== undefined || options.room !== undefined) {
    const { url, room, token } = options;
    const invite = options.invite === undefined ? { url, room, token } : parseInvite(options.invite);
    return enter({ ...(invite as Invite), signal });
  }
  const url = options.url!;
  const place =
    (await enterAgain(url, options.again, signal)) ??
    (await enterNew(await createRoom({ url, signal }).catch(withAddress(url)), signal));
  const makeNumberedRoom = async (): Promise<NumberedRoom> =>
    (await import('./pairing/numbered-room.ts')).makeRoomAt(url, signal);
  return { ...place, makeNumberedRoom };
}

const enterNew = (invite: Invite, signal: AbortSignal): Promise<OpenPlace> =>
  enter({ ...invite, signal }, [formatInvite(invite)]);

/** `undefined` if there is no such room any more. */
async function enterAgain(
  url: string,
  again: EarlierPlace | undefined,
  signal: AbortSignal,
): Promise<OpenPlace | undefined> {
  if (again === undefined) return undefined;
  const { room, token } = again;
  try {
    return await enterNew({ url, room, token }, signal);
  } catch (error) {
    if (signalingCodeOf(error) === 'ROOM_REFUSED') return undefined;
    throw error;
  }
}

/** What the signaling server says, or why it says nothing. */
export function signalingCodeOf(error: unknown): SignalingErrorCode | undefined {
  const { cause } = Object(error) as Error;
  return cause instanceof SignalingError ? cause.code : undefined;
}

/** Takes the invitation out of a command's positional arguments, if there is one. */
export function takeInvite(positionals: string[]): string | undefined {
  const at = positionals.findIndex(isInvite);
  return at < 0 ? undefined : positionals.splice(at, 1)[0];
}

function checkChoice({ invite, url, room, token, serve, host, port }: MeetingPlaceOptions): void {
  const wrong = (message: string): never => {
    throw new Failure(message, EXIT.usage);
  };
  const ways = [invite, url, serve].filter((way) => way !== undefined && way !== false).length;
  if (ways === 0) wrong('say where to meet: an invitation, --url URL or --serve');
  if (ways > 1) wrong('an invitation, --url and --serve exclude each other');
  if (invite !== undefined && !isInvite(invite)) wrong('not an invitation (http://HOST/rooms/ROOM#TOKEN)');
  if (url !== undefined && !/^https?:\/\//.test(url)) wrong('--url must begin with http:// or https://');
  if (url !== undefined && !URL.canParse(url)) wrong(`--url cannot be '${url}'`);
  if ((room === undefined) !== (token === undefined)) wrong('--room and --token belong together');
  if (room !== undefined && url === undefined && !serve) wrong('--room and --token need --url or --serve');
  if ((host !== undefined || port !== undefined) && !serve) wrong('--host and --port go with --serve');
}

function parsePort(text = '0'): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 65_536;
  if (port > 65_535) throw new Failure(`--port must be a number from 0 to 65535, not '${text}'`, EXIT.usage);
  return port;
}

/** The room to meet in, and those of codes. */
const ROOMS_HERE = 4;

async function serveMeetingPlace(
  host: string | undefined,
  port: number,
  signal: AbortSignal,
  again: EarlierPlace | undefined,
): Promise<OpenPlace> {
  const address = host ?? '0.0.0.0';
  const server = await startServer(address, port, port || again?.port);
  try {
    const key = await server
      .createRoom(again && { room: again.room, token: again.token })
      .catch((cause: unknown) => {
        throw new Failure('--room and --token must be those of an invitation', EXIT.usage, { cause });
      });
    const invitations = urlsOf(server, host).map((url) => formatInvite({ url, ...key }));
    const place = await enter({ url: server.url, ...key, signal }, invitations);
    return {
      ...place,
      isLocal: isLoopback(invitations[0]!),
      makeNumberedRoom: async () =>
        (await import('./pairing/numbered-room.ts')).makeRoomHere(server, address, signal),
      close: async () => {
        await place.close();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Where an earlier process listened, at the port `before`, if nobody else does so now. */
async function startServer(host: string, port: number, before = port): Promise<SignalingServer> {
  try {
    return await startSignalingServer({ host, port: before, rooms: ROOMS_HERE, openRooms: false });
  } catch (error) {
    if (before !== port) return startServer(host, port);
    const { message } = error as Error;
    throw new Failure(`cannot serve at ${host}, port ${port}: ${message}`, EXIT.failed, { cause: error });
  }
}

async function enter(
  invite: Invite & { signal: AbortSignal },
  invitations: string[] = [],
): Promise<OpenPlace> {
  const join = (): Promise<SignalingRoom> => joinRoom(invite).catch(withAddress(invite.url));
  const room = await join();
  return { room, invitations, isLocal: isLoopback(invite.url), enter: join, close: () => room.close() };
}

/** What the signaling client rejects with, saying which server is meant. */
function withAddress(url: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof SignalingError)) throw error;
    throw new Failure(`${error.message} (${url})`, EXIT.failed, { cause: error });
  };
}

/** Where others reach a server that listens on every interface: at each address that is not this machine's own. */
function urlsOf(server: SignalingServer, host = '0.0.0.0'): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [server.url];
  const addresses = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => `http://${address}:${server.port}`);
  return addresses.length > 0 ? addresses : [server.url];
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
