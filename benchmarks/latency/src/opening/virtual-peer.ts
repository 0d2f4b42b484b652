// A peer without sockets: ICE, DTLS, SCTP and a data channel wired as the driver of millrace wires them, in virtual time.
// What it leaves out is what takes the processor's time and not the network's.

import { CERTIFICATE_PEM, der, PRIVATE_KEY_PEM } from '@millrace/bench-harness/dtls-identity';
import { type Channel, type ChannelsSink, DataChannels } from '@millrace/datachannel';
import { type DtlsCertificate, DtlsConnection, type DtlsSink, fingerprintOf } from '@millrace/dtls';
import { nodeDtlsCertificate, nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { IceAgent, type IceSink, type Nomination, type Route } from '@millrace/ice';
import { type Core, type Millis, NEVER } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { type FixedSctpOptions, type PacketTrace, SctpAssociation, signaledInit } from '@millrace/sctp';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';

/** As a session's. */
const DATAGRAM_BYTES = 1200;
const SCTP_PACKET_BYTES = 1160;
const IDENTITY: DtlsCertificate = nodeDtlsCertificate(der(CERTIFICATE_PEM), der(PRIVATE_KEY_PEM));
const MESSAGE = new Uint8Array(64);
const IGNORED: IceSink = { onStateChange() {}, onSelectedPair() {}, onRoleChange() {} };

export interface VirtualPeerOptions {
  readonly name: 'offerer' | 'answerer';
  readonly seed: number;
  /** Whether the INIT chunks go with the descriptions (draft-hancke-tsvwg-snap). */
  readonly isSignaled: boolean;
  /** Default `aggressive`, which is the agent's own. */
  readonly nomination?: Nomination | undefined;
  /** The latest version of DTLS. Default 1.2. */
  readonly dtlsVersion?: '1.2' | '1.3' | undefined;
  readonly trace?: PacketTrace;
}

/** When what came to pass, in milliseconds since signaling; `NEVER` until then. */
export interface Milestones {
  ice: Millis;
  dtls: Millis;
  /** The channel is open on this side. */
  open: Millis;
  /** The other side's first message has come, sent as soon as the channel was open there. */
  first: Millis;
}

export class VirtualPeer implements Core<undefined> {
  readonly agent: IceAgent;
  readonly at: Milestones = { ice: NEVER, dtls: NEVER, open: NEVER, first: NEVER };
  readonly init: Uint8Array;
  remoteInit: Uint8Array | undefined;
  datagramsSent = 0;
  readonly #options: VirtualPeerOptions;
  readonly #channels = new DataChannels();
  readonly #route: Route;
  readonly #sctp: FixedSctpOptions;
  readonly #random: SeededRandom;
  readonly #early: Uint8Array[] = [];
  #dtls: DtlsConnection | undefined;
  #association: SctpAssociation | undefined;
  #now: Millis = 0;

  constructor(options: VirtualPeerOptions) {
    const { name, seed } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed * 2 + (name === 'offerer' ? 0 : 1));
    const isOfferer = name === 'offerer';
    this.agent = new IceAgent({
      role: isOfferer ? 'controlling' : 'controlled',
      crypto: nodeStunCrypto,
      random: this.#random,
      ...(options.nomination === undefined ? {} : { nomination: options.nomination }),
    });
    const addresses = ['192.0.2.1', '192.0.2.2'];
    this.agent.addLocalCandidate({ socket: 0, address: addresses[isOfferer ? 0 : 1]!, port: 4_000 }, 0);
    this.#route = { socket: 0, remote: { address: addresses[isOfferer ? 1 : 0]!, port: 4_000 } };
    this.#sctp = {
      random: this.#random,
      cookieMac: (bytes) => bytes.slice(0, 16),
      mtu: SCTP_PACKET_BYTES,
      zeroChecksum: true,
      initiateTag: seed * 4 + (isOfferer ? 1 : 2),
      initialTsn: seed * 8,
    };
    this.init = signaledInit(this.#sctp);
    this.#channels.setRole(isOfferer ? 'server' : 'client');
    if (isOfferer) this.#channels.open({ label: '0' }, 0);
  }

  /** Both descriptions and all candidates are there. */
  meet(other: VirtualPeer): void {
    this.agent.setRemoteParameters(other.agent.localParameters, 0);
    for (const candidate of other.agent.stats.localCandidates) this.agent.addRemoteCandidate(candidate, 0);
    this.agent.endLocalCandidates(0);
    this.agent.endRemoteCandidates(0);
    if (this.#options.isSignaled) this.remoteInit = other.init;
  }

  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    this.#now = now;
    if (bytes[at]! < 4) this.agent.receive(bytes, at, end, now, this.#route);
    else if (!this.agent.isVerified(this.#route)) return;
    else if (this.#dtls === undefined) this.#early.push(bytes.slice(at, end));
    else {
      this.#dtls.receive(bytes, at, end, now);
      this.#dtls.drain(this.#secured);
    }
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    this.#now = now;
    const length = this.#write(out, at, end, now);
    if (length > 0) this.datagramsSent++;
    return length;
  }

  #write(out: Uint8Array, at: number, end: number, now: Millis): number {
    const length = this.agent.transmit(out, at, end, now);
    if (length > 0 || this.#dtls === undefined || this.agent.usableRoute === undefined) return length;
    const handshake = this.#dtls.transmit(out, at, end, now);
    if (handshake > 0 || this.#association === undefined) return handshake;
    const { headroom } = this.#dtls;
    const packet = this.#association.transmit(out, at + headroom, end, now);
    if (packet === 0) return 0;
    return this.#dtls.isHalfConnected
      ? this.#dtls.sealEarly(out, at, packet)
      : this.#dtls.seal(out, at, packet);
  }

  deadline(): Millis {
    const dtls = this.#dtls?.deadline() ?? NEVER;
    return Math.min(this.agent.deadline(), dtls, this.#association?.deadline() ?? NEVER);
  }

  expire(now: Millis): void {
    this.#now = now;
    if (this.agent.deadline() <= now) this.agent.expire(now);
    if (this.#dtls !== undefined && this.#dtls.deadline() <= now) this.#dtls.expire(now);
    if (this.#association !== undefined && this.#association.deadline() <= now) this.#association.expire(now);
  }

  drain(): boolean {
    let any = this.agent.drain(IGNORED);
    if (this.#dtls === undefined && this.agent.usableRoute !== undefined) {
      this.#startDtls();
      any = true;
    }
    if (this.#dtls?.drain(this.#secured)) any = true;
    if (this.#channels.drain(this.#heard, this.#now)) any = true;
    return any;
  }

  #startDtls(): void {
    this.at.ice = this.#now;
    const { name, dtlsVersion } = this.#options;
    const dtls = new DtlsConnection({
      role: name === 'offerer' ? 'server' : 'client',
      certificate: IDENTITY,
      crypto: nodeDtlsCrypto,
      random: this.#random,
      remoteFingerprints: [fingerprintOf(IDENTITY.certificate, nodeDtlsCrypto)],
      roundTripTime: this.agent.roundTripTime,
      mtu: DATAGRAM_BYTES,
      maxVersion: dtlsVersion ?? '1.2',
    });
    this.#dtls = dtls;
    dtls.start(this.#now);
    for (const datagram of this.#early.splice(0)) {
      dtls.receive(datagram, 0, datagram.length, this.#now);
      dtls.drain(this.#secured);
    }
  }

  #startSctp(): void {
    const { roundTripTime } = this.agent;
    const association = new SctpAssociation({
      ...this.#sctp,
      remotePort: 5000,
      ...(this.#options.trace === undefined ? {} : { trace: this.#options.trace }),
      ...(roundTripTime === undefined ? {} : { roundTripTime }),
    });
    this.#association = association;
    this.#channels.attach(association);
    association.connect(this.#now, this.remoteInit);
  }

  readonly #secured: DtlsSink = {
    onHalfConnected: () => {
      if (this.remoteInit === undefined) this.#startSctp();
    },
    onConnected: () => {
      this.at.dtls = this.#now;
      if (this.#association === undefined) this.#startSctp();
    },
    onApplicationData: (bytes, at, end) => this.#association?.receive(bytes, at, end, this.#now),
    onClosed: ({ code }) => {
      throw new Error(`DTLS of the ${this.#options.name} closed: ${code}`);
    },
    onKeyLog() {},
  };

  readonly #heard: ChannelsSink = {
    onChannel() {},
    onOpen: (channel: Channel) => {
      this.at.open = this.#now;
      this.#channels.send(channel, MESSAGE, this.#now);
    },
    onMessage: () => {
      if (this.at.first === NEVER) this.at.first = this.#now;
    },
    onSent() {},
    onClosing() {},
    onClosed() {
      throw new Error('the channel closed');
    },
  };
}
