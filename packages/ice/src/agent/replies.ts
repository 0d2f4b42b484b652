// Responses to the peer's checks, from the moment they are owed until `transmit` writes them.
// RFC 8445 §7.3, RFC 8489 §6.3.1.
import type { Millis } from '@millrace/sans-io';
import {
  ERROR_CODE,
  METHOD_BINDING,
  MessageWriter,
  UNKNOWN_ATTRIBUTES,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import type { Route } from '../candidate.ts';
import type { IceDrop } from '../drops.ts';
import type { CheckPair } from '../pair.ts';
import { addCarriage } from './carriage.ts';
import type { IceSession } from './session.ts';

export interface Reply {
  readonly transactionId: Uint8Array;
  readonly route: Route;
  readonly pair: CheckPair | undefined;
  /** The request was signed with SHA-256, and so is the response. RFC 8489 §9.1.3 */
  readonly sha256: boolean;
  /** 0 for success. */
  readonly error: number;
  readonly unknownAttributes: readonly number[];
}

const writer = new MessageWriter();

export function queueReply(session: IceSession, reply: Reply): IceDrop | undefined {
  if (session.replies.length >= session.tunables.maxReplies) return 'too-many-replies';
  session.replies.push(reply);
  return undefined;
}

/** Writes `reply`; 0 if it does not fit. */
export function writeReply(
  session: IceSession,
  reply: Reply,
  out: Uint8Array,
  at: number,
  end: number,
  now: Millis,
): number {
  const { transactionId, error, unknownAttributes, route } = reply;
  writer.begin(out, at, end, error === 0 ? 'success' : 'error', METHOD_BINDING, transactionId);
  // RFC 8445 §7.3.1.2: the address the request came from.
  if (error === 0) writer.add(XOR_MAPPED_ADDRESS, route.remote);
  else writer.add(ERROR_CODE, { code: error, reason: '' });
  if (unknownAttributes.length > 0) writer.add(UNKNOWN_ATTRIBUTES, unknownAttributes);
  if (error === 0 && reply.pair !== undefined)
    addCarriage(session, reply.pair, writer, end, now, reply.sha256);
  // RFC 8489 §9.1.3: the response is signed with the key that verified the request.
  if (reply.sha256) writer.addIntegritySha256(session.localKey, session.crypto);
  else writer.addIntegrity(session.localKey, session.crypto);
  const length = writer.addFingerprint().finish();
  if (length === 0) return 0;
  session.responsesSent++;
  if (reply.pair !== undefined) reply.pair.responsesSent++;
  return length;
}
