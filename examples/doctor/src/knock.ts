// Asks once more at a server that did not help, from outside of the protocol, what the reason may be: whether anything
// listens there, and what is wrong with its certificate.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ServerFailure } from './findings.ts';

const PATIENCE = 5_000; // ms
const UDP_PATIENCE = 2_500; // ms
/** Milliseconds after which it knocks again: a datagram may be lost. */
const KNOCKS_AGAIN = 400;

const ANSWERS = 'an answer';
const UNREACHABLE: ReadonlySet<string> = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EACCES']);
const REFUSED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET']);

const CERTIFICATES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is the clock of this computer right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself, and nobody vouches for it',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that this computer does not know',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate comes from an authority that this computer does not know',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'it does not send the certificates between its own and an authority that this computer knows',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

export interface Place {
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

/** Whether anything listens at this port, or the computer at `address` says that nothing does; most say nothing. */
export async function knockUdp({ address, port, host }: Place): Promise<ServerFailure> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => resolve(undefined), UDP_PATIENCE);
  let knocking: NodeJS.Timeout | undefined;
  socket.on('message', () => resolve(ANSWERS));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
  socket.connect(port, address, () => {
    // A Binding request without anything in it.
    const request = Buffer.from(`000100002112a442${'00'.repeat(12)}`, 'hex');
    const knock = (): void => socket.send(request, () => {});
    knocking = setInterval(knock, KNOCKS_AGAIN);
    knock();
  });
  const code = await promise;
  clearTimeout(timer);
  clearInterval(knocking);
  socket.close();
  if (code === ANSWERS)
    return { code: 'SAID_NO', message: `${host} answers STUN, but does not answer who asks it to relay` };
  if (code !== undefined && REFUSED.has(code)) return refused(host, port, 'UDP');
  if (code !== undefined && UNREACHABLE.has(code)) return unreachable(address, code);
  return {
    code: 'SILENT',
    message: `${host} does not answer at UDP port ${port}: it is down, this is not its address, or UDP is blocked on the way`,
  };
}

/** Why a connection to `place` fails; `undefined` if it does not. */
export async function knockTcp(
  { host, address, port }: Place,
  isSecure: boolean,
): Promise<ServerFailure | undefined> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | 'silent' | undefined>();
  const servername = /^[\d.]+$|:/.test(host) ? '' : host;
  const socket = isSecure
    ? connectTls({ host: address, port, servername })
    : connect({ host: address, port });
  const timer = setTimeout(() => resolve('silent'), PATIENCE);
  let isConnected = false;
  socket.once('connect', () => {
    isConnected = true;
  });
  socket.once(isSecure ? 'secureConnect' : 'connect', () => resolve(undefined));
  socket.on('error', resolve);
  const error = await promise;
  clearTimeout(timer);
  socket.destroy();
  if (error === undefined) return undefined;
  if (error === 'silent') {
    if (isConnected) return notTls(host, port);
    return {
      code: 'SILENT',
      message: `${host} does not answer at TCP port ${port}: it is down, this is not its address, or a firewall drops it`,
    };
  }
  const { code = '', message } = error;
  if (!isConnected && REFUSED.has(code)) return refused(host, port, 'TCP');
  if (UNREACHABLE.has(code)) return unreachable(address, code);
  const certificate = CERTIFICATES[code];
  if (certificate !== undefined)
    return { code: 'CERTIFICATE', message: `${host} is not trusted: ${certificate}` };
  if (isSecure && isConnected) return notTls(host, port);
  return { code: 'SAID_NO', message: `${host}: ${message}` };
}

function refused(host: string, port: number, protocol: string): ServerFailure {
  return { code: 'REFUSED', message: `${host} refuses: nobody listens at its ${protocol} port ${port}` };
}

function unreachable(address: string, code: string): ServerFailure {
  return { code: 'UNREACHABLE', message: `there is no way to ${address} from this computer (${code})` };
}

function notTls(host: string, port: number): ServerFailure {
  return {
    code: 'NOT_TLS',
    message: `what listens at port ${port} of ${host} does not speak TLS; turn:...?transport=tcp is for servers without`,
  };
}
