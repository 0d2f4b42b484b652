// The far hand of the harness: holds peer connections and channels of one implementation and does to them what the
// harness says. The same file runs in a browser's page and in a child process. Every argument and every result is
// plain JSON. Connections and channels are named by number. It never decides whether something is right.

import { ChannelLog } from './channel-log.ts';
import { Connection } from './connection.ts';
import { describe, grow, type Item, payload, type Seen, sha256 } from './payload.ts';
import { sleep, until } from './until.ts';
import type { CandidateInit, Channel, ChannelInit, Description, PeerConnectionClass } from './w3c.ts';

export interface AgentOptions {
  readonly RTCPeerConnection: PeerConnectionClass;
  /** What `send` wants for binary data, where it is not a Uint8Array. */
  readonly toSend?: (bytes: Uint8Array) => unknown;
  readonly configuration?: object;
}

export interface ChannelFacts {
  readonly label: string;
  readonly protocol: string;
  readonly id: number | null;
  readonly ordered: boolean;
  readonly maxRetransmits: number | null;
  readonly maxPacketLifeTime: number | null;
  readonly negotiated: boolean;
  readonly readyState: string;
  readonly events: string[];
}

export interface BulkPlan {
  readonly bytes: number;
  readonly messageBytes: number;
  readonly highWater: number;
  readonly seed: number;
}

export interface BulkSent {
  readonly sha256: string;
  readonly lowEvents: number;
  /** How often the sender found the high-water mark exceeded. */
  readonly waits: number;
}

export interface BulkResult {
  readonly sha256: string;
  readonly milliseconds: number;
  readonly messages: number;
}

const PATH_STATS: ReadonlySet<string> = new Set([
  'transport',
  'candidate-pair',
  'local-candidate',
  'remote-candidate',
]);
const STATS_PATIENCE = 10_000; // ms
const LONGEST_PATH = 8_000; // characters

/** W3C webrtc-stats §8.15. */
export interface Early {
  /** There was no SCTP handshake. */
  readonly isSignaled: boolean;
  /** Packets with an INIT, INIT ACK or COOKIE chunk in front, either way, of all connections of the process. */
  readonly handshakeChunks: number;
  /** DTLS datagrams inside STUN. */
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
}

export interface Securing {
  readonly tlsVersion: string;
  readonly dtlsCipher: string;
  readonly dtlsRole: string;
  /** Of millrace alone, as what follows. */
  readonly millraceKeyExchangeGroup: string;
  readonly millraceDtls: {
    readonly helloRetries: number;
    readonly keyUpdates: { readonly sent: number; readonly received: number };
  } | null;
  /** Of the latest hellos on the wire, where millrace sends them in datagrams of node:dgram: groups of shares. */
  readonly hellos: { readonly offered: readonly number[]; readonly selected: number } | null;
}

export class Agent {
  readonly #options: AgentOptions;
  #connections: Connection[] = [];
  #channels: ChannelLog[] = [];
  #arrivals = 0;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  // Connections.

  connect(configuration: object): number {
    const number = this.#connections.length;
    const pc = new this.#options.RTCPeerConnection({ ...this.#options.configuration, ...configuration });
    const connection = new Connection(pc, (channel) => {
      this.#keep(channel);
      connection.incoming.push(channel);
    });
    this.#connections.push(connection);
    return number;
  }

  async offer(connection: number, iceRestart = false): Promise<Description> {
    const { pc } = this.#connection(connection);
    const offer = await (iceRestart ? pc.createOffer({ iceRestart }) : pc.createOffer());
    await pc.setLocalDescription(offer);
    return { type: 'offer', sdp: offer.sdp };
  }

