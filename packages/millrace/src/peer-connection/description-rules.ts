// What the peer connection makes of descriptions: the exceptions W3C webrtc-pc asks for, and small judgements.
import type { IceParameters } from '@millrace/ice';
import { equalBytes, randomUnit } from '@millrace/sans-io';
import { isSignaledInit } from '@millrace/sctp';
import {
  dataSection,
  isDataSection,
  isIceRestart,
  type MediaSection,
  type Origin,
  SdpError,
  type SessionDescription,
  transportSection,
} from '@millrace/sdp';
import { exception, RTCError } from '../errors.ts';
import { random } from '../transport/random.ts';
import { isSdpType, type RTCSdpType } from './session-description.ts';

export function isUsedData(section: MediaSection): boolean {
  return !section.rejected && isDataSection(section);
}

/** The sections on the one transport: a peer may name any of them with a candidate (RFC 8840 §4.2, RFC 9143 §7.1.3). */
export function transportSections(description: SessionDescription): readonly MediaSection[] {
  const ice = transportSection(description)?.ice;
  if (!ice) return [];
  return description.media.filter(
    (section) =>
      section.ice?.usernameFragment === ice.usernameFragment && section.ice.password === ice.password,
  );
}

/** The place of the section that speaks for the transport; -1 if there is none. */
export function transportIndex(description: SessionDescription): number {
  const section = transportSection(description);
  return section ? description.media.indexOf(section) : -1;
}

export function newOrigin(): Origin {
  // RFC 8829 §5.2.1: 63 random bits that fit every reader's number, hence 53 of them; the version starts at 0.
  const sessionId = String(Math.floor(randomUnit(random) * 2 ** 48) * 16 + 1);
  return { username: '-', sessionId, sessionVersion: '0', address: '127.0.0.1' };
}

export function sdpType(type: unknown): RTCSdpType {
  if (isSdpType(type)) return type;
  throw new TypeError(`type must be offer, pranswer, answer or rollback; got ${String(type)}`);
}

/** `value`, or the exception that W3C webrtc-pc §4.4.1.5 has for a description that can't be taken. */
export function taken<T>(value: T | SdpError): T {
  if (!(value instanceof SdpError)) return value;
  if (value.isSyntax) {
    const sdpLineNumber = value.line === undefined ? {} : { sdpLineNumber: value.line };
    throw new RTCError({ errorDetail: 'sdp-syntax-error', ...sdpLineNumber }, value.message);
  }
  throw exception('InvalidAccessError', value.message);
}

export function fine(error: SdpError | undefined): void {
  if (error) taken(error);
}

export function isSameIdentity(given: SessionDescription, own: SessionDescription): boolean {
  const [a, b] = [transportSection(given), transportSection(own)];
  if (given.media.length !== own.media.length || a?.mid !== b?.mid) return false;
  if (!a || !b) return a === b;
  return !isIceRestart(a, b) && JSON.stringify(a.fingerprints) === JSON.stringify(b.fingerprints);
}

/** RFC 8839 §4.4.1.1.1: whether `description` has credentials that are not the transport's. */
export function changesCredentials(description: SessionDescription, known: IceParameters): boolean {
  const section = transportSection(description);
  return section?.ice !== undefined && isIceRestart({ ...section, ice: known }, section);
}

/** `a=ice-options` of the one transport. */
export function optionsOf(description: SessionDescription): readonly string[] {
  return transportSection(description)?.iceOptions ?? [];
}

/** The SCTP INIT chunk that `description` has for its association, if it is one with which that can be. */
export function signaledInitOf(description: SessionDescription): Uint8Array | undefined {
  const init = dataSection(description)?.sctpInit;
  return init && isSignaledInit(init) ? init : undefined;
}

/**
 * The peer's INIT, if both descriptions have one.
 * Deviation: one that is our own is none: libdatachannel copies what it does not know from an offer into its answer.
 */
export function peerInitOf(remote: SessionDescription, own: SessionDescription): Uint8Array | undefined {
  const ours = dataSection(own)?.sctpInit;
  const theirs = ours && signaledInitOf(remote);
  return theirs && !equalBytes(ours, theirs) ? theirs : undefined;
}

/** A connection that has failed has given back its sockets. */
export function noIceRestart(): DOMException {
  return exception('NotSupportedError', 'the connection has ended: make a new one');
}
