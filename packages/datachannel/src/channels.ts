// The data channels of one association (RFC 8831, RFC 8832): which stream is whose, how channels open and close,
// what a message is. Events of the association come in through the `SctpSink` half of this class, by `drain`.
//
// Left out: RFC 8864 (channels negotiated in SDP); priorities are kept and told, but the scheduler of the
// association doesn't weigh them.
import { Drops, type Millis } from '@millrace/sans-io';
import type { Association, CloseReason, SctpSink } from './association.ts';
import {
  type Channel,
  type ChannelCloseReason,
  type ChannelInit,
  ChannelRecord,
  StreamState,
} from './channel.ts';
import { ACK, type Open, parseDcep, writeOpen } from './dcep.ts';
import { DROP_REASONS, type DropReason } from './drops.ts';
import { EarlyMessages } from './early-messages.ts';
import { DataChannelError, type DataChannelErrorCode } from './errors.ts';
import { checkInit } from './init.ts';
import {
  type DataChannelsOptions,
  DEFAULT_MAX_MESSAGE_SIZE,
  MAX_CHANNELS,
  MAX_EARLY_BYTES,
  MAX_EARLY_MESSAGES,
  MAX_REMOTE_NAME_BYTES,
} from './options.ts';
import { PPID_BINARY, PPID_BINARY_EMPTY, PPID_DCEP, PPID_STRING, PPID_STRING_EMPTY } from './ppid.ts';
import { type DtlsRole, MAX_ID, StreamIds } from './stream-ids.ts';
import { decodeText, EncodedText } from './text.ts';

/** What `drain` tells, oldest first. */
export interface ChannelsSink {
  /** The peer has opened a channel. `onOpen` follows. */
  onChannel(channel: Channel): void;
  /** The channel can send. */
  onOpen(channel: Channel): void;
  /** `message` is handed over: a string, or bytes in memory of their own. */
  onMessage(channel: Channel, message: Uint8Array | string): void;
  /** The peer has begun to close the channel; what it had sent has come. */
  onClosing(channel: Channel): void;
  /** The end of the channel; nothing follows. */
  onClosed(channel: Channel, reason: ChannelCloseReason): void;
  /** `bytes` of messages have been handed to the network: `bufferedAmount` fell by that much. */
  onSent(channel: Channel, bytes: number): void;
  /** The association is up. */
  onConnected?(): void;
  /** The association has ended; every channel has been closed before. */
  onAssociationClosed?(reason: CloseReason): void;
}

const COMMON_MESSAGE_SIZE = 65_536; // what every peer takes, RFC 8841 §6.1
const RELIABLE = { ordered: true } as const;
const EMPTY_BYTES = new Uint8Array(0);
const ONE_ZERO = new Uint8Array(1);
const CLOSED_HERE: ChannelCloseReason = { by: 'local', code: 'CLOSED' };
const CLOSED_THERE: ChannelCloseReason = { by: 'remote', code: 'CLOSED' };
/** `drain` calls a sink only while it runs; outside of it there is none. */
const NO_SINK: ChannelsSink = {
  onChannel() {},
  onOpen() {},
  onMessage() {},
  onClosing() {},
  onClosed() {},
  onSent() {},
};

