// One try at one upstream: a request by node:http, and what came of it.
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { endToEnd, fieldOf } from '../http/fields.ts';
import { LIMITS } from '../options.ts';
import type { Framing } from '../pass-through/framing.ts';
import type { Upstream } from '../upstreams/upstreams.ts';
import type { RequestHead } from '../wire/frames.ts';
import type { Service } from './service.ts';

export interface AttemptEvents {
  onResponse(response: IncomingMessage): void;
  onUpgrade(response: IncomingMessage, socket: Socket, head: Uint8Array): void;
  /** Nothing was answered. `isUnsent`: no connection was made, so the upstream knows of no request. */
  onFailure(error: Error, isUnsent: boolean): void;
}

export function attempt(
  service: Service,
  upstream: Upstream,
  head: RequestHead,
  events: AttemptEvents,
): ClientRequest {
  const { url } = upstream;
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)({
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    method: head.method,
    path: url.pathname.replace(/\/$/, '') + head.path,
    headers: requestFields(service, upstream, head),
    agent: head.isUpgrade ? false : service.agentFor(url),
  });
  let isConnected = false;
  let isAnswered = false;
  const onTime = setTimeout(() => request.destroy(new Error('no connection in time')), LIMITS.connectMillis);
  const connected = (): void => {
    isConnected = true;
    clearTimeout(onTime);
  };
  request.on('socket', (socket) => {
    if (!socket.connecting) connected();
    else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
    socket.setNoDelay(true);
  });
  request.on('response', (response) => {
    isAnswered = true;
    events.onResponse(response);
  });
  request.on('upgrade', (response, socket, early) => {
    isAnswered = true;
    events.onUpgrade(response, socket as Socket, early);
  });
  request.on('error', (error) => {
    clearTimeout(onTime);
    if (!isAnswered) events.onFailure(error, !isConnected);
  });
  request.on('close', () => clearTimeout(onTime));
  return request;
}

/** As they came, but for this upstream. The framing is made anew: by Content-Length if there is one, else in chunks. */
function requestFields(service: Service, { url }: Upstream, head: RequestHead): string[] {
  const dropped = new Set(['host', 'expect']);
  if (service.options.keys) dropped.add('authorization'); // the key is the tunnel's, not the service's
  if (!head.hasBody) dropped.add('content-length');
  const fields = ['Host', url.host, ...endToEnd(head.fields, dropped)];
  if (head.isUpgrade) fields.push('Connection', 'Upgrade', 'Upgrade', 'websocket');
  else if (head.hasBody && fieldOf(fields, 'content-length') === undefined)
    fields.push('Transfer-Encoding', 'chunked');
  return fields;
}

/** What goes back to the client. An answer that may be framed anew may have another length. */
export function responseFields(response: IncomingMessage, framing: Framing | undefined): string[] {
  if (framing === undefined) return endToEnd(response.rawHeaders);
  if (framing === 'detect') return endToEnd(response.rawHeaders, new Set(['content-length']));
  const fields = endToEnd(response.rawHeaders, new Set(['content-length', 'content-type']));
  return fields.concat('Content-Type', 'text/event-stream');
}
