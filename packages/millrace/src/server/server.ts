// Many peers on one UDP port, as a server wants it: a shared port and lite connections (RFC 8445 §2.5) that need no
// STUN, no TURN and no trickling: an offer comes in, its answer with every candidate goes out.

import type { TransportAddress } from '@millrace/ice';
import { exception } from '../errors.ts';
import { UdpMuxError } from '../mux/errors.ts';
import type { UdpMuxOptions, UnknownUfragRequest } from '../mux/options.ts';
import { UdpMux, type UdpMuxStats } from '../mux/udp-mux.ts';
import type { MillraceConfiguration, RTCConfiguration } from '../peer-connection/configuration.ts';
import { endConnection, RTCPeerConnection } from '../peer-connection/peer-connection.ts';
import type { RTCSessionDescriptionInit } from '../peer-connection/session-description.ts';
import type { SessionEnd } from '../peer-connection/session-end.ts';
import { inferredOffer } from './inferred-offer.ts';

export interface ListenOptions extends Omit<UdpMuxOptions, 'onUnknownUfrag' | 'native'> {
  /**
   * Of every connection. `iceServers` are of no use to lite connections; `millrace.udpMux`, `iceLite` and
   * `iceParameters` are the server's own to set. `millrace.restartPatience` is 0 by default here: a connection whose client
   * has been silent for `millrace.consentTimeout` ends, since most clients that vanish do not come back.
   */
  readonly configuration?: RTCConfiguration | undefined;
  /** Whether connections are lite: right for every host that its clients can reach. Default true. */
  readonly lite?: boolean | undefined;
  /**
   * Hears of checks for connections that nobody has signalled: see `UdpMuxOptions`, and `accept` for what to do about
   * them. Default: they are dropped.
   */
  readonly onUnknownUfrag?:
    | ((request: UnknownUfragRequest, server: RTCServer) => boolean | undefined)
    | undefined;
  /** Most connections of `accept` that are not connected yet; no more checks are offered beyond it. Default 1,024. */
  readonly maxUnproven?: number | undefined;
  /** A connection that is not connected this many milliseconds after it was made ends with CONNECT_TIMEOUT. Default 30,000. */
  readonly connectTimeout?: number | undefined;
}

export interface AcceptOptions {
  /** The password that the client signs its checks with: of the username fragment it believes to be ours. */
  readonly password: string;
  /** The client's own password, where it is known: a lite server never needs it. */
  readonly remotePassword?: string | undefined;
}

export interface Answered {
  readonly connection: RTCPeerConnection;
  /** To be sent to the client: it names every candidate, so nothing follows it. */
  readonly answer: RTCSessionDescriptionInit;
}

export interface RTCServerStats extends UdpMuxStats {
  /** Of `accept`, and not connected yet. */
  readonly unproven: number;
  /** Checks that were not offered to the hook because of them. */
  readonly tooManyUnproven: number;
}

const DEFAULT_MAX_UNPROVEN = 1_024;
const DEFAULT_CONNECT_TIMEOUT = 30_000;
/** What a timer of Node holds. */
const MAX_CONNECT_TIMEOUT = 0x7fff_ffff;

/**
 * Listens on one UDP port for all its connections.
 *
 * @example
 * const server = await listen({ port: 9000 });
 * const { connection, answer } = await server.answer(offer);
 *
 * @throws {UdpMuxError | TypeError} for options out of their ranges
 * @throws {Error} Node's own, when the port is taken
 */
export function listen(options: ListenOptions = {}): Promise<RTCServer> {
  return RTCServer.listen(options);
}

/** What `listen` returns: connections of many peers on one UDP port. */
export class RTCServer {
  readonly connections: ReadonlySet<RTCPeerConnection>;
  readonly #connections = new Set<RTCPeerConnection>();
  readonly #unproven = new Set<RTCPeerConnection>();
  readonly #options: ListenOptions;
  #tooManyUnproven = 0;
  #mux!: UdpMux;