  /** An offer with `secret` for its username fragment and password, in the place of those that were drawn. */
  async mungedOffer(connection: number, secret: string): Promise<Description> {
    const { pc } = this.#connection(connection);
    const { sdp } = await pc.createOffer();
    const munged = sdp.replaceAll(/^a=ice-(ufrag|pwd):.*?(\r?)$/gm, `a=ice-$1:${secret}$2`);
    await pc.setLocalDescription({ type: 'offer', sdp: munged });
    return { type: 'offer', sdp: munged };
  }

  async answer(connection: number, offer: Description): Promise<Description> {
    const { pc } = this.#connection(connection);
    await pc.setRemoteDescription(offer);
    const answer = await pc.createAnswer();
    await pc.setLocalDescription(answer);
    return { type: 'answer', sdp: answer.sdp };
  }

  async acceptAnswer(connection: number, answer: Description): Promise<void> {
    await this.#connection(connection).pc.setRemoteDescription(answer);
  }

  async addCandidate(connection: number, candidate: CandidateInit | null): Promise<void> {
    await this.#connection(connection).pc.addIceCandidate(candidate);
  }

  /** The local candidates that came since the last call; waits a little for the next one. */
  async candidates(
    number: number,
    patience: number,
  ): Promise<{ candidates: CandidateInit[]; ended: boolean }> {
    const connection = this.#connection(number);
    const end = performance.now() + patience;
    while (connection.handedOut === connection.candidates.length && !connection.isGathered) {
      if (performance.now() > end) break;
      await sleep(4);
    }
    const ended = connection.isGathered;
    const candidates = connection.candidates.slice(connection.handedOut);
    connection.handedOut = connection.candidates.length;
    return { candidates, ended };
  }

  /** The ICE generation of the pair in use, by its username fragment; `null` where that is not told. */
  async generation(number: number): Promise<string | null> {
    const transport = this.#connection(number).pc.sctp?.transport?.iceTransport;
    try {
      return transport?.getSelectedCandidatePair?.()?.local?.usernameFragment ?? null;
    } catch {
      return null; // wrtc has the method, which throws
    }
  }

  async gathered(number: number, patience: number): Promise<Description> {
    const connection = this.#connection(number);
    await until(
      () => connection.isGathered,
      patience,
      'gathering complete',
      () => connection.pc.iceGatheringState,
    );
    return { type: connection.pc.localDescription!.type, sdp: connection.pc.localDescription!.sdp };
  }

  states(number: number): {
    connection: string;
    ice: string;
    signaling: string;
    maxMessageBytes: number | null;
  } {
    const { pc } = this.#connection(number);
    return {
      connection: pc.connectionState,
      ice: pc.iceConnectionState,
      signaling: pc.signalingState,
      maxMessageBytes: pc.sctp?.maxMessageSize ?? null,
    };
  }

  /** What is known of the way to the other side, as JSON to be read by people when something does not connect. */
  async path(number: number): Promise<string> {
    const { pc, candidates } = this.#connection(number);
    const report: unknown[] = [this.states(number), { gathering: pc.iceGatheringState, candidates }];
    const stats = await Promise.race([pc.getStats?.(), sleep(STATS_PATIENCE)]);
    stats?.forEach((each) => {
      if (PATH_STATS.has(each.type)) report.push(each);
    });
    return JSON.stringify(report).slice(0, LONGEST_PATH);
  }

  /** How a millrace connection was spared round trips; `null` from others. */
  async early(number: number): Promise<Early | null> {
    const { pc } = this.#connection(number);
    let early: Early | null = null;
    const stats = await Promise.race([pc.getStats?.(), sleep(STATS_PATIENCE)]);
    stats?.forEach((each) => {
      const { millraceSped, millraceSctp } = each as {
        readonly millraceSped?: Pick<Early, 'datagramsSent' | 'datagramsReceived'>;
        readonly millraceSctp?: Pick<Early, 'isSignaled'>;
      };
      const { handshakeChunks = 0 } = globalThis as { readonly handshakeChunks?: number };
      if (millraceSped) early = { isSignaled: false, handshakeChunks, ...early, ...millraceSped };
      if (millraceSctp)
        early = {
          datagramsSent: 0,
          datagramsReceived: 0,
          handshakeChunks,
          ...early,
          isSignaled: millraceSctp.isSignaled,
        };
    });
    return early;
  }

