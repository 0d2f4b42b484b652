// What the URLs of RTCIceServer say. RFC 7064 (stun), RFC 7065 (turn).
import { exception } from '../errors.ts';

export interface IceServer {
  readonly kind: 'stun' | 'turn';
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  /** As it was given. */
  readonly url: string;
  readonly username: string;
  readonly credential: string;
}

const SYNTAX =
  /^(stun|stuns|turn|turns):(\[[0-9a-f:.]+\]|[^:/?#[\]@\s]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i;
/** RFC 7064 §3.2, RFC 7065 §3.2. */
const PORT = 3478;
const SECURE_PORT = 5349;

/** @throws {DOMException} SyntaxError */
export function parseServerUrl(url: string, username = '', credential = ''): IceServer {
  const [, scheme = '', host = '', digits, transport] = SYNTAX.exec(url) ?? [];
  const isSecure = /s$/i.test(scheme) && scheme !== '';
  const kind = /^turn/i.test(scheme) ? 'turn' : 'stun';
  const port = digits === undefined ? (isSecure ? SECURE_PORT : PORT) : Number(digits);
  const isWrong = scheme === '' || port < 1 || port > 65_535 || (kind === 'stun' && transport !== undefined);
  if (isWrong) throw exception('SyntaxError', `not a STUN or TURN URL: ${url}`);
  return {
    kind,
    transport: transportOf(isSecure, transport?.toLowerCase()),
    host: host.replace(/^\[|\]$/g, ''),
    port,
    url,
    username,
    credential,
  };
}

/** RFC 7065 §3.2. TURN over DTLS (turns with transport=udp) is asked for over TLS: every server that has it has both. */
function transportOf(isSecure: boolean, transport: string | undefined): 'udp' | 'tcp' | 'tls' {
  if (isSecure) return 'tls';
  return transport === 'tcp' ? 'tcp' : 'udp';
}
