// Two whole connections without sockets: ICE, DTLS, SCTP and data channels of each on one virtual clock, with a wire of a
// given delay between them. Signaling takes no time. The order of things within an instant is the driver's.
import { type Channel, type ChannelsSink, DataChannels } from '@millrace/datachannel';
import { DtlsConnection, type DtlsOptions } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { IceAgent, type Route, type TransportAddress } from '@millrace/ice';
import { type Millis, NEVER } from '@millrace/sans-io';
import { SeededRandom, Wire, type WireOptions } from '@millrace/sans-io/testing';
import { type FixedSctpOptions, SctpAssociation, signaledInit } from '@millrace/sctp';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { defaultCertificate, dtlsCertificateOf } from '../../src/certificate.ts';
import { SPED_DATAGRAM_BYTES, Sped } from '../../src/transport/sped.ts';

const SLOT_BYTES = 4_096;
const MAX_BURST = 10_000;

export interface VirtualPeerOptions {
  readonly seed: number;
  readonly role: 'client' | 'server';
  readonly iceRole: 'controlling' | 'controlled';
  readonly snap: boolean;
  readonly sped: boolean;
  readonly lite?: boolean;
  readonly dtls?: Partial<DtlsOptions>;
  /** Addresses; all but the last lead nowhere. Default one. */
  readonly addresses?: number;
}

export class VirtualPeer implements ChannelsSink {
  readonly agent: IceAgent;
  readonly sped: Sped;
  association: SctpAssociation | undefined;
  readonly channels: DataChannels = new DataChannels();
  readonly init: Uint8Array;
  readonly sockets: readonly TransportAddress[];
  dtls: DtlsConnection | undefined;
  /** When things happened. */
  securedAt: Millis | undefined;
  openedAt: Millis | undefined;
  messageAt: Millis | undefined;
  /** Every SCTP packet for a client that is not verified. */
  onEarly: ((packet: Uint8Array) => void) | undefined;
  readonly #options: VirtualPeerOptions;
  readonly #fixed: FixedSctpOptions;
  readonly #certificate = defaultCertificate();
  readonly #early: Uint8Array[] = [];
  #now: Millis = 0;
  #hasPath = false;
  #remote: VirtualPeer | undefined;

  constructor(options: VirtualPeerOptions) {
    const { seed, role, iceRole, sped, snap, lite = false, addresses = 1 } = options;
    this.#options = options;
    this.sped = new Sped(sped);
    const random = new SeededRandom(seed);
    this.agent = new IceAgent({ role: iceRole, lite, crypto: nodeStunCrypto, random, piggyback: this.sped });
    this.sockets = Array.from({ length: addresses }, (_, i) => ({
      address: `192.0.2.${(iceRole === 'controlling' ? 1 : 101) + i}`,
      port: 4_000,
    }));
    this.#fixed = {
      random,
      cookieMac: (bytes: Uint8Array): Uint8Array => bytes.slice(0, 16),
      zeroChecksum: true,
      initiateTag: seed,
      initialTsn: 1_000 * seed,
    };
    this.init = snap ? signaledInit(this.#fixed) : new Uint8Array(0);
    this.channels.setRole(role);
    for (const [socket, at] of this.sockets.entries())
      this.agent.addLocalCandidate({ ...at, socket, preference: 100 - socket }, 0);
  }

  get fingerprint(): { algorithm: string; value: string } {
    const { algorithm = '', value = '' } = this.#certificate.getFingerprints()[0] ?? {};
    return { algorithm, value: value.toUpperCase() };
  }

  /** Its offer is on the way. */
  offer(): void {
    this.sped.offer(this.sped.offeredOptions);
  }

  /** Both descriptions are known here. */
  start(remote: VirtualPeer, now: Millis): void {
    this.#now = now;
    this.#remote = remote;
    this.sped.settle(this.sped.offeredOptions, remote.sped.offeredOptions);
    this.agent.setRemoteParameters({ ...remote.agent.localParameters, lite: remote.agent.isLite }, now);
    for (const candidate of remote.agent.stats.localCandidates) this.agent.addRemoteCandidate(candidate, now);
    this.agent.endLocalCandidates(now);
    this.agent.endRemoteCandidates(now);
    if (this.sped.isAgreed) this.#startDtls();
  }

  receive(bytes: Uint8Array, route: Route, now: Millis): void {
    this.#now = now;
    if (bytes[0]! < 4) {
      this.agent.receive(bytes, 0, bytes.length, now, route);
      for (let rode = this.sped.take(); rode; rode = this.sped.take()) this.#onSecured(rode);
    } else if (this.agent.isVerified(route) && this.sped.isNews(bytes, 0, bytes.length)) {
      this.#onSecured(bytes.slice());
    }
  }

