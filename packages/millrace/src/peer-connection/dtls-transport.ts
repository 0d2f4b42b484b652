// RTCDtlsTransport (W3C webrtc-pc §5.5).
import { type Handler, handlerOf, setHandler, TypedEventTarget } from '../events.ts';
import type { RTCIceTransport } from './ice-transport.ts';

export type RTCDtlsTransportState = 'new' | 'connecting' | 'connected' | 'closed' | 'failed';

/** For the peer connection alone. Answers whether the state is news. */
export let setDtlsState: (
  transport: RTCDtlsTransport,
  state: RTCDtlsTransportState,
  remoteCertificate?: Uint8Array,
) => boolean;

/** W3C webrtc-pc §5.5. */
export class RTCDtlsTransport extends TypedEventTarget<{ statechange: Event; error: Event }> {
  readonly iceTransport: RTCIceTransport;
  #state: RTCDtlsTransportState = 'new';
  /** In DER; a view of what DTLS has. */
  #remoteCertificate: Uint8Array | undefined;

  static {
    setDtlsState = (transport, state, remoteCertificate) => {
      const isOver = transport.#state === 'closed' || transport.#state === 'failed';
      if (transport.#state === state || isOver) return false;
      transport.#state = state;
      transport.#remoteCertificate ??= remoteCertificate;
      return true;
    };
  }

  /** Made by the peer connection. */
  constructor(iceTransport: RTCIceTransport) {
    super();
    this.iceTransport = iceTransport;
  }

  get state(): RTCDtlsTransportState {
    return this.#state;
  }

  /** The certificate chain of the peer, in DER; empty until the handshake is verified. */
  getRemoteCertificates(): ArrayBuffer[] {
    return this.#remoteCertificate ? [new Uint8Array(this.#remoteCertificate).buffer] : [];
  }

  get onstatechange(): Handler<Event> {
    return handlerOf(this, 'statechange');
  }

  set onstatechange(handler: Handler<Event>) {
    setHandler(this, 'statechange', handler);
  }

  get onerror(): Handler<Event> {
    return handlerOf(this, 'error');
  }

  set onerror(handler: Handler<Event>) {
    setHandler(this, 'error', handler);
  }
}
