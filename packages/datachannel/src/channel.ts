// One data channel and the stream it lives on.
import type { Millis } from '@millrace/sans-io';
import type { CloseReason, SendOptions } from './association.ts';
import type { Open } from './dcep.ts';

export type ChannelState = 'connecting' | 'open' | 'closing' | 'closed';

/** What a new channel is to be. */
export interface ChannelInit {
  readonly label?: string;
  readonly protocol?: string;
  /** Default true. */
  readonly ordered?: boolean;
  readonly maxRetransmits?: number | undefined;
  /** Milliseconds. */
  readonly maxPacketLifeTime?: number | undefined;
  /** Default 256. */
  readonly priority?: number;
  /** Whether the application of both sides agrees on the id and no DATA_CHANNEL_OPEN is sent. Default false. */
  readonly negotiated?: boolean;
  /** Only for negotiated channels. */
  readonly id?: number | undefined;
}

/** Why a channel is closed. */
export interface ChannelCloseReason {
  readonly by: 'local' | 'remote' | 'timeout';
  readonly code: ChannelCloseCode;
  /** With ASSOCIATION_CLOSED: why the association is. */
  readonly association?: CloseReason;
}

export type ChannelCloseCode =
  /** `close` on either side: everything queued before it has been sent. */
  | 'CLOSED'
  /** The association has ended under the channel. */
  | 'ASSOCIATION_CLOSED'
  /** The peer lost its state, and with it the channel. */
  | 'RESTARTED'
  /** The peer sent a longer message than this side takes. */
  | 'MESSAGE_TOO_LARGE'
  /** The peer opened a channel on a stream that has one. */
  | 'PROTOCOL_VIOLATION'
  /** The peer has not reset its stream for so long that nobody waits for it any more. */
  | 'CLOSE_TIMEOUT'
  /** No id was left once the DTLS role was known, or the peer takes too few streams for the id. */
  | 'NO_FREE_ID';

export interface Channel extends Open {
  readonly negotiated: boolean;
  /** `undefined` until the DTLS role is known. */
  readonly id: number | undefined;
  readonly state: ChannelState;
  /** Bytes of messages accepted by `send` that have not been handed to the network for the first time. */
  readonly bufferedAmount: number;
  /** For whoever uses this package; it is never read here. */
  owner: unknown;
}

const RELIABLE_ORDERED: SendOptions = { ordered: true };

export class ChannelRecord implements Channel {
  readonly label: string;
  readonly protocol: string;
  readonly ordered: boolean;
  readonly maxRetransmits: number | undefined;
  readonly maxPacketLifeTime: number | undefined;
  priority: number;
  readonly negotiated: boolean;
  readonly isRemote: boolean;
  id: number | undefined;
  state: ChannelState = 'connecting';
  owner: unknown = undefined;
  /** Its DATA_CHANNEL_OPEN has been handed to the association, be it before that is connected. */
  isOpenQueued = false;
  /** Of the bytes of labels that the peer may make us keep. */
  nameBytes = 0;
  /** Why the channel goes down, once that is known. */
  reason: ChannelCloseReason | undefined = undefined;
  /** Bytes in the association's queue for the stream, and how many of them are no bytes of messages. */
  queued = 0;
  overhead = 0;
  /** How messages are sent now: see `onHeard`. */
  sendOptions: SendOptions;
  #heardOptions: SendOptions;

  constructor(open: Open, negotiated: boolean, id: number | undefined, isRemote: boolean) {
    this.label = open.label;
    this.protocol = open.protocol;
    this.ordered = open.ordered;
    this.maxRetransmits = open.maxRetransmits;
    this.maxPacketLifeTime = open.maxPacketLifeTime;
    this.priority = open.priority;
    this.negotiated = negotiated;
    this.id = id;
    this.isRemote = isRemote;
    this.#heardOptions = sendOptionsOf(open, open.ordered);
    const isKnownToPeer = negotiated || isRemote;
    this.sendOptions = isKnownToPeer ? this.#heardOptions : sendOptionsOf(open, true);
  }

  get bufferedAmount(): number {
    return this.queued - this.overhead;
  }

  /**
   * The peer has said something on the channel, so it knows it.
   * RFC 8832 §6: until then messages MUST be sent ordered, or they might overtake the DATA_CHANNEL_OPEN.
   */
  onHeard(): void {
    this.sendOptions = this.#heardOptions;
  }

  /** `bytes` have left the queue; returns how many of them were messages. */
  onSent(bytes: number): number {
    const overhead = Math.min(this.overhead, bytes);
    this.overhead -= overhead;
    this.queued -= bytes;
    return bytes - overhead;
  }
}

function sendOptionsOf({ maxRetransmits, maxPacketLifeTime }: Open, ordered: boolean): SendOptions {
  if (maxRetransmits !== undefined) return { ordered, maxRetransmits };
  if (maxPacketLifeTime !== undefined) return { ordered, maxPacketLifeTime };
  return ordered ? RELIABLE_ORDERED : { ordered };
}

/** A stream id in use: by a channel, or by what is left of one or was refused, until both directions are reset. */
export class StreamState {
  channel: ChannelRecord | undefined;
  outgoing: 'open' | 'resetting' | 'reset' = 'open';
  isIncomingReset = false;
  /** The peer can't reset streams: the id is lost until the association ends. */
  isRetired = false;
  /** When a closing channel is given up, at the earliest; -1 if it does not close. */
  closeBy: Millis = -1;
  /** Nothing was queued the last time somebody looked. */
  wasQueueEmpty = false;
  readonly stream: number;

  constructor(stream: number, channel: ChannelRecord | undefined) {
    this.stream = stream;
    this.channel = channel;
  }
}