  /** What getStats tells of DTLS; `null` where it tells nothing. */
  async securing(number: number): Promise<Securing | null> {
    const { pc } = this.#connection(number);
    let securing: Securing | null = null;
    const stats = await Promise.race([pc.getStats?.(), sleep(STATS_PATIENCE)]);
    stats?.forEach((each) => {
      const transport = each as Partial<Securing> & { readonly type: string };
      if (transport.type !== 'transport' || transport.tlsVersion === undefined) return;
      const { tlsVersion, dtlsCipher = '', dtlsRole = '' } = transport;
      const { millraceKeyExchangeGroup = '', millraceDtls = null } = transport;
      const { hellos = null } = globalThis as { readonly hellos?: NonNullable<Securing['hellos']> };
      securing = { tlsVersion, dtlsCipher, dtlsRole, millraceKeyExchangeGroup, millraceDtls, hellos };
    });
    return securing;
  }

  async connectionState(number: number, wanted: string[], patience: number): Promise<string> {
    const { pc } = this.#connection(number);
    const title = `connectionState ${wanted.join(' or ')}`;
    await until(
      () => wanted.includes(pc.connectionState),
      patience,
      title,
      () => pc.connectionState,
    );
    return pc.connectionState;
  }

  async closeConnection(number: number): Promise<void> {
    await this.#connection(number).pc.close();
  }

