// The data channels of one association (RFC 8831, RFC 8832): which stream is whose, how channels open and close,
// what a message is. Events of the association come in through the `SctpSink` half of this class, by `drain`.
//
// The rules of closing are in stream-table.ts, the form of messages in dcep.ts and message.ts. What is left here is
// one state that does not come apart: the channels that wait, the streams in use, and the sink that hears of both.
//
// Left out: RFC 8864 (channels negotiated in SDP).
import { Drops, type Millis } from '@millrace/sans-io';
import type { Association, CloseReason, SctpSink } from './association.ts';
import {
  type Channel,
  type ChannelCloseReason,
  type ChannelInit,
  ChannelRecord,
  type StreamState,
} from './channel.ts';
import { ACK, type Open, parseDcep, writeOpen } from './dcep.ts';
import { DROP_REASONS, type DropReason } from './drops.ts';
import { EarlyMessages } from './early-messages.ts';
import { DataChannelError, sendError } from './errors.ts';
import { checkInit } from './init.ts';
import {
  decodeMessage,
  PPID_BINARY,
  PPID_BINARY_EMPTY,
  PPID_DCEP,
  PPID_STRING,
  PPID_STRING_EMPTY,
} from './message.ts';
import {
  type DataChannelsOptions,
  type ResolvedOptions,
  requireMessageSize,
  resolveOptions,
} from './options.ts';
import { type ChannelsSink, NO_SINK } from './sink.ts';
import type { DtlsRole } from './stream-ids.ts';
import { ANY_ID, StreamTable } from './stream-table.ts';
import { EncodedText } from './text.ts';

const COMMON_MESSAGE_SIZE = 65_536; // what every peer takes, RFC 8841 §6.1
const RELIABLE = { ordered: true } as const;
/** Closed channels that may stay among the unopened. */
const UNOPENED_SLACK = 32;
const ONE_ZERO = new Uint8Array(1);
const CLOSED_HERE: ChannelCloseReason = { by: 'local', code: 'CLOSED' };

