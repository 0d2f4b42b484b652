// The server's side of WHIP and WHEP (RFC 9725 §4): POST an offer, get an answer and a session; PATCH candidates to it;
// DELETE it. Takes and gives the Request and Response of the Fetch standard, so that it fits any HTTP server.
import type { ConnectionShape } from './connection-shape.ts';
import { gathered } from './gathered.ts';
import { candidatesIn, candidatesOf, credentialsOf, fragmentOf, withCredentials } from './sdp-fragment.ts';

export interface WhipServerOptions {
  /**
   * Makes the connection that is to answer, with what it sends (tracks for WHEP) and its listeners; `undefined` refuses.
   * Here is the place to look at `Authorization` and at the path.
   */
  readonly accept: (request: Request) => Promise<ConnectionShape | undefined> | ConnectionShape | undefined;
  /** STUN and TURN servers that clients are told of (RFC 9725 §4.6). Default: none. */
  readonly iceServers?: readonly WhipIceServer[];
  /** Sessions at a time. Default 1000. */
  readonly maxSessions?: number;
  /** Bytes of an offer or a fragment. Default 65536. */
  readonly maxBytes?: number;
  /** Milliseconds that candidates are waited for before the answer. Default 500. */
  readonly gatherFor?: number;
  /** A word nobody can guess, for the URL of a session. Default: 128 random bits. */
  readonly draw?: () => string;
}

export interface WhipIceServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

interface Session {
  readonly connection: ConnectionShape;
  /** Of the ICE session: another after a restart. */
  etag: string;
  /** Requests change it one after another. */
  changing: Promise<unknown>;
}

const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';

export class WhipServer {
  readonly #options: WhipServerOptions;
  /** By the path of each. */
  readonly #sessions = new Map<string, Session>();
  #opening = 0;

  constructor(options: WhipServerOptions) {
    this.#options = options;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** Answers one request. Sessions have paths below the one that was posted to. */
  async handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const session = this.#sessions.get(pathname);
    switch (request.method) {
      case 'OPTIONS':
        return answer(200, { 'Accept-Post': SDP, 'Access-Control-Allow-Methods': 'POST, PATCH, DELETE' });
      case 'POST':
        return session ? answer(405, { Allow: 'OPTIONS, PATCH, DELETE' }) : this.#open(request, pathname);
      case 'PATCH':
        return session ? this.#patchInTurn(request, session) : answer(404);
      case 'DELETE':
        if (!session) return answer(404);
        session.connection.close();
        this.#sessions.delete(pathname);
        return answer(200);
      default:
        return answer(405, { Allow: 'OPTIONS, POST, PATCH, DELETE' });
    }
  }

