// The HTTP API: one path a verb. What a request may do is decided by the rooms (rooms.ts); here it is read and answered.
//
//   POST   /rooms                     a new room: { room, token }
//   POST   /nameplates                a new room that a number leads to: { nameplate, room, token }
//   POST   /nameplates/NUMBER         a further token of that room: { room, token }
//   DELETE /rooms/ROOM                with all that is in it (owner)
//   POST   /rooms/ROOM/tokens         a further token: { id, token } (owner)
//   DELETE /rooms/ROOM/tokens/ID      revokes it (owner)
//   GET    /rooms/ROOM/members        { members }
//   POST   /rooms/ROOM/members        enter the room: { member, token, members, seq_num, ... }
//   DELETE /rooms/ROOM/members/ID     leave it (the member, owner)
//   POST   /rooms/ROOM/records        append: { start, end, tail }
//   GET    /rooms/ROOM/records        read: a batch, or server-sent events
//   GET    /health, /metrics
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SignalingError } from '../errors.ts';
import type { ServerSettings } from '../options.ts';
import type { BatchWriter } from '../records/batch-writer.ts';
import type { Access, Rooms } from '../rooms.ts';
import type { Metrics } from './metrics.ts';
import { bearer, parseAppend, parseRead, type ReadRequest, readJson, wantsEvents } from './request.ts';
import { answer, answerBytes } from './response.ts';

/** What the routes need of the server that runs them. */
export interface RouteContext {
  readonly settings: ServerSettings;
  readonly rooms: Rooms;
  readonly metrics: Metrics;
  /** Of all answers of the server: its buffer grows once for all. */
  readonly writer: BatchWriter;
  /** Throws `TOO_MANY_REQUESTS` if whoever asks has had as many rooms as he may have for now. */
  countRoom(request: IncomingMessage): void;
  /** Opens an event stream. */
  follow(access: Access, request: ReadRequest, response: ServerResponse): Promise<void>;
}

export async function route(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0]!.split('/');
  const [, first, room, what, id] = path;
  if (path.length === 2 && first === 'health') return health(context, request, response);
  if (path.length === 2 && first === 'metrics') return metrics(context, request, response);
  if (first === 'nameplates' && path.length <= 3) return nameplates(context, request, response, room);
  if (first !== 'rooms' || path.length > 5) throw new SignalingError('NOT_FOUND');
  if (room === undefined) return createRoom(context, request, response);
  if (what !== undefined && !['tokens', 'members', 'records'].includes(what))
    throw new SignalingError('NOT_FOUND');
  if (what === 'records' && id !== undefined) throw new SignalingError('NOT_FOUND');
  const access = await context.rooms.authorize(room, bearer(request));
  if (what === undefined) return destroyRoom(context, access, request, response);
  if (what === 'tokens') return tokens(context, access, request, response, id);
  if (what === 'members') return members(context, access, request, response, id);
  expectMethod(request, 'GET', 'POST');
  if (request.method === 'POST') return append(context, access, request, response);
  return read(context, access, request, response);
}

async function health(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  expectMethod(request, 'GET');
  await context.rooms.backend.stats(); // throws when the store does not work
  answer(response, 200, { status: 'ok', store: context.rooms.backend.name });
}

async function metrics(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!context.settings.metrics) throw new SignalingError('NOT_FOUND');
  expectMethod(request, 'GET');
  const { registry } = context.metrics;
  answerBytes(response, 200, registry.contentType, Buffer.from(await registry.metrics()));
}

async function createRoom(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  expectMethod(request, 'POST');
  const { rooms, settings } = context;
  if (!settings.openRooms) throw new SignalingError('CREATION_REFUSED');
  context.countRoom(request);
  const key = await rooms.create();
  settings.log('room created');
  answer(response, 201, key);
}

async function nameplates(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
  nameplate: string | undefined,
): Promise<void> {
  const { rooms, settings } = context;
  expectMethod(request, 'POST');
  if (nameplate !== undefined) {
    answer(response, 201, await rooms.claim(nameplate));
    return;
  }
  if (!settings.openRooms) throw new SignalingError('CREATION_REFUSED');
  context.countRoom(request);
  const key = await rooms.createNumbered();
  settings.log('room with a number created');
  answer(response, 201, key);
}

async function destroyRoom(
  { rooms, settings }: RouteContext,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  expectMethod(request, 'DELETE');
  await rooms.destroy(access);
  settings.log('room removed');
  answer(response, 204);
}

async function tokens(
  { rooms, settings }: RouteContext,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
  id: string | undefined,
): Promise<void> {
  expectMethod(request, id === undefined ? 'POST' : 'DELETE');
  if (id === undefined) {
    answer(response, 201, await rooms.addToken(access));
    return;
  }
  await rooms.revokeToken(access, id);
  settings.log('token revoked');
  answer(response, 204);
}

async function members(
  { rooms, settings }: RouteContext,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
  id: string | undefined,
): Promise<void> {
  if (id !== undefined) {
    expectMethod(request, 'DELETE');
    await rooms.leave(access, id);
    settings.log('member left');
    answer(response, 204);
    return;
  }
  expectMethod(request, 'GET', 'POST');
  if (request.method !== 'POST') {
    answer(response, 200, { members: await rooms.backend.members(access.room) });
    return;
  }
  const { member, token, members: others, seqNum } = await rooms.enter(access);
  settings.log('member entered');
  const { pingInterval, recordBytes, appendRecords, requestBytes } = settings;
  answer(response, 201, {
    member,
    token,
    members: others,
    seq_num: seqNum,
    ping_interval: pingInterval,
    limits: { record_bytes: recordBytes, append_records: appendRecords, request_bytes: requestBytes },
  });
}

async function append(
  { rooms, settings, metrics }: RouteContext,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { records, seqNum, first } = parseAppend(await readJson(request, settings.requestBytes), settings);
  await rooms.expectStill(access); // a body may take its time
  const result = await rooms.append(access, records, { seqNum, first });
  if (result.kind === 'repeated') {
    answer(response, 200, { repeated: true, tail: result.tail });
    return;
  }
  metrics.records.inc(records.length);
  const { timestamp, tail } = result;
  const at = (number: number): object => ({ seq_num: number, timestamp });
  answer(response, 200, { start: at(result.seqNum), end: at(result.seqNum + records.length), tail });
}

async function read(
  context: RouteContext,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const wanted = parseRead(request);
  if (wantsEvents(request) && request.method === 'GET') return context.follow(access, wanted, response);
  const { rooms, settings, writer } = context;
  const limits = {
    count: Math.min(wanted.count, settings.batchRecords),
    bytes: Math.min(wanted.bytes, settings.batchBytes),
  };
  const from = wanted.from ?? 0;
  const { entries, tail } = await rooms.read(access.room, from, limits);
  writer.begin();
  writer.batch({ from, entries }, tail, wanted.format, limits);
  answerBytes(response, 200, 'application/json; charset=utf-8', writer.take());
}

/** RFC 9110 §9.3.2: where GET is taken HEAD is, too; Node leaves out the content. */
function expectMethod(request: IncomingMessage, ...methods: string[]): void {
  const asked = request.method === 'HEAD' ? 'GET' : request.method;
  if (!methods.includes(asked ?? '')) throw new SignalingError('METHOD_REFUSED', { allow: methods });
}
