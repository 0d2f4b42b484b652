// The room that the number of a code leads to: on a signaling server that both sides know, or on one that this side runs
// and tells its network about.
import { isIPv4 } from 'node:net';
import {
  createNameplate,
  enterByNameplate,
  type Invite,
  joinRoom,
  removeRoom,
  SignalingError,
  type SignalingRoom,
} from '@millrace/signaling/client';
import type { SignalingServer } from '@millrace/signaling/server';
import { EXIT, Failure } from '../failure.ts';
import { announce, findServer, lanAddresses } from './announcement.ts';

export interface NumberedRoom {
  readonly nameplate: string;
  readonly room: SignalingRoom;
  /** Nobody can come in by the number any more. */
  close(): Promise<void>;
}

/** Numbers tried, where others on the network have the same. */
const MAX_DRAWS = 20;

/** On a server that runs already. */
export async function makeRoomAt(url: string, signal: AbortSignal): Promise<NumberedRoom> {
  const { nameplate, ...owner } = await createNameplate({ url, signal });
  return enterOwn(nameplate, owner, signal);
}

/** On a server of this process, which listens on `host`. */
export async function makeRoomHere(
  server: SignalingServer,
  host: string,
  signal: AbortSignal,
): Promise<NumberedRoom> {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const { nameplate, ...key } = await server.createNameplate();
    const owner = { url: server.url, ...key };
    const announcement = await announce(nameplate, server.port, networksOf(host));
    if (announcement === undefined) {
      await removeRoom(owner);
      continue;
    }
    const numbered = await enterOwn(nameplate, owner, signal);
    return {
      ...numbered,
      close: async () => {
        await announcement.withdraw();
        await numbered.close();
      },
    };
  }
  throw new Failure('too many on this network have codes');
}

/** As a guest. Without a `url` the network is asked; `host` is this machine's address on it, if it shall be only that. */
export async function enterByNumber(
  nameplate: string,
  { url, host }: { readonly url?: string | undefined; readonly host?: string | undefined },
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly room: SignalingRoom }> {
  const urls = url === undefined ? await findServer(nameplate, networksOf(host ?? '0.0.0.0'), signal) : [url];
  let failure: unknown;
  for (const each of urls)
    try {
      const invite = await enterByNameplate({ url: each, nameplate, signal });
      return { url: each, room: await joinRoom({ ...invite, signal }) };
    } catch (error) {
      signal.throwIfAborted();
      failure ??= error;
    }
  throw inWords(failure, nameplate, urls[0]!);
}

async function enterOwn(nameplate: string, owner: Invite, signal: AbortSignal): Promise<NumberedRoom> {
  const room = await joinRoom({ ...owner, signal });
  const close = async (): Promise<void> => {
    await room.close();
    await removeRoom(owner).catch(() => {}); // it goes by itself when nobody is in it
  };
  return { nameplate, room, close };
}

function networksOf(host: string): string[] {
  if (host === 'localhost') return ['127.0.0.1'];
  return isIPv4(host) && host !== '0.0.0.0' ? [host] : lanAddresses();
}

function inWords(error: unknown, nameplate: string, url: string): unknown {
  if (!(error instanceof SignalingError)) return error;
  if (['NO_SUCH_NAMEPLATE', 'ROOM_REFUSED', 'TOKENS_FULL'].includes(error.code))
    return new Failure(
      `no code begins with ${nameplate} (any more): ask the other side for another`,
      EXIT.code,
    );
  return new Failure(`${error.message} (${url})`, EXIT.failed, { cause: error });
}
