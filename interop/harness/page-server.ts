// Serves the agent to a browser from 127.0.0.1, which counts as a secure context (the agent needs SubtleCrypto).
// Browsers cannot run TypeScript, so types are stripped on the way out; what runs is the same file line by line.

import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';

const AGENT = new URL('../agent/', import.meta.url);
const PAGE = '<!doctype html><title>interop</title><script type="module" src="/page.ts"></script>';

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function servePage(): Promise<PageServer> {
  const server = createServer((request, response) => {
    respond(request.url ?? '/', response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => closed(server) };
}

async function respond(path: string, response: ServerResponse): Promise<void> {
  if (path === '/') {
    response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
  } else if (/^\/[a-z0-9-]+\.ts$/.test(path)) {
    const source = await readFile(new URL(`.${path}`, AGENT), 'utf8');
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(stripTypeScriptTypes(source));
  } else {
    response.writeHead(404).end();
  }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