  /** Ends all sessions. */
  close(): void {
    for (const { connection } of this.#sessions.values()) connection.close();
    this.#sessions.clear();
  }

  async #open(request: Request, pathname: string): Promise<Response> {
    const { maxSessions = 1_000, gatherFor = 500, draw = drawWord } = this.#options;
    if (!hasType(request, SDP)) return answer(415, { 'Accept-Post': SDP });
    if (this.#sessions.size + this.#opening >= maxSessions) return answer(503, { 'Retry-After': '1' });
    this.#opening++;
    let connection: ConnectionShape | undefined;
    try {
      const offer = await this.#text(request);
      if (offer === undefined) return answer(413);
      connection = await this.#options.accept(request);
      if (!connection) return answer(401, { 'WWW-Authenticate': 'Bearer' });
      await connection.setRemoteDescription({ type: 'offer', sdp: offer });
      await connection.setLocalDescription();
      await gathered(connection, gatherFor);
    } catch {
      connection?.close();
      return answer(400); // the offer can't be answered
    } finally {
      this.#opening--;
    }
    const location = `${pathname.replace(/\/$/, '')}/${draw()}`;
    const session: Session = { connection, etag: `"${draw()}"`, changing: Promise.resolve() };
    this.#sessions.set(location, session);
    const { connection: open } = session;
    open.addEventListener('connectionstatechange', () => {
      if (open.connectionState !== 'closed' && open.connectionState !== 'failed') return;
      if (this.#sessions.get(location) === session) this.#sessions.delete(location);
      open.close();
    });
    const { iceServers = [] } = this.#options;
    const headers = {
      'Content-Type': SDP,
      Location: location,
      ETag: session.etag,
      'Accept-Patch': FRAGMENT,
      ...(iceServers.length > 0 && { Link: iceServers.map(linkOf).join(', ') }),
    };
    return answer(201, headers, open.localDescription!.sdp);
  }

  #patchInTurn(request: Request, session: Session): Promise<Response> {
    const patched = session.changing.then(() => this.#patch(request, session));
    session.changing = patched.catch(() => {});
    return patched;
  }

  async #patch(request: Request, session: Session): Promise<Response> {
    if (!hasType(request, FRAGMENT)) return answer(415, { 'Accept-Patch': FRAGMENT });
    const match = request.headers.get('if-match');
    if (match === null) return answer(428);
    if (match !== '*' && match !== session.etag) return answer(412);
    const fragment = await this.#text(request).catch(() => undefined);
    if (fragment === undefined) return answer(413);
    const { connection } = session;
    const candidates = candidatesOf(fragment);
    if (match === '*') return this.#restart(fragment, session);
    if (candidates.length === 0 && !/^a=end-of-candidates\r?$/m.test(fragment)) return answer(400);
    // RFC 9725 §4.3.2: a candidate that cannot be used is taken and left alone.
    for (const candidate of candidates) await connection.addIceCandidate(candidate).catch(() => {});
    return answer(204);
  }

  /** RFC 9725 §4.3.3: the answer has the new credentials and candidates; what fails leaves the session as it is. */
  async #restart(fragment: string, session: Session): Promise<Response> {
    const { connection } = session;
    const { gatherFor = 500, draw = drawWord } = this.#options;
    const credentials = credentialsOf(fragment);
    const { sdp: before = '' } = connection.remoteDescription ?? {};
    if (!credentials || credentials.ufrag === credentialsOf(before)?.ufrag) return answer(400);
    try {
      await connection.setRemoteDescription({ type: 'offer', sdp: withCredentials(before, credentials) });
      await connection.setLocalDescription();
    } catch {
      if (connection.signalingState === 'have-remote-offer')
        await connection.setRemoteDescription({ type: 'rollback', sdp: '' }).catch(() => {});
      return answer(422);
    }
    for (const candidate of candidatesOf(fragment))
      await connection.addIceCandidate(candidate).catch(() => {});
    await gathered(connection, gatherFor);
    session.etag = `"${draw()}"`;
    const { sdp } = connection.localDescription!;
    return answer(200, { 'Content-Type': FRAGMENT, ETag: session.etag }, fragmentOf(sdp, candidatesIn(sdp)));
  }

  /** `undefined`: more than there may be. */
  async #text(request: Request): Promise<string | undefined> {
    const { maxBytes = 65_536 } = this.#options;
    const decoder = new TextDecoder();
    let [text, bytes] = ['', 0];
    const reader = request.body?.getReader();
    for (let next = await reader?.read(); next && !next.done; next = await reader!.read()) {
      bytes += next.value.length;
      if (bytes > maxBytes) {
        await reader!.cancel();
        return undefined;
      }
      text += decoder.decode(next.value, { stream: true });
    }
    return text;
  }
}

function answer(status: number, headers: Record<string, string> = {}, body: string | null = null): Response {
  return new Response(body, {
    status,
    headers: {
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match',
      'Access-Control-Expose-Headers': 'Location, ETag, Link',
      ...headers,
    },
  });
}

/** RFC 9725 §4.6, RFC 8288 §3: what stands in quotes must not end them. */
function linkOf({ urls, username, credential }: WhipIceServer): string {
  const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const secret =
    username === undefined || credential === undefined
      ? ''
      : `; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`;
  return `<${urls}>; rel="ice-server"${secret}`;
}

function hasType(request: Request, type: string): boolean {
  const [given = ''] = (request.headers.get('content-type') ?? '').split(';', 1);
  return given.trim().toLowerCase() === type;
}

function drawWord(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
