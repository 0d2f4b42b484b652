// One request on the side of the client: from the local listener to a channel, and the answer back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { endToEnd } from '../http/fields.ts';
import { type Problem, problemAnswer } from '../http/problem.ts';
import { Exchange, type ExchangeEvents } from '../wire/exchange.ts';
import { type AbortReason, parseResponseHead, type RequestHead, type ResponseHead } from '../wire/frames.ts';
import type { Lane } from '../wire/lane.ts';
import { pipeRaw, type RawPipe } from '../wire/raw-pipe.ts';
import type { Peer } from './peer.ts';

export class LocalRequest implements ExchangeEvents {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #lane: Lane;
  readonly #peer: Peer;
  readonly #exchange: Exchange;
  readonly #upgrade: { readonly socket: Duplex; readonly early: Uint8Array } | undefined;
  #raw: RawPipe | undefined;

  /** `upgrade` is the client's connection, if the request wants to turn it into something else. */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    lane: Lane,
    peer: Peer,
    upgrade?: { readonly socket: Duplex; readonly early: Uint8Array },
  ) {
    this.#request = request;
    this.#response = response;
    this.#lane = lane;
    this.#peer = peer;
    this.#upgrade = upgrade;
    this.#exchange = new Exchange(lane, this);
    const head = requestHead(request, upgrade !== undefined);
    this.#exchange.sendHead(head);
    response.on('close', () => this.#onClientGone());
    response.on('error', () => this.#exchange.abort('client-left'));
    if (upgrade) {
      upgrade.socket.on('error', () => {});
      upgrade.socket.on('close', () => this.#onClientGone());
      return;
    }
    if (!head.hasBody) {
      this.#exchange.end();
      return;
    }
    request.on('data', (chunk: Uint8Array) => {
      if (!this.#exchange.write(chunk)) request.pause();
    });
    request.on('end', () => this.#exchange.end());
  }

  onHead(value: Record<string, unknown>, isWhole: boolean): void {
    const head = parseResponseHead(value);
    if (!head) {
      this.#exchange.abort('protocol');
      this.onAbort('protocol');
    } else if (head.status === 101) this.#onUpgraded(head);
    else {
      const response = this.#response;
      response.strictContentLength = true;
      response.writeHead(head.status, head.message, endToEnd(head.fields));
      // With the first bytes of the body, if those are here already.
      if (!isWhole) setImmediate(() => response.flushHeaders());
    }
  }

  onBody(bytes: Uint8Array): void {
    if (this.#raw) {
      this.#raw.write(bytes);
      return;
    }
    try {
      this.#response.write(bytes, () => this.#exchange.consumed(bytes.length));
    } catch {
      this.#violated(); // more than its Content-Length
    }
  }

  onEnd(): void {
    if (this.#raw) {
      this.#raw.end();
      return;
    }
    this.#response.once('finish', () => this.#onFinished());
    try {
      this.#response.end();
    } catch {
      this.#violated(); // less than its Content-Length
    }
  }

  onRoom(): void {
    if (this.#raw) this.#raw.resume();
    else this.#request.resume();
  }

  onAbort(reason: AbortReason): void {
    this.#raw?.destroy();
    if (this.#response.headersSent || this.#response.destroyed) this.#cut();
    else answerProblem(this.#request, this.#response, reason === 'gone' ? 'PEER_GONE' : 'UPSTREAM_CUT');
  }

  #onFinished(): void {
    if (this.#request.complete) this.#peer.giveBack(this.#lane);
    else {
      this.#lane.close(); // nobody wants the rest of the request
      this.#request.destroy();
    }
  }

  #onUpgraded(head: ResponseHead): void {
    if (!this.#upgrade) {
      this.#violated();
      return;
    }
    const { socket, early } = this.#upgrade;
    this.#response.detachSocket(socket as never);
    let text = `HTTP/1.1 101 ${head.message}\r\n`;
    for (let i = 0; i < head.fields.length; i += 2) text += `${head.fields[i]}: ${head.fields[i + 1]}\r\n`;
    socket.write(`${text}\r\n`, 'latin1');
    this.#raw = pipeRaw(socket, early, this.#exchange, 'client-left', () => this.#lane.close());
  }

  #violated(): void {
    this.#lane.close('protocol');
    this.#cut();
  }

  #cut(): void {
    this.#response.destroy();
    this.#upgrade?.socket.destroy();
  }

  #onClientGone(): void {
    if (this.#raw || this.#response.writableFinished) return;
    this.#lane.close('client-left');
  }
}

export function answerProblem(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
  const { head, body } = problemAnswer(problem, request.rawHeaders);
  const fields = [...head.fields];
  // What is left of the body is not read: the connection can't be used again.
  if (!request.complete) fields.push('Connection', 'close');
  response.writeHead(head.status, head.message, fields);
  response.end(body);
}

function requestHead(request: IncomingMessage, isUpgrade: boolean): RequestHead {
  const { headers, socket } = request;
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  // Whoever speaks to this listener is the client: what it says about others on the way is not believed.
  const fields = endToEnd(request.rawHeaders, FORWARDED);
  fields.push('X-Forwarded-For', socket.remoteAddress ?? 'unknown', 'X-Forwarded-Proto', 'http');
  if (headers.host !== undefined) fields.push('X-Forwarded-Host', headers.host);
  return { method: request.method!, path: request.url!, fields, hasBody, isUpgrade };
}

const FORWARDED: ReadonlySet<string> = new Set([
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);