  static async listen(options: ListenOptions): Promise<RTCServer> {
    const server = new RTCServer(options);
    const { onUnknownUfrag, configuration, lite: _, ...rest } = options;
    server.#mux = await UdpMux.listen({
      ...rest,
      native: configuration?.millrace?.native,
      onUnknownUfrag: onUnknownUfrag && ((request) => server.#onUnknown(request, onUnknownUfrag)),
    });
    return server;
  }

  private constructor(options: ListenOptions) {
    checkOptions(options);
    this.#options = options;
    this.connections = this.#connections;
    new RTCPeerConnection(this.#configuration({})).close(); // says what is wrong with it before a client does
  }

  get port(): number {
    return this.#mux.port;
  }

  /** The local addresses, each with the port. */
  get addresses(): TransportAddress[] {
    return this.#mux.addresses;
  }

  /** For connections of other kinds on the same port, such as those that offer. */
  get udpMux(): UdpMux {
    return this.#mux;
  }

  get stats(): RTCServerStats {
    return {
      ...this.#mux.stats,
      unproven: this.#unproven.size,
      tooManyUnproven: this.#tooManyUnproven,
    };
  }

  /**
   * Makes a connection for a client's offer, or answers another offer of one that there is. Listeners that are set when
   * the promise fulfils hear of everything.
   *
   * @throws {DOMException | TypeError | UdpMuxError} as the promise's reason: the offer is wrong, or there is no room
   */
  async answer(offer: RTCSessionDescriptionInit, known?: RTCPeerConnection): Promise<Answered> {
    const connection = known ?? this.#connect({});
    try {
      await connection.setRemoteDescription(offer);
      await connection.setLocalDescription();
      return { connection, answer: await gathered(connection) };
    } catch (error) {
      if (!known) connection.close();
      throw error;
    }
  }

  /**
   * Makes a connection for a client that sends checks without having been told of us, within `onUnknownUfrag`. The
   * client has to have made up an answer of ours: with its own idea of our username fragment and password, `a=setup:passive`,
   * SCTP port 5000 and our certificate's fingerprint (`RTCCertificate.getFingerprints`). Nothing is known of its own
   * certificate, so any is taken, and its address has to be proven to DTLS: see `disableFingerprintVerification` and
   * `verifyAddress`. Who it is has to be found out over the channels.
   *
   * @throws {TypeError | UdpMuxError} for a password that ICE does not allow, a fragment that is in use, or no room
   */
  accept(request: UnknownUfragRequest, { password, remotePassword }: AcceptOptions): RTCPeerConnection {
    const { localUsernameFragment: usernameFragment, remoteUsernameFragment } = request;
    const connection = this.#connect({
      iceParameters: { usernameFragment, password },
      disableFingerprintVerification: true,
      verifyAddress: true,
    });
    this.#unproven.add(connection);
    const offer = inferredOffer(remoteUsernameFragment, remotePassword ?? password);
    connection
      .setRemoteDescription(offer)
      .then(() => connection.setLocalDescription())
      .catch(() => connection.close());
    return connection;
  }

  /** Ends every connection, each with its farewell to the peer, and gives the port back. */
  close(): void {
    for (const connection of [...this.#connections]) connection.close();
    this.#mux.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #onUnknown(
    request: UnknownUfragRequest,
    ask: NonNullable<ListenOptions['onUnknownUfrag']>,
  ): boolean | undefined {
    if (this.#unproven.size < (this.#options.maxUnproven ?? DEFAULT_MAX_UNPROVEN)) return ask(request, this);
    this.#tooManyUnproven++;
    return false;
  }

  #configuration(millrace: MillraceConfiguration): RTCConfiguration {
    const { configuration, lite = true } = this.#options;
    const own = { restartPatience: 0, ...configuration?.millrace };
    return { ...configuration, millrace: { ...own, ...millrace, iceLite: lite } };
  }

  #connect(millrace: MillraceConfiguration): RTCPeerConnection {
    const connection = new RTCPeerConnection(this.#configuration({ ...millrace, udpMux: this.#mux }));
    this.#connections.add(connection);
    const { connectTimeout = DEFAULT_CONNECT_TIMEOUT } = this.#options;
    const timeout = setTimeout(() => endConnection(connection, lateEnd(connectTimeout)), connectTimeout);
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState !== 'connected') return;
      clearTimeout(timeout);
      this.#unproven.delete(connection);
    });
    void connection.closed.then(() => {
      clearTimeout(timeout);
      this.#connections.delete(connection);
      this.#unproven.delete(connection);
    });
    return connection;
  }
}

/** @throws {UdpMuxError} BAD_OPTION; the shared port and the connections look at theirs */
function checkOptions(options: ListenOptions): void {
  const { maxUnproven = 0, connectTimeout = 1, onUnknownUfrag } = options;
  if (!(typeof maxUnproven === 'number' && maxUnproven >= 0))
    throw new UdpMuxError('BAD_OPTION', `maxUnproven ${String(maxUnproven)}`);
  if (!(typeof connectTimeout === 'number' && connectTimeout > 0 && connectTimeout <= MAX_CONNECT_TIMEOUT))
    throw new UdpMuxError('BAD_OPTION', `connectTimeout ${String(connectTimeout)}`);
  // `listen` wraps it, so that the shared port would not see.
  if (onUnknownUfrag !== undefined && typeof onUnknownUfrag !== 'function')
    throw new UdpMuxError('BAD_OPTION', 'onUnknownUfrag must be a function');
}

/** The description once it names every candidate, which is as soon as the connection has its part in each socket. */
function gathered(connection: RTCPeerConnection): Promise<RTCSessionDescriptionInit> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const { localDescription } = connection;
      if (!localDescription?.sdp.includes('\r\na=end-of-candidates\r\n')) return;
      connection.removeEventListener('icegatheringstatechange', look);
      resolve({ type: localDescription.type, sdp: localDescription.sdp });
    };
    connection.addEventListener('icegatheringstatechange', look);
    void connection.closed.then(({ message }) => reject(exception('OperationError', message)));
    look();
  });
}

function lateEnd(connectTimeout: number): SessionEnd {
  return {
    by: 'failure',
    code: 'CONNECT_TIMEOUT',
    message: `the client was not connected within ${connectTimeout / 1000} seconds`,
  };
}
