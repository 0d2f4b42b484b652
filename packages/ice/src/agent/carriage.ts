// Checks and responses that carry datagrams of another protocol (draft-hancke-webrtc-sped): when they do, and how much.
// What they carry is covered by MESSAGE-INTEGRITY, and counts only once that has been verified.
import { type Millis, NEVER, u16 } from '@millrace/sans-io';
import {
  type Attribute,
  DTLS_IN_STUN_ACK,
  DTLS_IN_STUN_DATA,
  type MessageWriter,
  SHA1_BYTES,
  SHA256_BYTES,
  type StunMessage,
} from '@millrace/stun';
import type { CheckPair } from '../pair.ts';
import type { IceSession } from './session.ts';

const HEADER_BYTES = 4;
const FINGERPRINT_BYTES = 8;
/** Pairs with a peer behind them on which a whole flight goes; those that may have none share `maxCarriedBytes`. */
const MAX_FOLLOWED_PAIRS = 3;

/** Adds both attributes to the message that begins at `at`, as far as there is room; integrity comes behind them. */
export function addCarriage(
  session: IceSession,
  pair: CheckPair,
  writer: MessageWriter,
  end: number,
  now: Millis,
  sha256 = false,
): void {
  const { piggyback, tunables } = session;
  if (!piggyback?.isOn) return;
  const { acknowledgements } = piggyback;
  const tail = HEADER_BYTES + (sha256 ? SHA256_BYTES : SHA1_BYTES) + FINGERPRINT_BYTES;
  const limit = Math.min(end - writer.at, tunables.maxMessageBytes) - writer.written - tail;
  const room = (limit - 2 * HEADER_BYTES - acknowledgements.length) & ~3;
  // Whoever is proven to be there may be sent as much as it asks for; at others' expense nobody has us shout.
  const isWithinBudget = pair.verified || session.carriedBytes < tunables.maxCarriedBytes;
  const datagram = piggyback.next(isWithinBudget ? Math.max(room, 0) : 0, now);
  if (pair.carriedFlight !== piggyback.flight) {
    pair.carriedFlight = piggyback.flight;
    pair.carried = 0;
  }
  if (datagram === undefined)
    pair.carried = piggyback.pending; // nothing is to follow that would not fit either
  else {
    writer.add(DTLS_IN_STUN_DATA, datagram);
    if (!pair.verified) session.carriedBytes += datagram.length;
    pair.carried++;
  }
  if (limit >= HEADER_BYTES + acknowledgements.length) writer.add(DTLS_IN_STUN_ACK, acknowledgements);
}

/** Hands over what an authentic message has carried. */
export function takeCarriage({ piggyback }: IceSession, message: StunMessage): void {
  if (!piggyback?.isOn) return;
  const data = message.valueOffset(DTLS_IN_STUN_DATA as Attribute<unknown>);
  const ack = message.valueOffset(DTLS_IN_STUN_ACK as Attribute<unknown>);
  const { bytes } = message;
  piggyback.receive(bytes, data, endOf(bytes, data), ack, endOf(bytes, ack));
}

/**
 * The pair on which the rest of a flight is to follow at once, each datagram with a check of its own: one whose check
 * or response has carried a part, or one that the peer is known to be behind.
 *
 * Deviation: draft-hancke-webrtc-sped §4.2 has a flight of several datagrams wait for checks that would be sent anyway,
 * a round trip or a pacing interval later.
 */
export function nextToFollow(session: IceSession): CheckPair | undefined {
  const { piggyback, remote, lite } = session;
  if (remote === undefined || lite || !piggyback?.isOn || piggyback.pending === 0) return undefined;
  let proven = 0;
  for (const pair of session.checklist.pairs) {
    const hasBegun = pair.carriedFlight === piggyback.flight;
    if (pair.state === 'failed' || pair.state === 'frozen' || !(hasBegun || pair.verified)) continue;
    if (!pair.verified && session.carriedBytes >= session.tunables.maxCarriedBytes) continue;
    if (!hasBegun || pair.carried < piggyback.pending) return pair;
    if (pair.verified && ++proven >= MAX_FOLLOWED_PAIRS) return undefined;
  }
  return undefined;
}

/** When a check is due for what it carries. */
export function carriageDeadline({ piggyback, hasSucceeded, lite }: IceSession): Millis {
  return piggyback?.isOn && hasSucceeded && !lite ? piggyback.checkDueAt : NEVER;
}

function endOf(bytes: Uint8Array, valueAt: number): number {
  return valueAt < 0 ? -1 : valueAt + u16(bytes, valueAt - 2);
}
