// Signaling: a page each for sending and watching, and a POST each that takes an offer and gives the answer.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { page } from './page.ts';
import type { Room } from './room.ts';

const MAX_OFFER_BYTES = 100_000;

export function createForwarder(room: Room): Server {
  return createServer((request, response) => {
    respond(room, request, response).catch(() => response.writeHead(400).end('this offer can not be taken'));
  });
}

async function respond(room: Room, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url } = request;
  if (url !== '/send' && url !== '/watch') {
    response.writeHead(404).end();
  } else if (method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(url));
  } else if (method === 'POST') {
    const offer = await bodyOf(request);
    const answer = url === '/send' ? await room.send(offer) : await room.watch(offer);
    if (answer === undefined) response.writeHead(409).end('nobody sends, or too many watch');
    else response.writeHead(201, { 'content-type': 'application/sdp' }).end(answer);
  } else response.writeHead(405).end();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > MAX_OFFER_BYTES) throw new Error('too long');
  }
  return body;
}
