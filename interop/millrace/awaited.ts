// One client of a server that listens on one UDP port, in the shape of a connection, for the agent. The server makes the
// real one: when the client's offer is answered, or when a client that nobody has signalled sends its first check.

import {
  generateCertificate,
  listen,
  type RTCDataChannelEvent,
  type RTCIceCandidateInit,
  type RTCPeerConnection,
  type RTCServer,
  type RTCSessionDescriptionInit,
  type UnknownUfragRequest,
} from 'millrace';
import type { Description } from '../agent/w3c.ts';

/** Clients that make up the server's answer have this of it: fragment and password are the same. */
export interface Direct {
  readonly secret: string;
  /** The client has put the secret in the place of its own fragment as well, and that is seen in its checks. */
  readonly isMunged: boolean;
}

const certificate = await generateCertificate('ECDSA');
/** By their secrets: clients that may come without having been signalled. */
const unsignalled = new Map<string, Awaited>();
let server: Promise<RTCServer> | undefined;

export class Awaited {
  onicecandidate: ((event: { candidate?: RTCIceCandidateInit | null }) => void) | null = null;
  ondatachannel: ((event: RTCDataChannelEvent) => void) | null = null;
  localDescription: Description | null = null;
  readonly #addresses: readonly string[];
  readonly #direct: Direct | undefined;
  #connection: RTCPeerConnection | undefined;
  #offer: RTCSessionDescriptionInit | undefined;
  #isClosed = false;

  constructor(addresses: readonly string[], direct?: Direct) {
    this.#addresses = addresses;
    this.#direct = direct;
    if (direct) unsignalled.set(direct.secret, this);
  }

  async setRemoteDescription(offer: RTCSessionDescriptionInit): Promise<void> {
    this.#offer = offer;
  }

  async createAnswer(): Promise<Description> {
    const { connection, answer } = await (await this.#server()).answer(this.#offer!, this.#connection);
    this.#become(connection);
    this.localDescription = { type: answer.type, sdp: answer.sdp ?? '' };
    return this.localDescription;
  }

  /** What a client that nobody signals has to know: the answer that it makes up, from address, certificate and secret. */
  async createOffer(): Promise<Description> {
    const { addresses } = await this.#server();
    const { secret } = this.#direct!;
    const [{ algorithm, value } = {}] = certificate.getFingerprints();
    const lines = [
      ...['v=0', 'o=- 0 0 IN IP4 0.0.0.0', 's=-', 't=0 0', 'a=group:BUNDLE 0', 'a=ice-lite'],
      ...[
        'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
        'c=IN IP4 0.0.0.0',
        'a=mid:0',
        'a=setup:passive',
      ],
      ...[
        `a=ice-ufrag:${secret}`,
        `a=ice-pwd:${secret}`,
        `a=fingerprint:${algorithm} ${value?.toUpperCase()}`,
      ],
      ...['a=sctp-port:5000', 'a=max-message-size:262144'],
      ...addresses.map(
        ({ address, port }, i) => `a=candidate:${i + 1} 1 udp ${100 - i} ${address} ${port} typ host`,
      ),
      ...['a=end-of-candidates', ''],
    ];
    return { type: 'offer', sdp: lines.join('\r\n') };
  }

  async setLocalDescription(): Promise<void> {}

  async addIceCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    await this.#connection?.addIceCandidate(candidate);
  }

  createDataChannel(): never {
    throw new Error('a server waits for the channels of its clients');
  }

  getStats(): ReturnType<RTCPeerConnection['getStats']> {
    return this.#connection?.getStats() ?? Promise.resolve(new Map());
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
    if (this.#direct) unsignalled.delete(this.#direct.secret);
  }

  get connectionState(): string {
    return this.#connection?.connectionState ?? (this.#isClosed ? 'closed' : 'new');
  }

  get iceConnectionState(): string {
    return this.#connection?.iceConnectionState ?? 'new';
  }

  get signalingState(): string {
    return this.#connection?.signalingState ?? 'stable';
  }

  get sctp(): RTCPeerConnection['sctp'] {
    return this.#connection?.sctp ?? null;
  }

  /** The answer has every candidate. */
  get iceGatheringState(): string {
    return 'complete';
  }

  /** A check has come that says the secret. */
  accept(request: UnknownUfragRequest, server: RTCServer): boolean | undefined {
    const { secret, isMunged } = this.#direct!;
    if (!request.isSignedWith(secret)) return false;
    if (isMunged !== (request.remoteUsernameFragment === secret)) return false;
    this.#become(server.accept(request, { password: secret }));
    return undefined;
  }

  #become(connection: RTCPeerConnection): void {
    this.#connection = connection;
    connection.ondatachannel = (event) => this.ondatachannel?.(event);
  }

  #server(): Promise<RTCServer> {
    server ??= listen({
      addresses: this.#addresses,
      configuration: { certificates: [certificate] },
      onUnknownUfrag(request, server) {
        const awaited = unsignalled.get(request.localUsernameFragment);
        return awaited === undefined ? false : awaited.accept(request, server);
      },
    });
    return server;
  }
}