  deadline(): Millis {
    const dtls = this.#dtlsDeadline();
    return Math.min(
      this.agent.deadline(),
      dtls,
      this.association?.deadline() ?? NEVER,
      this.channels.deadline(),
    );
  }

  /** Everything that is due, then everything that is to be said. */
  pump(now: Millis, send: (out: Uint8Array, length: number, route: Route) => void): void {
    this.#now = now;
    if (this.agent.deadline() <= now) this.agent.expire(now);
    if (this.#dtlsDeadline() <= now) this.dtls?.expire(now);
    if ((this.association?.deadline() ?? NEVER) <= now) this.association?.expire(now);
    this.#drain();
    if (!this.#hasPath && this.agent.usableRoute) {
      this.#hasPath = true;
      this.sped.setPath(this.agent.roundTripTime);
      const { roundTripTime = 0 } = this.agent;
      this.association?.setPath({ limit: 1_160, roundTripTime }, now);
      this.dtls?.setPath(this.agent.roundTripTime, now);
      if (this.#remote) this.#startDtls();
      this.#startSctp();
    }
    this.#flush(send);
    this.#drain();
  }

  #flush(send: (out: Uint8Array, length: number, route: Route) => void): void {
    const out = new Uint8Array(SLOT_BYTES);
    const { dtls, agent, association } = this;
    const now = this.#now;
    if (dtls) this.sped.capture(dtls, agent.usableRoute !== undefined, now);
    for (let length = 1; length > 0; ) {
      length = agent.transmit(out, 0, SLOT_BYTES, now);
      if (length > 0) send(out, length, agent.route);
    }
    const route = agent.selectedRoute ?? agent.usableRoute;
    if (!route || !dtls) return;
    for (let length = 1; length > 0; ) {
      length = this.sped.transmit(dtls, out, 0, SLOT_BYTES, now);
      if (length > 0) send(out, length, route);
    }
    if (!association) return;
    const isEarly = dtls.isHalfConnected;
    for (let length = 1; length > 0; ) {
      length = association.transmit(out, dtls.headroom, SLOT_BYTES - dtls.tailroom, now);
      if (length > 0 && isEarly) this.onEarly?.(out.slice(dtls.headroom, dtls.headroom + length));
      if (length > 0) send(out, isEarly ? dtls.sealEarly(out, 0, length) : dtls.seal(out, 0, length), route);
    }
  }

  #dtlsDeadline(): Millis {
    if (!this.dtls || (this.sped.isAgreed && !this.#hasPath)) return NEVER;
    return this.dtls.deadline();
  }

  #startDtls(): void {
    if (this.dtls) return;
    const { role, dtls } = this.#options;
    this.dtls = new DtlsConnection({
      role,
      certificate: dtlsCertificateOf(this.#certificate),
      crypto: nodeDtlsCrypto,
      random: new SeededRandom(this.#options.seed + 100),
      remoteFingerprints: [this.#remote!.fingerprint],
      mtu: this.sped.isAgreed ? SPED_DATAGRAM_BYTES : 1_200,
      roundTripTime: this.agent.roundTripTime,
      ...dtls,
    });
    this.dtls.start(this.#now);
    for (const datagram of this.#early.splice(0)) this.#onSecured(datagram);
  }

  #onSecured(bytes: Uint8Array): void {
    if (!this.dtls) {
      this.#early.push(bytes.slice());
      return;
    }
    this.dtls.receive(bytes, 0, bytes.length, this.#now);
    this.#drainDtls();
  }

  #drainDtls(): void {
    this.dtls?.drain({
      onHalfConnected: () => this.#startSctp(),
      onConnected: () => {
        this.securedAt = this.#now;
        this.sped.onConnected((this.dtls?.tlsVersion === 'FEFC') === (this.#options.role === 'client'));
        this.#startSctp();
      },
      onApplicationData: (bytes, at, end) => this.association?.receive(bytes, at, end, this.#now),
      onClosed: ({ code }) => {
        throw new Error(`DTLS ended: ${code}`);
      },
      onKeyLog: () => {},
    });
  }

  #startSctp(): void {
    if (this.association || !this.dtls) return;
    const { init } = this.#remote!;
    const remoteInit = init.length > 0 && this.init.length > 0 ? init : undefined;
    const roundTripTime = this.agent.roundTripTime ?? this.dtls.roundTripTime;
    const isEarly = this.dtls.isHalfConnected && !remoteInit && roundTripTime !== undefined;
    if (!isEarly && this.dtls.state !== 'connected') return;
    this.association = new SctpAssociation({
      ...this.#fixed,
      ...(roundTripTime === undefined ? {} : { roundTripTime }),
    });
    this.channels.attach(this.association);
    this.association.connect(this.#now, remoteInit);
  }

  #drain(): void {
    this.agent.drain({ onStateChange() {}, onSelectedPair() {}, onRoleChange() {} });
    this.#drainDtls();
    this.channels.drain(this, this.#now);
  }

  onChannel(): void {}
  onOpen(channel: Channel): void {
    this.openedAt ??= this.#now;
    this.channels.send(channel, 'hello', this.#now);
  }
  onMessage(): void {
    this.messageAt ??= this.#now;
  }
  onClosing(): void {}
  onClosed(): void {}
  onSent(): void {}
}

export interface VirtualPairOptions {
  readonly seed?: number;
  readonly wire: WireOptions;
  /** Who is the DTLS client. Default the answerer, as connections have it where both have channels. */
  readonly client?: 'offerer' | 'answerer';
  readonly offerer?: Partial<VirtualPeerOptions>;
  readonly answerer?: Partial<VirtualPeerOptions>;
  readonly both?: Partial<VirtualPeerOptions>;
  /** The offerer's channel is opened by DCEP. Default: both have it, as negotiated. */
  readonly inBand?: boolean;
  /** How long the answer takes to the offerer. Default no time. */
  readonly answerDelay?: Millis;
}

export class VirtualPair {
  now: Millis = 0;
  readonly offerer: VirtualPeer;
  readonly answerer: VirtualPeer;
  /** Every datagram, as it is sent. */
  onDatagram: ((from: 'offerer' | 'answerer', bytes: Uint8Array, now: Millis) => void) | undefined;
  readonly wire: Wire<{ readonly to: VirtualPeer; readonly route: Route }>;
  #answerAt: Millis;

  constructor(options: VirtualPairOptions) {
    const { seed = 1, wire, client = 'answerer', answerDelay = 0 } = options;
    const base = { snap: true, sped: true, ...options.both };
    this.offerer = new VirtualPeer({
      ...base,
      seed: 2 * seed,
      iceRole: 'controlling',
      role: client === 'offerer' ? 'client' : 'server',
      ...options.offerer,
    });
    this.answerer = new VirtualPeer({
      ...base,
      seed: 2 * seed + 1,
      iceRole: 'controlled',
      role: client === 'answerer' ? 'client' : 'server',
      ...options.answerer,
    });
    this.wire = new Wire(new SeededRandom(seed), wire);
    this.#answerAt = answerDelay;
    if (options.inBand) this.offerer.channels.open({ label: 'c' }, 0);
    else
      for (const peer of [this.offerer, this.answerer])
        peer.channels.open({ label: 'c', negotiated: true, id: 0 }, 0);
    this.offerer.offer();
    this.answerer.start(this.offerer, 0);
  }

  /** Until both have had a message, or `patience` is over. */
  run(patience: Millis): boolean {
    const end = this.now + patience;
    for (let turns = 0; turns < MAX_BURST; turns++) {
      if (this.#answerAt <= this.now) {
        this.#answerAt = NEVER;
        this.offerer.start(this.answerer, this.now);
      }
      for (let got = this.wire.take(this.now); got; got = this.wire.take(this.now))
        got.tag.to.receive(got.bytes, got.tag.route, this.now);
      for (const peer of [this.offerer, this.answerer])
        peer.pump(this.now, (out, length, route) => this.#send(peer, out, length, route));
      if (this.offerer.messageAt !== undefined && this.answerer.messageAt !== undefined) return true;
      const next = Math.min(
        this.wire.next(),
        this.#answerAt,
        this.offerer.deadline(),
        this.answerer.deadline(),
      );
      if (next > end) return false;
      this.now = Math.max(this.now, next);
    }
    throw new Error(`stuck at ${this.now} ms`);
  }

  #send(from: VirtualPeer, out: Uint8Array, length: number, { socket, remote }: Route): void {
    this.onDatagram?.(from === this.offerer ? 'offerer' : 'answerer', out.subarray(0, length), this.now);
    const to = from === this.offerer ? this.answerer : this.offerer;
    const source = from.sockets[socket]!;
    const target = to.sockets.findIndex(({ address }) => address === remote.address);
    // Of several addresses the last ones see each other.
    if (target !== to.sockets.length - 1 || socket !== from.sockets.length - 1) return;
    this.wire.send(out, 0, length, this.now, { to, route: { socket: target, remote: source } });
  }
}
