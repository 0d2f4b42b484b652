// The streams in use and the way out of use (RFC 8831 §6.7): each side resets its outgoing stream, and the id is
// free, and the channel closed, when both have.
import { LeanSet, type Millis, NEVER, Ring } from '@millrace/sans-io';
import { type ChannelCloseReason, type ChannelRecord, StreamState } from './channel.ts';
import { type DtlsRole, MAX_ID, StreamIds } from './stream-ids.ts';

/** What closing needs of those around it. */
export interface StreamTableOwner {
  /** Has our outgoing side of `stream` reset; false if that can't be. */
  resetStream(stream: number): boolean;
  onClosing(channel: ChannelRecord): void;
  /** The time now. */
  now(): Millis;
  onClosed(channel: ChannelRecord, reason: ChannelCloseReason): void;
}

const CLOSED_HERE: ChannelCloseReason = { by: 'local', code: 'CLOSED' };
const CLOSED_THERE: ChannelCloseReason = { by: 'remote', code: 'CLOSED' };
const TIMED_OUT: ChannelCloseReason = { by: 'timeout', code: 'CLOSE_TIMEOUT' };

export class StreamTable {
  readonly #owner: StreamTableOwner;
  readonly #ids = new StreamIds();
  readonly #streams = new Map<number, StreamState>();
  /** Streams without a channel whose reset has been answered; at most as many as there are ids. */
  readonly #answered = new LeanSet<number>();
  /** Streams whose channels close, by when they are given up. Some are over already. */
  readonly #closing = new Ring<StreamState>();
  readonly #closeTimeout: Millis;

  constructor(owner: StreamTableOwner, closeTimeout: Millis) {
    this.#owner = owner;
    this.#closeTimeout = closeTimeout;
  }

  /** When `expire` has something to do. */
  deadline(): Millis {
    for (let state = this.#closing.at(0); state !== undefined; state = this.#closing.at(0)) {
      if (this.#isClosing(state)) return state.closeBy;
      this.#closing.shift();
    }
    return NEVER;
  }

  /**
   * Gives up on channels whose peer does not do its part (RFC 8831 §6.7). What is queued may take as long as it
   * takes; from then on it has the timeout, once.
   */
  expire(now: Millis): void {
    for (let due = this.deadline(); due <= now; due = this.deadline()) {
      const state = this.#closing.shift()!;
      const { channel } = state;
      if (channel!.queued > 0 || !state.wasQueueEmpty) {
        state.wasQueueEmpty = channel!.queued === 0;
        state.closeBy = now + this.#closeTimeout;
        this.#closing.push(state);
      } else this.#retire(state, TIMED_OUT);
    }
  }

  /** Whether the peer is still waited for. */
  #isClosing(state: StreamState): boolean {
    return state.channel?.state === 'closing' && this.#streams.get(state.stream) === state;
  }

