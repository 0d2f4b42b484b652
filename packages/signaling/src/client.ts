// The client: enters a room, reads its events with one long request and sends with short ones. A connection that
// breaks is taken up again where it stopped, nothing lost and nothing twice. Only web APIs: it runs in browsers.

import { Api, type Fetch } from './client/api.ts';
import { SignalingRoom } from './client/room.ts';
import { type Clock, systemClock } from './clock.ts';
import { baseUrl, type Invite } from './invite.ts';

export type { Fetch } from './client/api.ts';
export { type SignalingEvent, SignalingRoom, type SignalingRoomState } from './client/room.ts';
export type { Clock } from './clock.ts';
export { SignalingError, type SignalingErrorCode } from './errors.ts';
export { formatInvite, type Invite, isInvite, parseInvite } from './invite.ts';

export interface SignalingClientOptions {
  /** Ends the call, and leaves the room without waiting for what is still to be sent. */
  readonly signal?: AbortSignal;
  /** Milliseconds of failing in a row after which the room is given up. Default 60000. */
  readonly retryFor?: number;
  /** Default: the global one. */
  readonly fetch?: Fetch;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
  /** A source of numbers in [0, 1) that spreads retries. Default `Math.random`. */
  readonly random?: () => number;
}

export interface JoinOptions extends Invite, SignalingClientOptions {
  /** Further servers with the same store, to be asked when the one at `url` can't be reached. Default: none. */
  readonly alternatives?: readonly string[];
}

/**
 * Enters a room. Rejects with `ROOM_REFUSED`, `ROOM_FULL`, `UNREACHABLE`, ... (see `SignalingErrorCode`), or with
 * the reason of `signal`; the first try is not repeated.
 *
 * @example
 * const room = await joinRoom({ url, room: name, token });
 * await room.send({ hello: 'everybody' });
 * for await (const event of room)
 *   if (event.type === 'message') console.log(event.from, event.data);
 */
export async function joinRoom(options: JoinOptions): Promise<SignalingRoom> {
  const { room, token, signal } = options;
  const api = apiOf([options.url, ...(options.alternatives ?? [])], options);
  const admission = await failWithReason(
    signal,
    api.json({
      method: 'POST',
      path: `/rooms/${encodeURIComponent(room)}/members`,
      secret: token,
      ...(signal && { signal }),
    }),
  );
  return new SignalingRoom(api, room, admission, {
    signal,
    retryFor: options.retryFor ?? 60_000,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  });
}

/** Creates a room on a server that lets clients do so, and returns what others need to enter it. */
export async function createRoom(options: { url: string } & SignalingClientOptions): Promise<Invite> {
  return inviteOf(options.url, await post('/rooms', options));
}

/** A room that a number leads to: for meeting somebody with whom no more than a short code is shared. */
export interface Nameplate extends Invite {
  readonly nameplate: string;
}

/** Creates one on a server that lets clients create rooms. Everybody who says the number gets in. */
export async function createNameplate(options: { url: string } & SignalingClientOptions): Promise<Nameplate> {
  const key = await post('/nameplates', options);
  return { ...inviteOf(options.url, key), nameplate: String(key.nameplate) };
}

/** An invitation to the room that has this number; rejects with `NO_SUCH_NAMEPLATE` if there is none. */
export async function enterByNameplate(
  options: { url: string; nameplate: string } & SignalingClientOptions,
): Promise<Invite> {
  return inviteOf(options.url, await post(`/nameplates/${encodeURIComponent(options.nameplate)}`, options));
}

/** Removes a room with all that is in it, and its number. The token has to be its owner's. */
export async function removeRoom(options: Invite & SignalingClientOptions): Promise<void> {
  const { url, room, token, signal } = options;
  const path = `/rooms/${encodeURIComponent(room)}`;
  await failWithReason(
    signal,
    apiOf([url], options).call({ method: 'DELETE', path, secret: token, ...(signal && { signal }) }),
  );
}

function post(
  path: string,
  options: { url: string } & SignalingClientOptions,
): Promise<Record<string, unknown>> {
  const { signal } = options;
  const call = { method: 'POST', path, ...(signal && { signal }) } as const;
  return failWithReason(signal, apiOf([options.url], options).json(call));
}

const inviteOf = (url: string, key: Record<string, unknown>): Invite => ({
  url: baseUrl(url),
  room: String(key.room),
  token: String(key.token),
});

const apiOf = (urls: readonly string[], options: SignalingClientOptions): Api =>
  new Api(urls.map(baseUrl), options.fetch ?? ((input, init) => globalThis.fetch(input, init)));

async function failWithReason<T>(signal: AbortSignal | undefined, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
