// One request on the side of the client: from the local listener to a channel, and the answer back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { endToEnd } from '../http/fields.ts';
import { type Problem, problemAnswer } from '../http/problem.ts';
import { Exchange, type ExchangeEvents, type WireChannel } from '../wire/exchange.ts';
import { type AbortReason, parseResponseHead, type RequestHead, type ResponseHead } from '../wire/frames.ts';
import { pipeRaw, type RawPipe } from '../wire/raw-pipe.ts';

export class LocalRequest implements ExchangeEvents {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  readonly #upgrade: { readonly socket: Duplex; readonly early: Uint8Array } | undefined;
  #raw: RawPipe | undefined;

  /** `upgrade` is the client's connection, if the request wants to turn it into something else. */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    channel: WireChannel,
    upgrade?: { readonly socket: Duplex; readonly early: Uint8Array },
  ) {
    this.#request = request;
    this.#response = response;
    this.#upgrade = upgrade;
    this.#exchange = new Exchange(channel, this);
    const head = requestHead(request, upgrade !== undefined);
    this.#exchange.sendHead(head);
    response.on('close', () => this.#onClientGone());
    response.on('error', () => this.#exchange.abort('client-left'));
    if (upgrade) {
      upgrade.socket.on('error', () => {});
      upgrade.socket.on('close', () => this.#onClientGone());
      return;
    }
    request.on('data', (chunk: Uint8Array) => {
      if (!this.#exchange.write(chunk)) request.pause();
    });
    request.on('end', () => this.#exchange.end());
  }

  onHead(value: Record<string, unknown>): void {
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
      setImmediate(() => response.flushHeaders());
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
    this.#exchange.close();
    try {
      this.#response.end();
    } catch {
      this.#violated(); // less than its Content-Length
    }
    if (!this.#request.complete) this.#response.once('finish', () => this.#request.destroy());
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
    this.#raw = pipeRaw(socket, early, this.#exchange, 'client-left', () => this.#exchange.close());
  }

  #violated(): void {
    this.#exchange.abort('protocol');
    this.#cut();
  }

  #cut(): void {
    this.#response.destroy();
    this.#upgrade?.socket.destroy();
  }

  #onClientGone(): void {
    if (this.#raw || this.#response.writableFinished) return;
    this.#exchange.abort('client-left');
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
  return { type: 'head', method: request.method!, path: request.url!, fields, hasBody, isUpgrade };
}

const FORWARDED: ReadonlySet<string> = new Set([
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);