  #beginClosing(state: StreamState): void {
    if (state.closeBy >= 0) return;
    state.closeBy = this.#owner.now() + this.#closeTimeout;
    this.#closing.push(state);
  }

  /** `undefined` if the stream is not in use. */
  get(stream: number): StreamState | undefined {
    return this.#streams.get(stream);
  }

  has(stream: number): boolean {
    return this.#streams.has(stream);
  }

  values(): Iterable<StreamState> {
    return this.#streams.values();
  }

  /** Gives `channel` the stream `id`, which must be free. */
  occupy(channel: ChannelRecord, id: number): void {
    channel.id = id;
    this.#ids.take(id);
    this.#answered.delete(id);
    this.#streams.set(id, new StreamState(id, channel));
  }

  /** Gives `channel` the lowest stream below `limit` that `role` may choose; false if there is none. */
  occupyNext(channel: ChannelRecord, role: DtlsRole, limit: number): boolean {
    const id = this.#ids.next(role, limit);
    if (id === undefined) return false;
    channel.id = id;
    this.#answered.delete(id);
    this.#streams.set(id, new StreamState(id, channel));
    return true;
  }

  free(id: number): void {
    this.#streams.delete(id);
    this.#ids.free(id);
  }

  clear(): void {
    this.#streams.clear();
    this.#answered.clear();
    this.#ids.clear();
    this.#closing.clear();
  }

  /** Begins to close an open channel from this side. */
  close(channel: ChannelRecord, reason: ChannelCloseReason = CLOSED_HERE): void {
    channel.state = 'closing';
    channel.reason ??= reason;
    const id = channel.id as number;
    const state = this.#streams.get(id) as StreamState;
    this.#beginClosing(state);
    if (state.outgoing === 'open') this.#reset(id, state);
  }

  /** Closes what is on `stream`, or makes the peer close what it thinks is there. */
  refuse(stream: number): void {
    const state = this.#streams.get(stream) ?? this.#strayState(stream);
    const { channel } = state;
    if (channel?.state === 'open') this.close(channel, { by: 'remote', code: 'PROTOCOL_VIOLATION' });
    // A channel that is still connecting here has said nothing yet, so there is nothing to take back.
    else if (channel?.state !== 'connecting' && state.outgoing === 'open') this.#reset(stream, state);
  }

  /** The peer has reset its side. */
  onReset(stream: number): void {
    const state = this.#streams.get(stream) ?? this.#answerStray(stream);
    if (state === undefined || state.isIncomingReset) return;
    state.isIncomingReset = true;
    const { channel } = state;
    if (channel?.state === 'open') {
      channel.state = 'closing';
      channel.reason ??= CLOSED_THERE;
      this.#beginClosing(state);
      this.#owner.onClosing(channel);
      // RFC 8831 §6.7: the other side MUST then reset its own.
      if (state.outgoing === 'open') this.#reset(stream, state);
    }
    this.#finishIfReset(stream, state);
  }

  /** Our side has been reset. */
  onResetDone(stream: number): void {
    const state = this.#streams.get(stream);
    // 'open' is a new channel on an id whose old reset is told late.
    if (state?.outgoing !== 'resetting') return;
    state.outgoing = 'reset';
    this.#finishIfReset(stream, state);
  }

  /** Our side can't be reset. */
  onResetFailed(stream: number): void {
    const state = this.#streams.get(stream);
    if (state?.outgoing === 'resetting') this.#retire(state, CLOSED_HERE);
  }

  /** Both sides have been reset, whether or not we have been told of ours. */
  finish(stream: number, { channel }: StreamState): void {
    this.free(stream);
    if (channel !== undefined) this.#owner.onClosed(channel, CLOSED_THERE);
  }

  /**
   * The peer has closed a channel that is not there (a negotiated one that was never made here) and waits for our
   * half. It gets it once: two sides that answer each other's answers would never stop.
   */
  #answerStray(stream: number): StreamState | undefined {
    if (this.#answered.has(stream)) return undefined;
    this.#answered.add(stream);
    const state = this.#strayState(stream);
    this.#reset(stream, state);
    return state;
  }

  /** Of a stream that the peer uses and we don't. */
  #strayState(stream: number): StreamState {
    const state = new StreamState(stream, undefined);
    this.#ids.take(stream);
    this.#streams.set(stream, state);
    return state;
  }

  #reset(stream: number, state: StreamState): void {
    state.outgoing = 'resetting';
    if (!this.#owner.resetStream(stream)) this.#retire(state, CLOSED_HERE);
  }

  /** The channel is over, and its id with it, since messages may still come on the stream. */
  #retire(state: StreamState, reason: ChannelCloseReason): void {
    // A peer that is late may still come, and then the id is free.
    state.isRetired = reason !== TIMED_OUT;
    const { channel } = state;
    state.channel = undefined;
    if (channel === undefined) return;
    if (reason === TIMED_OUT) channel.reason = reason; // what was queued may be lost
    this.#owner.onClosed(channel, reason);
  }

  #finishIfReset(stream: number, state: StreamState): void {
    if (state.isIncomingReset && state.outgoing === 'reset' && !state.isRetired) this.finish(stream, state);
  }
}

/** Ids below it exist in every association. */
export const ANY_ID: number = MAX_ID + 1;