export class DataChannels {
  readonly drops: Drops<DropReason> = new Drops(DROP_REASONS);
  readonly #maxChannels: number;
  readonly #maxRemoteNameBytes: number;
  readonly #ids = new StreamIds();
  readonly #streams = new Map<number, StreamState>();
  readonly #early: EarlyMessages;
  readonly #text = new EncodedText();
  /** Channels that wait for their id, for the association, or for room to send their OPEN; oldest first. */
  #unopened: ChannelRecord[] = [];
  /** Channels of the peer whose ACK found no room yet. */
  #unacknowledged: ChannelRecord[] = [];
  /** Closed outside of `drain`, to be told by it. */
  #closed: ChannelRecord[] = [];
  #channelCount = 0;
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
    onStreamsReset: (streams) => this.#onStreamsReset(streams),
    onResetDone: (streams) => this.#onResetDone(streams),
    onResetFailed: (streams) => this.#onResetFailed(streams),
    onSent: (stream, bytes) => this.#onSent(stream, bytes),
    onRestarted: () => this.#closeAll({ by: 'remote', code: 'RESTARTED' }),
    onClosed: (reason) => this.#onAssociationClosed(reason),
  };

  constructor(options: DataChannelsOptions = {}) {
    const { maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE } = options;
    this.#maxChannels = options.maxChannels ?? MAX_CHANNELS;
    this.#maxRemoteNameBytes = options.maxRemoteNameBytes ?? MAX_REMOTE_NAME_BYTES;
    if (!(this.#maxChannels >= 1 && this.#maxChannels <= MAX_CHANNELS))
      throw new DataChannelError('BAD_OPTION');
    this.#early = new EarlyMessages(
      options.maxEarlyMessages ?? MAX_EARLY_MESSAGES,
      options.maxEarlyBytes ?? MAX_EARLY_BYTES,
    );
    this.#maxMessageSize = requireMessageSize(maxMessageSize);
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

  /** Channels that are not closed. */
  get size(): number {
    return this.#channelCount;
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
      if (channel.id === undefined && !this.#number(channel))
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
    if (this.#channelCount >= this.#maxChannels) throw new DataChannelError('TOO_MANY_CHANNELS');
    const { negotiated = false } = init;
    if (negotiated && this.#ids.has(init.id as number)) throw new DataChannelError('ID_IN_USE');
    const channel = new ChannelRecord(open, negotiated, undefined, false);
    if (negotiated) this.#occupy(channel, init.id as number);
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
    if (record.state === 'connecting') this.#closeUnopened(record, CLOSED_HERE);
    else if (record.state === 'open') this.#beginClosing(record, CLOSED_HERE);
  }

  /** Ends every channel at once, without a word to the peer: for when its transport is gone. `drain` tells. */
  abandon(reason: CloseReason): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    for (const channel of this.#all()) this.#markClosed(channel, lossOf(reason));
    this.#forget();
  }

  /** Takes the association's events, answers them, and tells `sink` what follows. Returns whether anything did. */
  drain(sink: ChannelsSink, now: Millis): boolean {
    this.#now = now;
    this.#sink = sink;
    let any = this.#tellClosed();
    if (this.#association?.drain(this.#fromAssociation)) any = true;
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

  #deliver(channel: ChannelRecord, ppid: number, message: Uint8Array): void {
    if (ppid === PPID_BINARY) {
      channel.onHeard();
      this.#sink.onMessage(channel, message);
    } else if (ppid === PPID_STRING) {
      channel.onHeard();
      this.#sink.onMessage(channel, decodeText(message));
    } else if (ppid === PPID_BINARY_EMPTY || ppid === PPID_STRING_EMPTY) {
      channel.onHeard();
      // RFC 8831 §6.6: the byte that was sent is ignored.
      this.#sink.onMessage(channel, ppid === PPID_STRING_EMPTY ? '' : EMPTY_BYTES);
    } else this.drops.count('unknown-ppid');
  }

  #holdEarly(stream: number, ppid: number, message: Uint8Array): void {
    if (this.#early.hold(stream, ppid, message)) return;
    this.drops.count('unknown-stream');
    this.#early.take(stream);
    const state = this.#streams.get(stream);
    // RFC 8832 §6: user data on an unused stream is an error, and the stream MUST be reset.
    if (state === undefined) this.#refuse(stream);
  }

  #onMessageDropped(stream: number): void {
    this.drops.count('too-large');
    const channel = this.#streams.get(stream)?.channel;
    if (channel?.state === 'open') this.#beginClosing(channel, { by: 'remote', code: 'MESSAGE_TOO_LARGE' });
  }

  #onSent(stream: number, bytes: number): void {
    const channel = this.#streams.get(stream)?.channel;
    const sent = channel?.onSent(bytes) ?? 0;
    if (channel !== undefined && sent > 0) this.#sink.onSent(channel, sent);
  }

  #onAssociationClosed(reason: CloseReason): void {
    this.#end ??= reason;
    this.#closeAll(lossOf(reason));
    this.#sink.onAssociationClosed?.(reason);
  }

  // Opening (RFC 8832 §6).

  #onDcep(stream: number, state: StreamState | undefined, bytes: Uint8Array): void {
    const message = parseDcep(bytes);
    if (message === undefined) {
      this.drops.count('malformed-dcep');
      this.#refuse(stream);
    } else if (message.type === 'ack') {
      if (state?.channel?.state !== 'open') this.drops.count('unexpected-ack');
      state?.channel?.onHeard();
    } else this.#onOpen(stream, state, message.open, message.nameBytes);
  }

  #onOpen(stream: number, state: StreamState | undefined, open: Open, nameBytes: number): void {
    if (state?.isIncomingReset) {
      // The peer uses the id anew, so it has seen our reset; the news that it has is still under way.
      this.#finish(stream, state);
    } else if (state !== undefined) {
      // RFC 8832 §6: a stream that has a channel can't be given another; that channel MUST be closed.
      this.drops.count('open-on-used-stream');
      this.#refuse(stream);
      return;
    }
    // Deviation: RFC 8832 §6 refuses ids of the wrong parity as well. aiortc and werift take theirs from the ICE
    // role, and nothing is lost by it as long as the stream is free.
    const isTooMuch =
      this.#channelCount >= this.#maxChannels || this.#remoteNameBytes + nameBytes > this.#maxRemoteNameBytes;
    if (isTooMuch || stream > MAX_ID || this.#end !== undefined) {
      this.drops.count('refused-open');
      this.#refuse(stream);
      return;
    }
    const channel = new ChannelRecord(open, false, undefined, true);
    this.#occupy(channel, stream);
    this.#channelCount++;
    channel.nameBytes = nameBytes;
    this.#remoteNameBytes += nameBytes;
    channel.state = 'open';
    if (!this.#sendControl(channel, ACK)) this.#unacknowledged.push(channel);
    this.#sink.onChannel(channel);
    this.#announce(channel);
  }

  /** Opens what can be opened; returns whether anything was. */
  #openWaiting(): boolean {
    if (this.#association?.state !== 'connected') return false;
    if (this.#unacknowledged.length > 0)
      this.#unacknowledged = this.#unacknowledged.filter(
        (channel) => channel.state === 'open' && !this.#sendControl(channel, ACK),
      );
    if (this.#unopened.length === 0) return false;
    const waiting = this.#unopened;
    this.#unopened = [];
    let opened = 0;
    for (const channel of waiting) {
      // A sink may close channels that wait behind the one it is told of.
      if (channel.state !== 'connecting') continue;
      if (this.#start(channel)) opened++;
      else if (channel.state === 'connecting') this.#unopened.push(channel);
    }
    return opened > 0;
  }

  #start(channel: ChannelRecord): boolean {
    if (channel.id === undefined) return false;
    const { maxOutboundStreams, maxInboundStreams } = this.#association as Association;
    // RFC 8831 §6.2: the handshake has settled how many streams there are.
    if (channel.id >= Math.min(maxOutboundStreams, maxInboundStreams)) {
      this.#free(channel.id);
      this.#markClosed(channel, { by: 'local', code: 'NO_FREE_ID' });
      return false;
    }
    if (!channel.negotiated && !this.#sendControl(channel, writeOpen(channel))) return false;
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

  #number(channel: ChannelRecord): boolean {
    const streams = this.#association?.state === 'connected' ? this.#association : undefined;
    const limit = Math.min(
      streams?.maxOutboundStreams ?? MAX_ID + 1,
      streams?.maxInboundStreams ?? MAX_ID + 1,
    );
    const id = this.#ids.next(this.#role as DtlsRole, limit);
    if (id === undefined) return false;
    channel.id = id;
    this.#streams.set(id, new StreamState(channel));
    return true;
  }

  #occupy(channel: ChannelRecord, id: number): void {
    channel.id = id;
    this.#ids.take(id);
    this.#streams.set(id, new StreamState(channel));
  }

  // Closing (RFC 8831 §6.7): each side resets its outgoing stream; the channel is closed when both have.

  #beginClosing(channel: ChannelRecord, reason: ChannelCloseReason): void {
    channel.state = 'closing';
    channel.reason ??= reason;
    const id = channel.id as number;
    const state = this.#streams.get(id) as StreamState;
    if (state.outgoing === 'open') this.#reset(id, state);
  }

  #reset(stream: number, state: StreamState): void {
    state.outgoing = 'resetting';
    try {
      this.#association?.resetStreams([stream], this.#now);
    } catch {
      // UNSUPPORTED by the peer, or the association is on its way out: there is no orderly end to wait for.
      this.#giveUp(stream, state);
    }
  }

  /** Closes what is on `stream`, or makes the peer close what it thinks is there. */
  #refuse(stream: number): void {
    let state = this.#streams.get(stream);
    if (state === undefined) {
      if (stream > MAX_ID + 1) return;
      state = new StreamState(undefined);
      this.#ids.take(stream);
      this.#streams.set(stream, state);
    }
    const { channel } = state;
    if (channel?.state === 'connecting') return; // its OPEN has not been sent; there is nothing to close yet
    if (channel?.state === 'open') this.#beginClosing(channel, { by: 'remote', code: 'PROTOCOL_VIOLATION' });
    else if (state.outgoing === 'open') this.#reset(stream, state);
  }

  #onStreamsReset(streams: readonly number[]): void {
    for (const stream of streams) {
      this.#early.take(stream);
      const state = this.#streams.get(stream);
      if (state === undefined || state.isIncomingReset) continue;
      state.isIncomingReset = true;
      const { channel } = state;
      if (channel?.state === 'open') {
        this.#beginClosing(channel, CLOSED_THERE);
        this.#sink.onClosing(channel);
      }
      this.#finishIfReset(stream, state);
    }
  }

  #onResetDone(streams: readonly number[]): void {
    for (const stream of streams) {
      const state = this.#streams.get(stream);
      // 'open' is a new channel on an id whose old reset is told late.
      if (state?.outgoing !== 'resetting') continue;
      state.outgoing = 'reset';
      this.#finishIfReset(stream, state);
    }
  }

  #onResetFailed(streams: readonly number[]): void {
    for (const stream of streams) {
      const state = this.#streams.get(stream);
      if (state?.outgoing === 'resetting') this.#giveUp(stream, state);
    }
  }

  /** The stream can't be reset: the channel is over, and its id with it, since messages may still come on it. */
  #giveUp(stream: number, state: StreamState): void {
    state.isRetired = true;
    const { channel } = state;
    state.channel = undefined;
    this.#early.take(stream);
    if (channel !== undefined) this.#markClosed(channel, CLOSED_HERE);
  }

  #finishIfReset(stream: number, state: StreamState): void {
    if (state.isIncomingReset && state.outgoing === 'reset' && !state.isRetired) this.#finish(stream, state);
  }

  #finish(stream: number, state: StreamState): void {
    this.#free(stream);
    if (state.channel === undefined) return;
    this.#markClosed(state.channel, CLOSED_THERE);
    if (this.#sink !== NO_SINK) this.#tellClosed();
  }

  #closeUnopened(channel: ChannelRecord, reason: ChannelCloseReason): void {
    this.#unopened = this.#unopened.filter((other) => other !== channel);
    if (channel.id !== undefined) this.#free(channel.id);
    this.#markClosed(channel, reason);
  }

  #closeAll(reason: ChannelCloseReason): void {
    for (const channel of this.#all()) this.#markClosed(channel, reason);
    this.#forget();
    this.#tellClosed();
  }

  /** `reason` counts unless an earlier one is known. */
  #markClosed(channel: ChannelRecord, reason: ChannelCloseReason): void {
    if (channel.state === 'closed') return;
    channel.state = 'closed';
    channel.reason ??= reason;
    this.#channelCount--;
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

  #free(id: number): void {
    this.#streams.delete(id);
    this.#ids.free(id);
  }

  #all(): Set<ChannelRecord> {
    const all = new Set<ChannelRecord>();
    for (const { channel } of this.#streams.values()) if (channel !== undefined) all.add(channel);
    for (const channel of this.#unopened) all.add(channel);
    return all;
  }

  #forget(): void {
    this.#streams.clear();
    this.#ids.clear();
    this.#early.clear();
    this.#unopened = [];
    this.#unacknowledged = [];
  }
}

function lossOf(association: CloseReason): ChannelCloseReason {
  return { by: association.by, code: 'ASSOCIATION_CLOSED', association };
}

function requireMessageSize(bytes: number): number {
  if (!(bytes >= 1)) throw new DataChannelError('BAD_OPTION');
  return bytes;
}

/** What the association threw, in the words of this package. */
function sendError(cause: unknown): unknown {
  const code = (cause as { code?: unknown }).code;
  const known: readonly DataChannelErrorCode[] = ['QUEUE_FULL', 'TOO_LARGE', 'CLOSED'];
  const ours = known.find((name) => name === code);
  return ours === undefined ? cause : new DataChannelError(ours, { cause });
}
