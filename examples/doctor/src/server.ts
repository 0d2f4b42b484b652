// The servers that are examined, as their URLs name them (RFC 7064, RFC 7065), and the examination of one.
import { lookup } from 'node:dns/promises';
import { EXIT, Failure } from '@millrace/example-send-file/failure';
import { type RTCIceServer, RTCPeerConnection, type RTCPeerConnectionIceErrorEvent } from 'millrace';
import { kindOf } from './addresses.ts';
import type { ServerFailure, ServerFinding } from './findings.ts';
import { knockTcp, knockUdp, type Place } from './knock.ts';
import { type NatQuery, placeText } from './nat.ts';
import { askBehavior } from './query-socket.ts';

export interface Server {
  readonly url: string;
  readonly kind: 'stun' | 'turn';
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  /** For RTCPeerConnection. */
  readonly ice: RTCIceServer;
}

/** What an examination of a server found, and what is known by it of the NAT in front of us. */
export interface Examined {
  readonly finding: ServerFinding;
  readonly server: Server;
  readonly nat?: NatQuery;
}

const SYNTAX = /^(stun|turn)(s?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/i;

export function parseServer(
  url: string,
  username: string | undefined,
  credential: string | undefined,
): Server {
  const ice = {
    urls: url,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  };
  const [, scheme = '', secure = '', host = '', port, transport] = SYNTAX.exec(url) ?? [];
  try {
    new RTCPeerConnection({ iceServers: [ice] }).close();
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'InvalidAccessError')
      throw new Failure(`${url} needs --username and --credential`, EXIT.usage);
    const examples = 'stun:stun.example.org or turn:turn.example.org:3478';
    throw new Failure(`${message}. One looks like ${examples}`, EXIT.usage);
  }
  return {
    url,
    kind: scheme.toLowerCase() === 'turn' ? 'turn' : 'stun',
    transport: secure ? 'tls' : transport?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? (secure ? 5349 : 3478) : Number(port),
    ice,
  };
}

export async function examineServer(server: Server, patience: number): Promise<Examined> {
  const { url, kind, transport, host, port } = server;
  const known = { url, kind, transport };
  const failed = (failure: ServerFailure, address?: string): Examined => ({
    server,
    finding: { ...known, ...(address === undefined ? {} : { address }), failure },
  });
  if (kind === 'stun' && transport !== 'udp')
    return failed({ code: 'UNSUPPORTED', message: `${url}: nobody asks STUN over TLS; use stun: or turns:` });
  let address: string;
  try {
    ({ address } = await lookup(host, { order: 'ipv4first' }));
  } catch (error) {
    return failed(unresolved(host, error as NodeJS.ErrnoException));
  }
  const place = { host, address, port };
  if (kind === 'turn') return examineTurn(server, place, patience);
  const asked = await askBehavior({ address, port }).catch((error: NodeJS.ErrnoException) => error);
  if (asked instanceof Error) {
    const message = `there is no way to ${address} from this computer (${asked.code ?? asked.message})`;
    return failed({ code: 'UNREACHABLE', message }, address);
  }
  const { behavior, local } = asked;
  const { mapped, roundTripTime, error } = behavior;
  if (error)
    return failed({ code: 'SAID_NO', message: `${host} says ${error.code} ${error.reason}` }, address);
  if (mapped === undefined) return failed(await knockUdp(place), address);
  const finding = {
    ...known,
    address,
    mapped: placeText(mapped),
    ...(roundTripTime === undefined ? {} : { milliseconds: roundTripTime }),
  };
  return { server, finding, nat: { url, server: { address, port }, local, behavior } };
}

/** What a connection with this server alone gets of it. */
async function examineTurn(server: Server, place: Place, patience: number): Promise<Examined> {
  const { url, kind, transport, ice } = server;
  const known = { url, kind, transport, address: place.address };
  const pc = new RTCPeerConnection({
    iceServers: [ice],
    iceTransportPolicy: 'relay',
    millrace: { loopback: kindOf(place.address) === 'loopback' },
  });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(resolve, patience, undefined);
  let error: RTCPeerConnectionIceErrorEvent | undefined;
  pc.addEventListener('icecandidateerror', (event) => {
    // What the server says tells more than that it does not speak.
    if (error === undefined || error.errorCode >= 700) error = event;
    if (event.errorCode < 700) resolve(undefined);
  });
  pc.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate === null) resolve(undefined);
    else if (candidate.type === 'relay')
      resolve(placeText({ address: candidate.address ?? '', port: candidate.port ?? 0 }));
  });
  pc.createDataChannel('doctor');
  const start = performance.now();
  await pc.setLocalDescription();
  const relayed = await promise;
  const milliseconds = performance.now() - start;
  clearTimeout(timer);
  pc.close();
  if (relayed !== undefined) return { server, finding: { ...known, milliseconds, relayed } };
  return { server, finding: { ...known, failure: await whyNot(server, place, error) } };
}

async function whyNot(
  { transport, host, url }: Server,
  place: Place,
  error: RTCPeerConnectionIceErrorEvent | undefined,
): Promise<ServerFailure> {
  if (error !== undefined && error.errorCode < 700) return saidNo(host, error.errorCode, error.errorText);
  const knocked = await (transport === 'udp' ? knockUdp(place) : knockTcp(place, transport === 'tls'));
  if (knocked !== undefined) return knocked;
  const reason = error?.errorText ?? 'there was no answer in time';
  return { code: 'SAID_NO', message: `${url} can be connected to, but does not relay: ${reason}` };
}

/** RFC 8489 §14.8, RFC 8656 §19. */
function saidNo(host: string, errorCode: number, errorText: string): ServerFailure {
  const said = `(${errorCode} ${errorText})`;
  if (errorCode === 401 || errorCode === 441)
    return { code: 'CREDENTIALS', message: `${host} does not take this user name and password ${said}` };
  if (errorCode === 486 || errorCode === 508)
    return { code: 'QUOTA', message: `${host} has nothing left to give, to this user or at all ${said}` };
  if (errorCode === 403) return { code: 'SAID_NO', message: `${host} forbids it ${said}` };
  if (errorCode === 438)
    return { code: 'SAID_NO', message: `${host} finds every nonce stale, even its newest ${said}` };
  return { code: 'SAID_NO', message: `${host} says no ${said}` };
}

function unresolved(host: string, { code, message }: NodeJS.ErrnoException): ServerFailure {
  const reasons: Readonly<Record<string, string>> = {
    ENOTFOUND: `there is no computer with the name ${host}`,
    EAI_AGAIN: `the name ${host} cannot be looked up now: no name server answers`,
  };
  return { code: 'DNS', message: reasons[code ?? ''] ?? `the name ${host} cannot be looked up: ${message}` };
}
