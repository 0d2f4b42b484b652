// The HTTP API: one path a verb. What a request may do is decided here; what it does is done by the rooms.
//
//   POST   /rooms                        a new room: { room, token }
//   POST   /rooms/ROOM/peers             enter it (Bearer token): { peer, session, peers, at, ... }
//   GET    /rooms/ROOM/peers/PEER/events read it (Bearer session), as server-sent events after Last-Event-ID
//   POST   /rooms/ROOM/peers/PEER/messages   { first, messages: [{ to?, data }] }: { refused: [{ number, error }] }
//   DELETE /rooms/ROOM/peers/PEER        leave it (Bearer session)
//   GET    /health
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SignalingError, type SignalingErrorCode } from '../errors.ts';
import type { ServerSettings } from '../options.ts';
import type { Peer, Room } from '../room/room.ts';
import type { Rooms } from '../room/rooms.ts';
import { bearer, lastEventId, parseBatch, readJson } from './request.ts';
import { answer } from './response.ts';

/** What the routes need of the server that runs them. */
export interface RouteContext {
  readonly settings: ServerSettings;
  readonly rooms: Rooms;
  /** Opens the event stream of `peer`, after record `cursor`. */
  read(room: Room, peer: Peer, cursor: number, response: ServerResponse): void;
  /** Something was appended to `room`. */
  onAppended(room: Room): void;
  /** `peer` has left. */
  onLeft(peer: Peer): void;
}

export async function route(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0]!.split('/');
  if (path.length === 2 && path[1] === 'health') return health(request, response);
  if (path[1] !== 'rooms') throw new SignalingError('NOT_FOUND');
  if (path.length === 2) return createRoom(context, request, response);
  if (path[3] !== 'peers') throw new SignalingError('NOT_FOUND');
  const room = path[2]!;
  if (path.length === 4) return enter(context, request, response, room);
  const peer = path[4]!;
  if (path.length === 5) return leave(context, request, response, room, peer);
  if (path.length === 6 && path[5] === 'events') return read(context, request, response, room, peer);
  if (path.length === 6 && path[5] === 'messages') return send(context, request, response, room, peer);
  throw new SignalingError('NOT_FOUND');
}

function health(request: IncomingMessage, response: ServerResponse): void {
  expectMethod(request, 'GET');
  answer(response, 200, { status: 'ok' });
}

function createRoom(context: RouteContext, request: IncomingMessage, response: ServerResponse): void {
  expectMethod(request, 'POST');
  const { rooms, settings } = context;
  if (!settings.openRooms) throw new SignalingError('CREATION_REFUSED');
  const key = rooms.create(settings.clock.now());
  settings.log(`room created, ${rooms.count} open`);
  answer(response, 201, key);
}

function enter(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
): void {
  expectMethod(request, 'POST');
  const { rooms, settings } = context;
  const room = rooms.open(name, bearer(request));
  const { peer, session, others } = room.join(settings.clock.now());
  settings.log(`peer joined, ${room.peerCount} in the room`);
  const { messageBytes, batchMessages, requestBytes, pingInterval } = settings;
  const limits = { messageBytes, batchMessages, requestBytes };
  const at = peer.joinedAt;
  answer(response, 201, { peer: peer.name, session, peers: others, at, pingInterval, limits });
  context.onAppended(room);
}

function leave(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
  roomName: string,
  peerName: string,
): void {
  expectMethod(request, 'DELETE');
  const { room, peer } = context.rooms.resume(roomName, peerName, bearer(request));
  room.leave(peer, context.settings.clock.now());
  context.settings.log(`peer left, ${room.peerCount} in the room`);
  context.onLeft(peer);
  answer(response, 204);
  context.onAppended(room);
}

function read(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
  roomName: string,
  peerName: string,
): void {
  expectMethod(request, 'GET');
  const { room, peer } = context.rooms.resume(roomName, peerName, bearer(request));
  const cursor = lastEventId(request, peer.joinedAt);
  if (cursor > room.newest) throw new SignalingError('BAD_REQUEST');
  if (peer.lostUpTo > cursor) throw new SignalingError('HISTORY_LOST');
  context.read(room, peer, cursor, response);
}

async function send(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
  roomName: string,
  peerName: string,
): Promise<void> {
  expectMethod(request, 'POST');
  const secret = bearer(request);
  context.rooms.resume(roomName, peerName, secret); // before any body is read
  const body = await readJson(request, context.settings.requestBytes);
  const { first, messages } = parseBatch(body, context.settings.batchMessages);
  const { room, peer } = context.rooms.resume(roomName, peerName, secret); // it may have left meanwhile
  if (first > peer.lastNumber + 1) throw new SignalingError('OUT_OF_ORDER');
  const refused: Array<{ number: number; error: SignalingErrorCode }> = [];
  for (let i = Math.max(0, peer.lastNumber + 1 - first); i < messages.length; i++) {
    const { to, data } = messages[i]!;
    try {
      room.send(peer, to, data);
    } catch (error) {
      if (!(error instanceof SignalingError)) throw error;
      refused.push({ number: first + i, error: error.code });
    }
    peer.lastNumber = first + i;
  }
  answer(response, 200, { refused });
  context.onAppended(room);
}

function expectMethod(request: IncomingMessage, method: string): void {
  if (request.method !== method) throw new SignalingError('METHOD_REFUSED');
}
