// RTCSctpTransport (W3C webrtc-pc §6.1.1).
import { type Handler, handlerOf, setHandler, TypedEventTarget } from '../events.ts';
import type { RTCDtlsTransport } from './dtls-transport.ts';

export type RTCSctpTransportState = 'connecting' | 'connected' | 'closed';

// For the peer connection alone. The second answers whether the state is news.
export let setMaxMessageSize: (transport: RTCSctpTransport, bytes: number) => void;
export let setSctpState: (
  transport: RTCSctpTransport,
  state: RTCSctpTransportState,
  maxChannels?: number,
) => boolean;

/** Holds packets back, or lets them go: see `cork`. */
export interface SctpCork {
  cork(): void;
  uncork(): void;
}

/** W3C webrtc-pc §6.1.1. Beyond the standard: `cork()` and `uncork()`. */
export class RTCSctpTransport extends TypedEventTarget<{ statechange: Event }> {
  readonly transport: RTCDtlsTransport;
  #state: RTCSctpTransportState = 'connecting';
  #maxMessageSize = 65_536;
  #maxChannels: number | null = null;
  readonly #cork: SctpCork;

  static {
    setMaxMessageSize = (transport, bytes) => {
      transport.#maxMessageSize = bytes;
    };
    setSctpState = (transport, state, maxChannels) => {
      if (transport.#state === state || transport.#state === 'closed') return false;
      transport.#state = state;
      if (maxChannels !== undefined) transport.#maxChannels = maxChannels;
      return true;
    };
  }

  /** Made by the peer connection. */
  constructor(transport: RTCDtlsTransport, cork: SctpCork) {
    super();
    this.transport = transport;
    this.#cork = cork;
  }

  /**
   * From here on messages wait until they fill a packet, for at most 200 ms, or until `uncork`. Not of the standard;
   * only for messages that come over several turns of the event loop, since those of one turn share packets anyway.
   * Without effect before the transport is connected.
   */
  cork(): void {
    this.#cork.cork();
  }

  /** Sends what waits. */
  uncork(): void {
    this.#cork.uncork();
  }

  get state(): RTCSctpTransportState {
    return this.#state;
  }

  /** The longest message that may be sent, in bytes; `Infinity` if the peer takes any. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  /** How many channels can be open at once; `null` until the association is connected. */
  get maxChannels(): number | null {
    return this.#maxChannels;
  }

  get onstatechange(): Handler<Event> {
    return handlerOf(this, 'statechange');
  }

  set onstatechange(handler: Handler<Event>) {
    setHandler(this, 'statechange', handler);
  }
}