/** All data channels of one association. */
export class DataChannels {
  readonly drops: Drops<DropReason> = new Drops(DROP_REASONS);
  readonly #options: ResolvedOptions;
  readonly #streams: StreamTable;
  readonly #early: EarlyMessages;
  readonly #text = new EncodedText();
  /** Channels that wait for their id, for the association, or for room to send their OPEN; oldest first. */
  #unopened: ChannelRecord[] = [];
  /** Channels of the peer whose ACK found no room yet. */
  #unacknowledged: ChannelRecord[] = [];
  /** Closed outside of `drain`, to be told by it. */
  #closed: ChannelRecord[] = [];
  #channelCount = 0;
  /** Those that the peer has opened. */
  #remoteCount = 0;
  /** Of `#unopened`: closed, and still in it. */
  #unopenedClosed = 0;
  #remoteNameBytes = 0;
  #association: Association | undefined;
  #role: DtlsRole | undefined;
  #maxMessageSize: number;
  #end: CloseReason | undefined;
  #now: Millis = 0;
  #sink: ChannelsSink = NO_SINK;
  readonly #fromAssociation: SctpSink = {
    onConnected: () => this.#onConnected(),
    onMessage: (stream, ppid, message) => this.#onMessage(stream, ppid, message),
    onMessageDropped: (stream) => this.#onMessageDropped(stream),
    onStreamsReset: (streams) => {
      for (const stream of streams) this.#onStreamReset(stream);
    },
    onResetDone: (streams) => {
      for (const stream of streams) this.#streams.onResetDone(stream);
    },
    onResetFailed: (streams) => {
      for (const stream of streams) this.#streams.onResetFailed(stream);
    },
    onSent: (stream, bytes) => this.#onSent(stream, bytes),
    onRestarted: () => {
      this.#loseAll({ by: 'remote', code: 'RESTARTED' });
      this.#tellClosed();
    },
    onClosed: (reason) => this.#onAssociationClosed(reason),
  };

  constructor(options: DataChannelsOptions = {}) {
    this.#options = resolveOptions(options);
    this.#streams = new StreamTable(
      {
        now: () => this.#now,
        resetStream: (stream) => this.#resetStream(stream),
        onClosing: (channel) => this.#sink.onClosing(channel),
        onClosed: (channel, reason) => this.#onStreamClosed(channel, reason),
      },
      this.#options.closeTimeout,
    );
    this.#early = new EarlyMessages(this.#options.maxEarlyMessages, this.#options.maxEarlyBytes);
    this.#maxMessageSize = this.#options.maxMessageSize;
    this.#association = options.association;
    this.#role = options.dtlsRole;
  }

  /** Longest message `send` takes, in bytes: what the peer's description says. May change as that does. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  set maxMessageSize(bytes: number) {
    this.#maxMessageSize = requireMessageSize(bytes);
  }

  /** Whether the queue that all channels share takes a message of common size now. */
  get hasRoom(): boolean {
    const association = this.#association;
    if (association?.state !== 'connected' || association.totalBuffered === 0) return true;
    return association.canSend(Math.min(this.#maxMessageSize, COMMON_MESSAGE_SIZE));
  }

  /** `bytes` of messages that the sink was given wait for their reader. They stay in the receive window all channels share. */
  hold(bytes: number): void {
    this.#association?.hold(bytes);
  }

  /** So many of the bytes in `hold` have been read. Let the association transmit next. */
  consumed(bytes: number): void {
    this.#association?.consumed(bytes);
  }

  /** Channels that are not closed. */
  get size(): number {
    return this.#channelCount;
  }

  /** Most channels at a time: what the handshake has settled, or less if so wished. */
  get maxChannels(): number {
    return Math.min(this.#options.maxChannels, this.#streamLimit());
  }

  get dtlsRole(): DtlsRole | undefined {
    return this.#role;
  }

  /**
   * Settles the DTLS role, and with it the ids of the channels opened so far. A channel for which there is no id
   * is closed by the next `drain`.
   */
  setRole(role: DtlsRole): void {
    if (this.#role !== undefined && this.#role !== role) throw new DataChannelError('ROLE_CHANGED');
    this.#role = role;
    for (const channel of [...this.#unopened])
      if (channel.state === 'connecting' && channel.id === undefined && !this.#number(channel))
        this.#closeUnopened(channel, { by: 'local', code: 'NO_FREE_ID' });
  }

  /** Gives the association that carries the channels; those opened so far open once it is connected. */
  attach(association: Association): void {
    this.#association = association;
  }

  /** Makes a channel. It opens as soon as the association is connected; before that it may even lack an id. */
  open(init: ChannelInit, now: Millis): Channel {
    const open = checkInit(init);
    if (this.#end !== undefined) throw new DataChannelError('CLOSED');
    if (this.#channelCount >= this.#options.maxChannels) throw new DataChannelError('TOO_MANY_CHANNELS');
    const { negotiated = false } = init;
    if (negotiated && this.#streams.has(init.id as number)) throw new DataChannelError('ID_IN_USE');
    const channel = new ChannelRecord(open, negotiated, undefined, false);
    if (negotiated) this.#streams.occupy(channel, init.id as number);
    else if (this.#role !== undefined && !this.#number(channel)) throw new DataChannelError('NO_FREE_ID');
    this.#channelCount++;
    this.#unopened.push(channel);
    this.#now = now;
    return channel;
  }

  /**
   * Queues a message. Bytes are borrowed for the call. Returns its length in bytes, which is what `bufferedAmount`
   * grew by.
   */
  send(channel: Channel, message: Uint8Array | string, now: Millis): number {
    if (typeof message !== 'string')
      return this.#send(channel, message, message.length, PPID_BINARY, PPID_BINARY_EMPTY, now);
    const text = this.#text;
    text.encode(message);
    return this.#send(channel, text.bytes, text.length, PPID_STRING, PPID_STRING_EMPTY, now);
  }

  /**
   * Begins to close `channel`: what is queued is sent first, then the stream is reset (RFC 8831 §6.7), and
   * `onClosed` comes once the peer has done likewise. A channel that has not opened is closed by the next `drain`.
   */
  close(channel: Channel, now: Millis): void {
    const record = channel as ChannelRecord;
    this.#now = now;
    // One whose DATA_CHANNEL_OPEN is on its way will have been open for the peer.
    if (record.state === 'connecting' && !record.isOpenQueued) this.#closeUnopened(record, CLOSED_HERE);
    else if (record.state === 'open' || record.state === 'connecting') this.#streams.close(record);
  }

  /** Ends every channel at once, without a word to the peer: for when its transport is gone. `drain` tells. */
  abandon(reason: CloseReason): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#association = undefined;
    this.#loseAll({ by: reason.by, code: 'ASSOCIATION_CLOSED', association: reason });
  }

  /** When `drain` wants to be called for the sake of a channel that takes too long to close. */
  deadline(): Millis {
    return this.#streams.deadline();
  }

  /**
   * Gives `channel` another weight, 0 (which counts as 1) to 65535, among those of this side (RFC 8831 §6.4). The peer
   * is not told; what is queued is weighed anew.
   */
  setPriority(channel: Channel, priority: number): void {
    if (!(Number.isInteger(priority) && priority >= 0 && priority <= 0xffff))
      throw new DataChannelError('BAD_PRIORITY');
    const record = channel as ChannelRecord;
    record.priority = priority;
    if (record.state === 'open') this.#weigh(record);
  }

  /** Takes the association's events, answers them, and tells `sink` what follows. Returns whether anything did. */
  drain(sink: ChannelsSink, now: Millis): boolean {
    this.#now = now;
    this.#sink = sink;
    let any = this.#tellClosed();
    if (this.#association?.drain(this.#fromAssociation)) any = true;
    if (this.#streams.deadline() <= now) this.#streams.expire(now);
    if (this.#openWaiting()) any = true;
    if (this.#tellClosed()) any = true;
    this.#sink = NO_SINK;
    return any;
  }

  #send(
    channel: Channel,
    bytes: Uint8Array,
    length: number,
    ppid: number,
    emptyPpid: number,
    now: Millis,
  ): number {
    const record = channel as ChannelRecord;
    if (record.state !== 'open') throw new DataChannelError('NOT_OPEN');
    if (length > this.#maxMessageSize) throw new DataChannelError('TOO_LARGE');
    const id = record.id as number;
    try {
      if (length > 0) this.#association?.send(id, ppid, bytes, 0, length, record.sendOptions, now);
      // RFC 8831 §6.6: an empty message is one zero byte under an identifier of its own.
      else this.#association?.send(id, emptyPpid, ONE_ZERO, 0, 1, record.sendOptions, now);
    } catch (error) {
      throw sendError(error);
    }
    record.queued += length || 1;
    if (length === 0) record.overhead++;
    return length;
  }

  // What the association says.

  #onConnected(): void {
    this.#sink.onConnected?.();
    this.#openWaiting();
  }

  #onMessage(stream: number, ppid: number, message: Uint8Array): void {
    const state = this.#streams.get(stream);
    const channel = state?.channel;
    if (ppid === PPID_DCEP) this.#onDcep(stream, state, message);
    else if (state === undefined || channel?.state === 'connecting') this.#holdEarly(stream, ppid, message);
    else if (channel === undefined || state.isIncomingReset) this.drops.count('closing-stream');
    else this.#deliver(channel, ppid, message);
  }

  #deliver(channel: ChannelRecord, ppid: number, bytes: Uint8Array): void {
    const message = decodeMessage(ppid, bytes);
    if (message === undefined) {
      this.drops.count('unknown-ppid');
      return;
    }
    channel.onHeard();
    this.#sink.onMessage(channel, message);
  }

  #holdEarly(stream: number, ppid: number, message: Uint8Array): void {
    if (this.#early.hold(stream, ppid, message)) return;
    this.drops.count('unknown-stream');
    this.#early.take(stream);
    // RFC 8832 §6: user data on an unused stream is an error, and the stream MUST be reset.
    this.#streams.refuse(stream);
  }

  #onMessageDropped(stream: number): void {
    this.drops.count('too-large');
    const channel = this.#streams.get(stream)?.channel;
    if (channel?.state === 'open') this.#streams.close(channel, { by: 'remote', code: 'MESSAGE_TOO_LARGE' });
  }

  #onSent(stream: number, bytes: number): void {
    const channel = this.#streams.get(stream)?.channel;
    const sent = channel?.onSent(bytes) ?? 0;
    if (channel !== undefined && sent > 0) this.#sink.onSent(channel, sent);
  }

  #onAssociationClosed(reason: CloseReason): void {
    this.#end ??= reason;
    this.#loseAll({ by: reason.by, code: 'ASSOCIATION_CLOSED', association: reason });
    this.#tellClosed();
    this.#sink.onAssociationClosed?.(reason);
  }

  // Opening (RFC 8832 §6).

  #onDcep(stream: number, state: StreamState | undefined, bytes: Uint8Array): void {
    const message = parseDcep(bytes);
    if (message === undefined) {
      this.drops.count('malformed-dcep');
      this.#streams.refuse(stream);
    } else if (message.type === 'ack') {
      const channel = state?.channel;
      if (channel === undefined || channel.negotiated || channel.isRemote) this.drops.count('unexpected-ack');
      channel?.onHeard();
    } else this.#onOpen(stream, state, message.open, message.nameBytes);
  }

  #onOpen(stream: number, state: StreamState | undefined, open: Open, nameBytes: number): void {
    if (state?.isIncomingReset && !state.isRetired && !state.channel?.queued) {
      // The peer uses the id anew, so it has seen our reset; the news that it has is still under way.
      this.#streams.finish(stream, state);
    } else if (state !== undefined) {
      // RFC 8832 §6: a stream that has a channel can't be given another; that channel MUST be closed.
      this.drops.count('open-on-used-stream');
      this.#streams.refuse(stream);
      return;
    }
    // Deviation: RFC 8832 §6 refuses ids of the wrong parity as well. aiortc and werift take theirs from the ICE
    // role, and nothing is lost by it as long as the stream is free.
    const isTooMuch =
      this.#channelCount >= this.#options.maxChannels ||
      this.#remoteCount >= this.#options.maxRemoteChannels ||
      this.#remoteNameBytes + nameBytes > this.#options.maxRemoteNameBytes;
    if (isTooMuch || stream >= this.#streamLimit() || this.#end !== undefined) {
      this.drops.count('refused-open');
      this.#streams.refuse(stream);
      return;
    }
    const channel = new ChannelRecord(open, false, undefined, true);
    this.#streams.occupy(channel, stream);
    this.#channelCount++;
    this.#remoteCount++;
    channel.nameBytes = nameBytes;
    this.#remoteNameBytes += nameBytes;
    channel.state = 'open';
    this.#weigh(channel);
    if (!this.#sendControl(channel, ACK)) this.#unacknowledged.push(channel);
    this.#sink.onChannel(channel);
    this.#announce(channel);
  }

  /** Opens what can be opened; returns whether anything was. */
  #openWaiting(): boolean {
    if (this.#association?.state === 'connecting') this.#queueOpens();
    if (this.#association?.state !== 'connected') return false;
    if (this.#unacknowledged.length > 0) this.#sendAcks();
    if (this.#unopened.length === 0) return false;
    const waiting = this.#unopened;
    this.#unopened = [];
    this.#unopenedClosed = 0;
    let opened = 0;
    for (let i = 0; i < waiting.length; i++) {
      const channel = waiting[i] as ChannelRecord;
      // A sink may close channels that wait behind the one it is told of.
      if (channel.state !== 'connecting') continue;
      if (this.#start(channel)) opened++;
      else if (channel.state === 'connecting') this.#unopened.push(channel);
      // With no room for the OPEN of one there is none for others: to ask for each would take the longer the more wait.
      if (channel.state !== 'connecting' || channel.id === undefined) continue;
      for (i++; i < waiting.length; i++) this.#unopened.push(waiting[i] as ChannelRecord);
    }
    return opened > 0;
  }

  /**
   * RFC 9260 §5.1 C: data may travel with the COOKIE ECHO, so that the peer has its channel a round trip before we know
   * that we are connected. `open` it is only then.
   */
  #queueOpens(): void {
    for (const channel of this.#unopened) {
      if (channel.state !== 'connecting' || channel.isOpenQueued) continue;
      if (channel.id === undefined || channel.negotiated) continue;
      this.#weigh(channel);
      if (!this.#sendControl(channel, writeOpen(channel))) return;
      channel.isOpenQueued = true;
    }
  }

  /** As many as there is room for; to ask for each would take the longer the more channels the peer opens. */
  #sendAcks(): void {
    const waiting = this.#unacknowledged;
    let done = 0;
    for (; done < waiting.length; done++) {
      const channel = waiting[done] as ChannelRecord;
      if (channel.state === 'open' && !this.#sendControl(channel, ACK)) break;
    }
    waiting.splice(0, done);
  }

  #start(channel: ChannelRecord): boolean {
    if (channel.id === undefined) return false;
    if (channel.id >= this.#streamLimit()) {
      this.#streams.free(channel.id);
      this.#markClosed(channel, { by: 'local', code: 'NO_FREE_ID' });
      return false;
    }
    this.#weigh(channel);
    const needsOpen = !channel.negotiated && !channel.isOpenQueued;
    if (needsOpen && !this.#sendControl(channel, writeOpen(channel))) return false;
    channel.state = 'open';
    this.#announce(channel);
    return true;
  }

  #announce(channel: ChannelRecord): void {
    this.#sink.onOpen(channel);
    for (const { ppid, bytes } of this.#early.take(channel.id as number)) this.#deliver(channel, ppid, bytes);
  }

  /** Sends a message of DCEP; false if there is no room for it now. RFC 8832 §6: reliable and ordered, always. */
  #sendControl(channel: ChannelRecord, bytes: Uint8Array): boolean {
    try {
      const id = channel.id as number;
      this.#association?.send(id, PPID_DCEP, bytes, 0, bytes.length, RELIABLE, this.#now);
    } catch {
      return false; // QUEUE_FULL; or the association has ended, which is told by itself
    }
    channel.queued += bytes.length;
    channel.overhead += bytes.length;
    return true;
  }

  /** RFC 8831 §6.4: the scheduler weighs channels by their priorities; 0 comes from peers that know none. */
  #weigh(channel: ChannelRecord): void {
    this.#association?.setStreamPriority?.(channel.id as number, Math.max(1, channel.priority));
  }

  #number(channel: ChannelRecord): boolean {
    return this.#streams.occupyNext(channel, this.#role as DtlsRole, this.#streamLimit());
  }

  /** RFC 8831 §6.2: the handshake settles how many streams there are; until then all may be. */
  #streamLimit(): number {
    const association = this.#association;
    if (association?.state !== 'connected') return ANY_ID;
    return Math.min(association.maxOutboundStreams, association.maxInboundStreams, ANY_ID);
  }

  // Closing.

  #resetStream(stream: number): boolean {
    this.#early.take(stream);
    if (this.#association?.state === 'closed') return false; // an error costs more than to look
    try {
      this.#association?.resetStreams([stream], this.#now);
      return true;
    } catch {
      // The peer can't, or the association is on its way out: there is no orderly end to wait for.
      return false;
    }
  }

  #onStreamReset(stream: number): void {
    this.#early.take(stream);
    this.#streams.onReset(stream);
  }

  #onStreamClosed(channel: ChannelRecord, reason: ChannelCloseReason): void {
    this.#markClosed(channel, reason);
    if (this.#sink !== NO_SINK) this.#tellClosed();
  }

  #closeUnopened(channel: ChannelRecord, reason: ChannelCloseReason): void {
    // It is passed over later; those that are closed are taken out when they are the most of what waits.
    if (++this.#unopenedClosed * 2 > this.#unopened.length + UNOPENED_SLACK) this.#forgetClosed(channel);
    if (channel.id !== undefined) this.#streams.free(channel.id);
    this.#markClosed(channel, reason);
  }

  #forgetClosed(closing: ChannelRecord): void {
    this.#unopened = this.#unopened.filter((other) => other !== closing && other.state === 'connecting');
    this.#unopenedClosed = 0;
  }

  #loseAll(reason: ChannelCloseReason): void {
    for (const { channel, isIncomingReset } of this.#streams.values()) {
      if (channel === undefined) continue;
      // What we were about to close is cut short, and what it had queued may be lost; but where the peer has closed
      // its half, it wants no more.
      if (channel.reason?.code === 'CLOSED' && !isIncomingReset) channel.reason = undefined;
      this.#markClosed(channel, reason);
    }
    for (const channel of this.#unopened) this.#markClosed(channel, reason);
    this.#streams.clear();
    this.#early.clear();
    this.#unopened = [];
    this.#unopenedClosed = 0;
    this.#unacknowledged = [];
  }

  /** `reason` counts unless an earlier one is known. */
  #markClosed(channel: ChannelRecord, reason: ChannelCloseReason): void {
    if (channel.state === 'closed') return;
    channel.state = 'closed';
    channel.reason ??= reason;
    this.#channelCount--;
    if (channel.isRemote) this.#remoteCount--;
    this.#remoteNameBytes -= channel.nameBytes;
    this.#closed.push(channel);
  }

  #tellClosed(): boolean {
    if (this.#closed.length === 0) return false;
    const closed = this.#closed;
    this.#closed = [];
    for (const channel of closed) this.#sink.onClosed(channel, channel.reason as ChannelCloseReason);
    return true;
  }
}
