// One request on the side of the service: from the channel to an upstream, and the answer back. It is checked before any
// upstream hears of it, is tried elsewhere as long as nothing has been answered and all of it can be sent again, and ends
// at once when the client leaves.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Watchdog } from '@millrace/example-send-file/watchdog';
import { declaredLength, fieldOf } from '../http/fields.ts';
import { type Problem, problemAnswer } from '../http/problem.ts';
import { LIMITS } from '../options.ts';
import { framingOf } from '../pass-through/framing.ts';
import { PassThrough } from '../pass-through/pass-through.ts';
import { COMPLETION, ShapeScan } from '../request-shape/json-shape.ts';
import type { Upstream } from '../upstreams/upstreams.ts';
import { Exchange, type ExchangeEvents } from '../wire/exchange.ts';
import { ABORTS, type AbortReason, parseRequestHead, type RequestHead } from '../wire/frames.ts';
import type { Lane } from '../wire/lane.ts';
import { pipeRaw, type RawPipe } from '../wire/raw-pipe.ts';
import { attempt, responseFields } from './attempt.ts';
import { RequestBody } from './request-body.ts';
import type { Service } from './service.ts';

/** RFC 9110 §9.2.2: what may be sent again although it may have been received. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const COMPLETION_PATH = /\/chat\/completions(?:\?|$)/;

export class Forwarding implements ExchangeEvents {
  readonly #service: Service;
  readonly #exchange: Exchange;
  readonly #watchdog: Watchdog;
  readonly #startedAt = performance.now();
  #head!: RequestHead;
  #body: RequestBody | undefined;
  #isChecked = false;
  #order: Upstream[] = [];
  #tried = 0;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #raw: RawPipe | undefined;
  #stream: PassThrough | undefined;
  #status: number | undefined;
  #isDone = false;

  constructor(lane: Lane, service: Service) {
    this.#service = service;
    this.#watchdog = new Watchdog(service.options.idleMillis, () => this.#onSilence());
    this.#exchange = new Exchange(lane, this);
    service.active++;
  }

  /** `bytes` is the first message of the request. */
  begin(bytes: Uint8Array): void {
    this.#exchange.onBytes(bytes);
  }

  onHead(value: Record<string, unknown>): void {
    const head = parseRequestHead(value);
    if (!head) {
      this.#head = { method: '-', path: '-', fields: [], hasBody: false, isUpgrade: false };
      this.#refuse('BAD_REQUEST');
      return;
    }
    this.#head = head;
    const { keys, maxRequests, maxBody } = this.#service.options;
    const declared = declaredLength(head.fields);
    if (declared === null) {
      this.#refuse('BAD_REQUEST', 'its Content-Length');
      return;
    }
    if (this.#service.active > maxRequests) {
      this.#refuse('TOO_MANY');
      return;
    }
    this.#isChecked =
      this.#service.options.checksCompletions && head.method === 'POST' && COMPLETION_PATH.test(head.path);
    const limit = maxBody ?? (this.#isChecked ? LIMITS.checkedBodyBytes : Number.POSITIVE_INFINITY);
    if ((declared ?? 0) > limit) {
      this.#refuse('BODY_TOO_LARGE');
      return;
    }
    if (head.hasBody)
      this.#body = new RequestBody({
        declared,
        limit,
        scan: this.#isChecked ? new ShapeScan(COMPLETION) : undefined,
        onConsumed: (bytes) => this.#exchange.consumed(bytes),
      });
    const verdict = keys?.check(fieldOf(head.fields, 'authorization')) ?? 'ok';
    if (verdict === 'ok') this.#onAdmitted();
    else if (typeof verdict === 'string') this.#refuse(verdict);
    else
      verdict.then(
        (later) => (later === 'ok' ? this.#onAdmitted() : this.#refuse(later)),
        () => this.#refuse('WRONG_KEY', 'the keys cannot be read'),
      );
  }

  onBody(bytes: Uint8Array): void {
    if (this.#raw) {
      this.#raw.write(bytes);
      return;
    }
    if (this.#isDone) {
      this.#exchange.consumed(bytes.length);
      return;
    }
    this.#watchdog.feed();
    const verdict = this.#body?.push(bytes) ?? 'too-long';
    if (verdict === 'too-large') this.#refuse('BODY_TOO_LARGE');
    if (verdict === 'too-long') this.#refuse('BAD_REQUEST', 'it is longer than its Content-Length');
    if (this.#body?.isMisshapen && this.#order.length > 0) this.#onShape(this.#body);
  }

  onEnd(): void {
    if (this.#raw) {
      this.#raw.end();
      return;
    }
    if (this.#isDone || !this.#body) return;
    if (!this.#body.end()) this.#refuse('BAD_REQUEST', 'it is shorter than its Content-Length');
    else if (this.#isChecked && this.#order.length > 0) this.#onShape(this.#body);
  }

  onRoom(): void {
    if (this.#raw) {
      this.#raw.resume();
      return;
    }
    if (this.#isDone) return;
    this.#response?.resume();
    this.#watchdog.start();
  }

  onAbort(reason: AbortReason): void {
    this.#done(ABORTS[reason]);
  }

  #onAdmitted(): void {
    if (this.#isDone) return;
    const { upstreams, sessionOf } = this.#service.options;
    this.#order = upstreams.order(sessionOf?.(this.#head.fields), performance.now());
    if (!this.#isChecked) this.#tryNext();
    else if (!this.#body) this.#refuse('BAD_REQUEST', 'it has no body');
    else if (this.#body.hasEnded || this.#body.isMisshapen) this.#onShape(this.#body);
  }

  /** It is whole, or wrong already. */
  #onShape(body: RequestBody): void {
    const problem = body.shapeProblem;
    if (problem === undefined) this.#tryNext();
    else this.#refuse('BAD_REQUEST', problem);
  }

  #tryNext(): void {
    const upstream = this.#order[this.#tried++]!;
    const request = attempt(this.#service, upstream, this.#head, {
      onResponse: (response) => this.#onResponse(response, upstream),
      onUpgrade: (response, socket, early) => this.#onUpgrade(response, socket, early, upstream),
      onFailure: (error, isUnsent) => {
        if (request === this.#request) this.#onFailure(error, isUnsent, upstream);
      },
    });
    this.#request = request;
    this.#watchdog.start();
    if (this.#body) this.#body.flowTo(request, this.#tried === 1);
    else request.end();
  }

  #onFailure(error: Error, isUnsent: boolean, upstream: Upstream): void {
    if (this.#isDone) return;
    upstream.onFailure(performance.now());
    const mayRepeat = isUnsent || IDEMPOTENT.has(this.#head.method);
    if (mayRepeat && this.#tryElsewhere()) return;
    const code = (error as NodeJS.ErrnoException).code ?? error.message;
    this.#refuse(isUnsent ? 'UPSTREAM_DOWN' : 'UPSTREAM_CUT', code);
  }

  /** Whether there is another upstream, and the means to ask it. */
  #tryElsewhere(): boolean {
    if (this.#tried >= this.#order.length || this.#body?.isRepeatable === false) return false;
    this.#body?.detach();
    const given = this.#request;
    this.#request = undefined;
    given?.destroy();
    this.#tryNext();
    return true;
  }

  #onResponse(response: IncomingMessage, upstream: Upstream): void {
    if (this.#isDone) return void response.destroy();
    const status = response.statusCode!;
    if (status === 502 || status === 503) {
      upstream.onFailure(performance.now());
      response.on('error', () => {}); // nobody wants to know how it ends
      if (this.#tryElsewhere()) return;
    } else upstream.onSuccess();
    this.#response = response;
    this.#status = status;
    this.#body?.forget();
    const framing = framingOf(this.#head.fields, response.rawHeaders);
    if (framing) this.#stream = new PassThrough(framing);
    const fields = responseFields(response, framing);
    this.#exchange.sendHead({ status, message: response.statusMessage ?? '', fields });
    this.#watchdog.feed();
    response.on('data', (chunk: Uint8Array) => this.#onChunk(chunk));
    response.on('end', () => this.#onResponseEnd());
    response.on('error', () => this.#giveUp('upstream-cut'));
  }

  #onChunk(chunk: Uint8Array): void {
    this.#watchdog.feed();
    const bytes = this.#stream ? this.#stream.push(chunk) : chunk;
    if (this.#exchange.write(bytes)) return;
    this.#response!.pause();
    this.#watchdog.stop(); // now it is the client who is waited for
  }

  #onResponseEnd(): void {
    const rest = this.#stream?.end();
    if (rest && rest.length > 0) this.#exchange.write(rest);
    this.#exchange.end();
    this.#done(undefined);
  }

  #onUpgrade(response: IncomingMessage, socket: Socket, early: Uint8Array, upstream: Upstream): void {
    if (this.#isDone || !this.#head.isUpgrade) return void socket.destroy();
    upstream.onSuccess();
    this.#watchdog.stop();
    this.#status = 101;
    const fields = [...responseFields(response, undefined), 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
    this.#exchange.sendHead({ status: 101, message: response.statusMessage ?? '', fields });
    this.#raw = pipeRaw(socket, early, this.#exchange, 'upstream-cut', (end) => this.#done(end));
  }

  #onSilence(): void {
    // The upstream has all that there is of the request so far: it is the client who is waited for.
    const isClientsTurn = this.#body?.hasEnded === false && this.#request?.writableLength === 0;
    if (isClientsTurn && this.#status === undefined) {
      this.#watchdog.start();
      return;
    }
    if (this.#status === undefined) {
      this.#order[this.#tried - 1]?.onFailure(performance.now());
      this.#refuse('UPSTREAM_IDLE');
    } else this.#giveUp('idle');
  }

  #giveUp(reason: AbortReason): void {
    if (this.#isDone) return;
    this.#exchange.abort(reason);
    this.#done(ABORTS[reason]);
  }

  /** The tunnel answers itself; no upstream does (any more). */
  #refuse(problem: Problem, detail?: string): void {
    if (this.#isDone) return;
    if (this.#status !== undefined) {
      this.#giveUp('protocol');
      return;
    }
    const { head, body } = problemAnswer(problem, this.#head.fields, detail);
    this.#status = head.status;
    this.#exchange.sendHead(head);
    this.#exchange.write(body);
    this.#exchange.end();
    this.#done(undefined);
  }

  #done(end: string | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#service.active--;
    this.#watchdog.stop();
    // An answer may be complete before the request is: then nothing more is read of either.
    if (end !== undefined || this.#response?.complete !== true || this.#body?.hasEnded === false)
      this.#request?.destroy();
    this.#raw?.destroy();
    const { method, path } = this.#head ?? { method: '-', path: '-' };
    this.#service.options.onDone({
      method,
      path: path.replace(/\?.*$/, ''),
      status: this.#status,
      millis: performance.now() - this.#startedAt,
      upstream: this.#order[this.#tried - 1]?.url.origin,
      eventId: this.#stream?.eventId,
      end,
    });
  }
}
