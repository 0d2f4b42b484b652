// The local HTTP listener: node:http reads the requests, and refuses what two readers could understand differently.
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerProblem, LocalRequest } from './local-request.ts';
import type { Peer } from './peer.ts';

export interface ListenerOptions {
  readonly headerBytes: number;
  readonly maxRequests: number;
}

export function createListener(peer: Peer, options: ListenerOptions): Server {
  let active = 0;
  const serve = (
    request: IncomingMessage,
    response: ServerResponse,
    upgrade?: { socket: Socket; early: Uint8Array },
  ): void => {
    if (!request.url?.startsWith('/')) {
      answerProblem(request, response, 'BAD_REQUEST');
      return;
    }
    if (active >= options.maxRequests) {
      answerProblem(request, response, 'TOO_MANY');
      return;
    }
    const lane = peer.takeLane();
    if (!lane) {
      answerProblem(request, response, 'PEER_GONE');
      return;
    }
    active++;
    (upgrade?.socket ?? response).once('close', () => active--);
    new LocalRequest(request, response, lane, peer, upgrade);
  };
  const server = createServer(
    {
      maxHeaderSize: options.headerBytes,
      insecureHTTPParser: false,
      noDelay: true,
      // An answer may take as long as it likes; a head may not. The body is the upstream's to wait for.
      requestTimeout: 0,
      // RFC 9110 §7.8: an upgrade may be passed over. Only this one goes through.
      shouldUpgradeCallback: (request) => isWebSocket(request),
    },
    serve,
  );
  server.on('upgrade', (request, socket, early) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.shouldKeepAlive = false;
    response.on('finish', () => (socket as Socket).destroySoon());
    if (isWebSocket(request)) serve(request, response, { socket: socket as Socket, early });
    else answerProblem(request, response, 'NOT_IMPLEMENTED');
  });
  return server;
}

function isWebSocket({ headers, method }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && method === 'GET';
}
