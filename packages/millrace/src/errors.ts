// Errors with the names and fields that W3C webrtc-pc gives them.

import type { EventOptions } from './events.ts';

export type RTCErrorDetailType =
  | 'data-channel-failure'
  | 'dtls-failure'
  | 'fingerprint-failure'
  | 'hardware-encoder-error'
  | 'hardware-encoder-not-available'
  | 'sctp-failure'
  | 'sdp-syntax-error';

export interface RTCErrorInit {
  errorDetail: RTCErrorDetailType;
  sdpLineNumber?: number;
  sctpCauseCode?: number;
  receivedAlert?: number;
  sentAlert?: number;
}

/** W3C webrtc-pc §11.1: an OperationError with its circumstances. */
export class RTCError extends DOMException {
  readonly errorDetail: RTCErrorDetailType;
  readonly sdpLineNumber: number | null;
  readonly sctpCauseCode: number | null;
  readonly receivedAlert: number | null;
  readonly sentAlert: number | null;

  constructor(init: RTCErrorInit, message = '') {
    super(message, 'OperationError');
    this.errorDetail = init.errorDetail;
    this.sdpLineNumber = init.sdpLineNumber ?? null;
    this.sctpCauseCode = init.sctpCauseCode ?? null;
    this.receivedAlert = init.receivedAlert ?? null;
    this.sentAlert = init.sentAlert ?? null;
  }
}

/** W3C webrtc-pc §11.2. */
export class RTCErrorEvent extends Event {
  readonly error: RTCError;

  constructor(type: string, init: EventOptions & { readonly error: RTCError }) {
    super(type, init);
    this.error = init.error;
  }
}

/** The names of DOMException in use here. */
export type ExceptionName =
  | 'InvalidAccessError'
  | 'InvalidModificationError'
  | 'InvalidStateError'
  | 'NotSupportedError'
  | 'OperationError'
  | 'SyntaxError';

export function exception(name: ExceptionName, message: string): DOMException {
  return new DOMException(message, name);
}
