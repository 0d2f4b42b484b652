// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): one HTTP request that carries an offer, whose answer opens a
// connection. For media and for data channels alike. Both sides are here: a client for an RTCPeerConnection, and a server
// that turns requests into connections.
import type { Fetch } from './client/api.ts';
import type { ConnectionShape } from './connection-shape.ts';
import { SignalingError } from './errors.ts';
import { gathered } from './gathered.ts';
import { candidatesIn, candidatesOf, credentialsOf, fragmentOf, withCredentials } from './sdp-fragment.ts';
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
  /**
   * Restarts ICE (RFC 9725 §4.3.3), as after a change of the network. Rejects with `WHIP_REFUSED` if the server does not do
   * that; the session goes on as it was.
   */
  restart(): Promise<void>;
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
  const trickle = new Trickle(connection);
  await connection.setLocalDescription();
  await gathered(connection, options.gatherFor ?? GATHER_FOR);
  trickle.forget(); // they are in the offer
  const ask = (to: string, init: RequestInit): Promise<Response> => {
    const headers = { ...init.headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
    const fetch = options.fetch ?? ((input: string, each: RequestInit) => globalThis.fetch(input, each));
    return fetch(to, { ...init, headers, ...(signal && { signal }) }).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new SignalingError('UNREACHABLE', { cause });
    });
  };
  const response = await ask(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: connection.localDescription!.sdp,
  });
  if (response.status !== 201) throw refusal(response);
  const location = response.headers.get('location');
  if (location === null) throw new SignalingError('NOT_SIGNALING');
  const resource = new URL(location, response.url || url).href;
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
  const patch = (match: string | null, body: string): Promise<Response> =>
    ask(resource, {
      method: 'PATCH',
      headers: { 'Content-Type': FRAGMENT, ...(match !== null && { 'If-Match': match }) },
      body,
    });
  trickle.start(patch, response.headers.get('etag'));
  let restarting: Promise<unknown> = Promise.resolve();
  return {
    resource,
    iceServers: iceServersOf(response.headers.get('link')),
    restart: () => {
      // Only what the last restart brings counts (RFC 9725 §4.3.3): there is one at a time.
      const restarted = restarting.then(() => restart(connection, trickle, patch, options));
      restarting = restarted.catch(() => {});
      return restarted;
    },
    close: end,
    [Symbol.asyncDispose]: end,
  };
}

const FRAGMENT = 'application/trickle-ice-sdpfrag';
const GATHER_FOR = 500;

type Patch = (match: string | null, body: string) => Promise<Response>;

async function restart(
  connection: ConnectionShape,
  trickle: Trickle,
  patch: Patch,
  { gatherFor = GATHER_FOR }: WhipOptions,
): Promise<void> {
  await trickle.stop();
  connection.restartIce();
  await connection.setLocalDescription();
  await gathered(connection, gatherFor);
  trickle.forget();
  const { sdp } = connection.localDescription!;
  let response: Response | undefined;
  try {
    response = await patch('*', fragmentOf(sdp, candidatesIn(sdp)));
    const credentials = response.status === 200 ? credentialsOf(await response.clone().text()) : undefined;
    if (!credentials) throw refusal(response);
    const { sdp: before } = connection.remoteDescription!;
    await connection.setRemoteDescription({ type: 'answer', sdp: withCredentials(before, credentials) });
  } catch (error) {
    if (connection.signalingState === 'have-local-offer')
      await connection.setLocalDescription({ type: 'rollback', sdp: '' });
    trickle.resume();
    throw error;
  }
  for (const candidate of candidatesOf(await response.text()))
    await connection.addIceCandidate(candidate).catch(() => {}); // of a kind that is not known here
  trickle.start(patch, response.headers.get('etag'));
}

/** Candidates found when the description is out already: those that came meanwhile follow together (RFC 9725 §4.3.2). */
class Trickle {
  readonly #connection: ConnectionShape;
  #waiting: object[] = [];
  #patch: Patch | undefined;
  #etag: string | null = null;
  #isStopped = true;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(connection: ConnectionShape) {
    this.#connection = connection;
    connection.addEventListener('icecandidate', (event) => {
      const { candidate } = event as Event & { candidate: { toJSON(): object } | null };
      if (candidate) this.#waiting.push(candidate.toJSON());
      this.#flush();
    });
  }

  start(patch: Patch, etag: string | null): void {
    this.#patch = patch;
    this.#etag = etag;
    this.resume();
  }

  resume(): void {
    this.#isStopped = false;
    this.#flush();
  }

  /** Until `start`: what is found waits for the tag of the new session. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#sending;
  }

  forget(): void {
    this.#waiting.length = 0;
  }

  #flush(): void {
    this.#sending = this.#sending.then(async () => {
      if (this.#isStopped || !this.#patch || this.#waiting.length === 0) return;
      if (this.#connection.connectionState === 'closed') return;
      const body = fragmentOf(this.#connection.localDescription!.sdp, this.#waiting.splice(0));
      const patched = await this.#patch(this.#etag, body).catch(() => undefined);
      await patched?.body?.cancel();
      if (!patched?.ok) this.#patch = undefined; // RFC 9725 §4.3.2: a server need not take them
    });
  }
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
