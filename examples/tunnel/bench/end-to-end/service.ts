// The service behind both: a short answer, bytes, what was sent to it counted, and a stream of events.
import { createServer, type Server, type ServerResponse } from 'node:http';

export const EVENTS = 200;
const BLOCK = Buffer.alloc(64 * 1024, 'x');
const EVENT = `data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":" token"}}]}\n\n`;

export function createService(): Server {
  return createServer({ noDelay: true }, (incoming, response) => {
    const [, kind, size] = incoming.url!.split('/');
    if (kind === 'bytes') sendBytes(response, Number(size));
    else if (kind === 'events') sendEvents(response);
    else {
      let bytes = 0;
      incoming.on('data', (chunk: Uint8Array) => (bytes += chunk.length));
      incoming.on('end', () => response.end(`{"bytes":${bytes}}`));
    }
  });
}

function sendBytes(response: ServerResponse, size: number): void {
  response.setHeader('Content-Length', size);
  let left = size;
  const next = (): void => {
    while (left > 0) {
      const part = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK;
      left -= part.length;
      if (!response.write(part)) return void response.once('drain', next);
    }
    response.end();
  };
  next();
}

/** Each of its own turn. */
function sendEvents(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  let sent = 0;
  const next = (): void => {
    if (sent++ === EVENTS) response.end();
    else response.write(EVENT, () => setImmediate(next));
  };
  next();
}
