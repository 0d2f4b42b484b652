// Answers that are not event streams: JSON, errors as JSON, and the CORS headers on all of them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignalingError } from '../errors.ts';

export function answer(response: ServerResponse, status: number, body?: object): void {
  response.statusCode = status;
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (body === undefined) {
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(body));
}

export function answerBytes(response: ServerResponse, status: number, type: string, bytes: Buffer): void {
  response.statusCode = status;
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}

/** Tells the client what was wrong. If its body was not read to the end the connection cannot be used again. */
export function refuse(request: IncomingMessage, response: ServerResponse, error: SignalingError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (!request.complete) {
    response.setHeader('Connection', 'close');
    request.resume(); // what is on its way is thrown away, for the answer to get through
    response.once('finish', () => request.socket.destroySoon());
  }
  if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  if (error.code === 'TOO_MANY_REQUESTS') response.setHeader('Retry-After', '1');
  const { code, message, tail, oldest, allow } = error;
  // RFC 9110 §15.5.6
  if (allow)
    response.setHeader('Allow', [...allow, ...(allow.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', '));
  answer(response, error.status, { error: code, message, tail, oldest });
}

/** Sets the CORS headers that let a page of an allowed origin read the answer. */
export function allowOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  origins: '*' | readonly string[],
): void {
  if (origins === '*') {
    response.setHeader('Access-Control-Allow-Origin', '*');
  } else {
    const { origin } = request.headers;
    response.setHeader('Vary', 'Origin');
    if (origin === undefined || !origins.includes(origin)) return;
    response.setHeader('Access-Control-Allow-Origin', origin);
  }
  if (request.method !== 'OPTIONS') return;
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, Last-Event-ID');
  response.setHeader('Access-Control-Max-Age', '86400');
}
