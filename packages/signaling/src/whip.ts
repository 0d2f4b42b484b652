// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): one HTTP request that carries an offer, whose answer opens a
// connection. For media and for data channels alike. Both sides are here: a client for an RTCPeerConnection, and a server
// that turns requests into connections. Left out: ICE restarts by PATCH (RFC 9725 §4.3.3); a client begins anew.
import type { Fetch } from './client/api.ts';
import type { ConnectionShape } from './connection-shape.ts';
import { SignalingError } from './errors.ts';
import { gathered } from './gathered.ts';
import { fragmentOf } from './sdp-fragment.ts';
import type { WhipIceServer } from './whip-server.ts';

export { type WhipIceServer, WhipServer, type WhipServerOptions } from './whip-server.ts';

export interface WhipOptions {
  /** The endpoint; with WHEP likewise. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. Default: no such header. */
  readonly token?: string;
  /** Ends the call. */
  readonly signal?: AbortSignal;
  /** Default: the global one. */
  readonly fetch?: Fetch;
  /**
   * Milliseconds that candidates are waited for before the offer goes out; those that come later follow by PATCH, if the
   * server takes it. Default 500.
   */
  readonly gatherFor?: number;
}

export interface WhipSession extends AsyncDisposable {
  /** The session's own URL. */
  readonly resource: string;
  /** ICE servers that the endpoint names in `Link` headers (RFC 9725 §4.6), for a connection of another time. */
  readonly iceServers: readonly WhipIceServer[];
  /** Closes the connection and tells the server (RFC 9725 §4.2). */
  close(): Promise<void>;
}

/**
 * Offers what has been added to `connection` (tracks, transceivers, data channels; for WHEP `recvonly` transceivers) to
 * the endpoint and sets its answer. Rejects with `UNREACHABLE`, or `WHIP_REFUSED` with the status in its message; the
 * connection is the caller's to close then.
 */
export async function whip(connection: ConnectionShape, options: WhipOptions): Promise<WhipSession> {
  const { url, token, signal } = options;
  const late: object[] = [];
  let send: ((candidate: object) => void) | undefined;
  connection.addEventListener('icecandidate', (event) => {
    const { candidate } = event as Event & { candidate: { toJSON(): object } | null };
    if (!candidate) return;
    if (send) send(candidate.toJSON());
    else late.push(candidate.toJSON());
  });
  await connection.setLocalDescription();
  await gathered(connection, options.gatherFor ?? 500);
  late.length = 0; // they are in the offer
  const ask = (to: string, init: RequestInit): Promise<Response> => {
    const headers = { ...init.headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
    const fetch = options.fetch ?? ((input: string, each: RequestInit) => globalThis.fetch(input, each));
    return fetch(to, { ...init, headers, ...(signal && { signal }) }).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new SignalingError('UNREACHABLE', { cause });
    });
  };
  const offer = connection.localDescription!.sdp;
  const response = await ask(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: offer,
  });
  if (response.status !== 201) throw refusal(response);
  const location = response.headers.get('location');
  if (location === null) throw new SignalingError('NOT_SIGNALING');
  const resource = new URL(location, response.url || url).href;
  const etag = response.headers.get('etag');
  const end = async (): Promise<void> => {
    connection.close();
    const deleted = await ask(resource, { method: 'DELETE' }).catch(() => undefined);
    await deleted?.body?.cancel();
  };
  try {
    await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  } catch (error) {
    await end();
    throw error;
  }
  let trickling: Promise<unknown> = Promise.resolve();
  let takesCandidates = true;
  send = (candidate) => {
    trickling = trickling.then(async () => {
      if (!takesCandidates || connection.connectionState === 'closed') return;
      const headers = {
        'Content-Type': 'application/trickle-ice-sdpfrag',
        ...(etag !== null && { 'If-Match': etag }),
      };
      const body = fragmentOf(connection.localDescription!.sdp, [candidate]);
      const patched = await ask(resource, { method: 'PATCH', headers, body }).catch(() => undefined);
      await patched?.body?.cancel();
      takesCandidates = patched?.ok ?? false; // RFC 9725 §4.3.2: a server need not
    });
  };
  for (const candidate of late.splice(0)) send(candidate);
  return {
    resource,
    iceServers: iceServersOf(response.headers.get('link')),
    close: end,
    [Symbol.asyncDispose]: end,
  };
}

function refusal(response: Response): SignalingError {
  void response.body?.cancel();
  const retryAfter = response.headers.get('retry-after'); // RFC 9725 §4.5: with 503, when to ask again
  const again = retryAfter === null ? '' : `, Retry-After ${retryAfter}`;
  return new SignalingError('WHIP_REFUSED', { cause: new Error(`status ${response.status}${again}`) });
}

/** RFC 8288 §3: links lie between commas, but neither `<>` nor quotes end at one. */
function iceServersOf(links: string | null): WhipSession['iceServers'] {
  const servers: WhipIceServer[] = [];
  for (const [, urls, parameters = ''] of (links ?? '').matchAll(
    /<([^>]+)>((?:"(?:[^"\\]|\\.)*"|[^,"])*)/g,
  )) {
    if (!/;\s*rel="?ice-server"?\s*(?:;|$)/i.test(parameters) || urls === undefined) continue;
    const value = (name: string): string | undefined =>
      new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, 'i').exec(parameters)?.[1]?.replace(/\\(.)/g, '$1');
    const [username, credential] = [value('username'), value('credential')];
    servers.push({
      urls,
      ...(username !== undefined && { username }),
      ...(credential !== undefined && { credential }),
    });
  }
  return servers;
}