  /** Closes and forgets everything. */
  async reset(): Promise<void> {
    for (const { pc } of this.#connections) await pc.close();
    this.#connections = [];
    this.#channels = [];
  }

  // Channels.

  createChannel(connection: number, label: string, init: ChannelInit): number {
    return this.#keep(this.#connection(connection).pc.createDataChannel(label, init));
  }

  /** The next channel the other side opened. */
  async incoming(number: number, patience: number): Promise<number> {
    const connection = this.#connection(number);
    await until(
      () => connection.incoming.length > 0,
      patience,
      'a datachannel event',
      () => `connectionState is ${connection.pc.connectionState}`,
    );
    const channel = connection.incoming.shift();
    return this.#channels.findIndex((log) => log.channel === channel);
  }

  facts(number: number): ChannelFacts {
    const { channel, events } = this.#log(number);
    const { label, protocol, ordered, maxRetransmits, maxPacketLifeTime, negotiated, readyState } = channel;
    const id = channel.id ?? null;
    return {
      label,
      protocol,
      id,
      ordered,
      maxRetransmits,
      maxPacketLifeTime,
      negotiated,
      readyState,
      events,
    };
  }

  async readyState(number: number, wanted: string, patience: number): Promise<void> {
    const { channel, events } = this.#log(number);
    const instead = () => `it is ${channel.readyState}, with events ${events.join(', ') || 'none'}`;
    await until(() => channel.readyState === wanted, patience, `readyState ${wanted}`, instead);
  }

  async event(number: number, wanted: string, patience: number): Promise<void> {
    const { channel, events } = this.#log(number);
    const instead = () => `it is ${channel.readyState}, with events ${events.join(', ') || 'none'}`;
    await until(() => events.includes(wanted), patience, `a ${wanted} event`, instead);
  }

  /** Sends all in one turn, and closes the channel in the same turn if asked. */
  send(number: number, items: readonly Item[], after: 'close' | 'nothing'): void {
    const { channel } = this.#log(number);
    for (const item of items) channel.send(this.#sendable(item));
    if (after === 'close') channel.close();
  }

  /** Sends `items` on one channel and one item on another behind them, all in one turn. */
  sendBehind(number: number, items: readonly Item[], other: number, item: Item): void {
    const messages = items.map((each) => this.#sendable(each));
    const last = this.#sendable(item);
    for (const message of messages) this.#log(number).channel.send(message);
    this.#log(other).channel.send(last);
  }

  /** Of each message of the channel so far: which it was among those of all channels. */
  arrivals(number: number): number[] {
    return this.#log(number).arrivals;
  }

  /** The name of the error that `send` throws, or null. */
  sendError(number: number, item: Item): string | null {
    try {
      this.#log(number).channel.send(this.#sendable(item));
      return null;
    } catch (error) {
      return error instanceof Error ? error.name : String((error as { name?: string }).name ?? error);
    }
  }

  async receive(number: number, count: number, patience: number): Promise<Seen[]> {
    const { inbox, channel } = this.#log(number);
    const instead = () => `${inbox.length} came and the channel is ${channel.readyState}`;
    await until(() => inbox.length >= count, patience, `${count} messages`, instead);
    return Promise.all(inbox.splice(0, count).map(describe));
  }

  /** How many messages wait untaken. */
  waiting(number: number): number {
    return this.#log(number).inbox.length;
  }

  closeChannel(number: number): void {
    this.#log(number).channel.close();
  }

  // Bulk.

  expectBulk(number: number, bytes: number): void {
    this.#log(number).expectBulk(bytes);
  }

  async sendBulk(number: number, plan: BulkPlan): Promise<BulkSent> {
    const log = this.#log(number);
    const { channel } = log;
    const bytes = grow(plan.bytes, plan.seed);
    channel.bufferedAmountLowThreshold = plan.highWater / 2;
    let waits = 0;
    for (let at = 0; at < bytes.length; at += plan.messageBytes) {
      if (channel.bufferedAmount > plan.highWater) {
        waits++;
        while (channel.bufferedAmount > plan.highWater / 2) await this.#low(log);
      }
      const part = bytes.subarray(at, Math.min(at + plan.messageBytes, bytes.length));
      channel.send(this.#options.toSend?.(part) ?? part);
    }
    return { sha256: await sha256(bytes), lowEvents: log.lowEvents, waits };
  }

  /** Waits as long as data keeps coming, and gives up once nothing has come for `patience` milliseconds. */
  async receiveBulk(number: number, patience: number): Promise<BulkResult> {
    const { bulk, channel } = this.#log(number);
    if (bulk === undefined) throw new Error('expectBulk was not called');
    let filled = -1;
    while (bulk.filled < bulk.bytes.length) {
      if (filled === bulk.filled || channel.readyState === 'closed') {
        const came = `${bulk.filled} of ${bulk.bytes.length} bytes in ${bulk.messages} messages`;
        throw new Error(`${came}, then nothing for ${patience} ms; the channel is ${channel.readyState}`);
      }
      filled = bulk.filled;
      const at = bulk.messages;
      const end = performance.now() + patience;
      while (bulk.messages === at && performance.now() < end) await sleep(4);
    }
    if (bulk.overflow > 0) throw new Error(`${bulk.overflow} bytes more than were sent`);
    return {
      sha256: await sha256(bulk.bytes),
      milliseconds: bulk.last - bulk.first,
      messages: bulk.messages,
    };
  }

  #low(log: ChannelLog): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 25); // for those that never fire the event
      log.onLow = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #sendable(item: Item): unknown {
    const message = payload(item);
    return typeof message === 'string' ? message : (this.#options.toSend?.(message) ?? message);
  }

  #keep(channel: Channel): number {
    return this.#channels.push(new ChannelLog(channel, () => ++this.#arrivals)) - 1;
  }

  #connection(number: number): Connection {
    const connection = this.#connections[number];
    if (connection === undefined) throw new Error(`no connection ${number}`);
    return connection;
  }

  #log(number: number): ChannelLog {
    const log = this.#channels[number];
    if (log === undefined) throw new Error(`no channel ${number}`);
    return log;
  }
}
