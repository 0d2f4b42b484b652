// Hot: from a packet to its chunks (RFC 9260 §6.8, §8.4, §8.5): what may be believed, in which state, and whose
// business it is.
import { type Millis, ownCopy, u16 } from '@millrace/sans-io';
import type { DropReason } from '../drops.ts';
import { CHUNK, CHUNK_HEADER_BYTES, MIN_CHUNK_LENGTH, T_BIT, unknownChunkAction } from '../packet/chunks.ts';
import { dataStream, dataTsn } from '../packet/data.ts';
import {
  CAUSE,
  firstCause,
  makeAbortChunk,
  makeCause,
  makeErrorChunk,
  makeTextCause,
  staleCookieMeasure,
} from '../packet/error-causes.ts';
import {
  destinationPort,
  HEADER_BYTES,
  isChecksumZero,
  padded,
  sourcePort,
  takeChecksum,
  verificationTag,
} from '../packet/packet.ts';
import { parseReconfig } from '../packet/re-config.ts';
import type { Connect } from './connect.ts';
import type { AssociationContext } from './context.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Shutdown } from './shutdown.ts';
import type { Tcb } from './tcb.ts';

/** Most bytes of an unknown chunk that are sent back. */
const MAX_REPORTED_BYTES = 256;

export class Inbound {
  readonly #context: AssociationContext;
  readonly #connect: Connect;
  readonly #shutdown: Shutdown;
  readonly #heartbeat: Heartbeat;

  constructor(context: AssociationContext, connect: Connect, shutdown: Shutdown, heartbeat: Heartbeat) {
    this.#context = context;
    this.#connect = connect;
    this.#shutdown = shutdown;
    this.#heartbeat = heartbeat;
  }

  /** Takes the packet `bytes[at, end)`, borrowed for the call; its checksum field is cleared. */
  onPacket(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const fault = this.#faultOf(bytes, at, end);
    if (fault !== undefined) {
      this.#context.drops.count(fault);
      return;
    }
    if (!this.#isTagRight(bytes, at, end)) return;
    if (this.#context.state.name === 'cookie-echoed') this.#implyCookieAck(bytes[at + HEADER_BYTES]!, now);
    this.#walk(bytes, at, end, now);
    const { tcb, state } = this.#context;
    if (tcb === undefined || state.name === 'cookie-echoed') return;
    if (tcb.receiver.onPacketEnd(now)) {
      this.#context.window.onPacketEnd(this.#context.rto.smoothedRoundTripTime, now);
      tcb.streamResetAnswer.onCumulativeTsn();
      this.#shutdown.onDataAfterShutdown(now);
    }
    this.#shutdown.proceed(now);
    tcb.streamReset.proceed(now);
  }

  #faultOf(bytes: Uint8Array, at: number, end: number): DropReason | undefined {
    const { options } = this.#context;
    if (end - at < HEADER_BYTES + CHUNK_HEADER_BYTES) return 'too-short';
    if (!this.#mayLackChecksum(bytes, at) && !takeChecksum(bytes, at, end, options.checksum))
      return 'bad-checksum';
    if (sourcePort(bytes, at) !== options.remotePort || destinationPort(bytes, at) !== options.localPort)
      return 'wrong-port';
    return undefined;
  }

  /**
   * RFC 9653 §5.3: 0 will do where we have offered to take it; but not with INIT or COOKIE ECHO, of which nobody can
   * know yet who has sent them.
   */
  #mayLackChecksum(bytes: Uint8Array, at: number): boolean {
    const { options, state } = this.#context;
    if (!options.zeroChecksum || !isChecksumZero(bytes, at)) return false;
    const type = bytes[at + HEADER_BYTES]!;
    if (type === CHUNK.INIT || type === CHUNK.COOKIE_ECHO) return false;
    return state.name !== 'new' && state.name !== 'closed';
  }

  /** §8.5: the tag must be ours, but for the chunks that come from those who cannot know it. */
  #isTagRight(bytes: Uint8Array, at: number, end: number): boolean {
    const context = this.#context;
    const tag = verificationTag(bytes, at);
    const first = at + HEADER_BYTES;
    const type = bytes[first]!;
    const isReflected = (bytes[first + 1]! & T_BIT) !== 0;
    switch (type) {
      case CHUNK.INIT:
        // §8.5.1 A, §3: tag 0, and nothing beside it.
        if (tag !== 0) return this.#drop('wrong-tag');
        return first + padded(u16(bytes, first + 2)) >= end || this.#drop('bad-bundle');
      case CHUNK.COOKIE_ECHO:
        return true; // §8.5.1 D: the cookie says which tag it was
      case CHUNK.ABORT:
      case CHUNK.SHUTDOWN_COMPLETE: {
        // §8.5.1 B, C: ours, or with the T bit our peer's.
        const expected = isReflected ? context.tcb?.peerTag : context.localTag;
        return tag === expected || this.#drop('wrong-tag');
      }
    }
    const { name } = context.state;
    if (name === 'closed' || name === 'new') {
      // An INIT ACK to a tag of ours is none of these, but nobody asked for it.
      this.#answerStranger(type, tag);
      return false;
    }
    if (tag === context.localTag) return true;
    if (type === CHUNK.SHUTDOWN_ACK && (name === 'cookie-wait' || name === 'cookie-echoed')) return true; // §8.5.1 E
    return this.#drop('wrong-tag');
  }

  /** §8.4: a packet of no association. Its tag is reflected, so that only who sent it believes the answer. */
  #answerStranger(type: number, tag: number): void {
    const { outbox, drops } = this.#context;
    if (type === CHUNK.SHUTDOWN_ACK) {
      this.#shutdown.onShutdownAck(tag);
      return;
    }
    drops.count('out-of-the-blue');
    if (type === CHUNK.COOKIE_ACK || type === CHUNK.ERROR) return; // §8.4 (7)
    outbox.queueAlone(makeAbortChunk(T_BIT, undefined), tag);
  }

  /**
   * Data and acknowledgements come only from who is connected and has our tag: the COOKIE ACK before them has been lost, or
   * overtaken. Deviation: RFC 9260 §5.1 E waits for it; usrsctp does as we do.
   */
  #implyCookieAck(firstChunk: number, now: Millis): void {
    if (firstChunk === CHUNK.DATA || firstChunk === CHUNK.I_DATA || firstChunk === CHUNK.SACK)
      this.#connect.onImpliedCookieAck(now);
  }

  #walk(bytes: Uint8Array, packetAt: number, end: number, now: Millis): void {
    const context = this.#context;
    let at = packetAt + HEADER_BYTES;
    while (at + CHUNK_HEADER_BYTES <= end) {
      const type = bytes[at]!;
      const length = u16(bytes, at + 2);
      if (length < CHUNK_HEADER_BYTES || at + length > end) {
        context.drops.count('bad-chunk-length');
        return;
      }
      const least = MIN_CHUNK_LENGTH[type]!;
      if (least === 0) {
        if (!this.#onUnknown(bytes, at, length)) return;
      } else if (length < least) context.drops.count('bad-chunk-length');
      else if (!this.#onChunk(type, bytes, packetAt, at, length, now)) return;
      if (context.state.name === 'closed') return;
      at += padded(length);
    }
  }

  /**
   * False: the rest of the packet is not to be looked at. The few chunks that need the packet's tag read it from its
   * header: passed along, a number of 32 bits is an object to V8.
   */
  #onChunk(
    type: number,
    bytes: Uint8Array,
    packetAt: number,
    at: number,
    length: number,
    now: Millis,
  ): boolean {
    const context = this.#context;
    const end = at + length;
    switch (type) {
      case CHUNK.DATA:
        return this.#onData(bytes, at, end, false);
      case CHUNK.I_DATA:
        return this.#onData(bytes, at, end, true);
      case CHUNK.SACK:
        return this.#onSack(bytes, at, length, now);
      case CHUNK.FORWARD_TSN:
        return this.#onForwardTsn(bytes, at, end, false);
      case CHUNK.I_FORWARD_TSN:
        return this.#onForwardTsn(bytes, at, end, true);
      case CHUNK.HEARTBEAT:
        this.#heartbeat.onHeartbeat(bytes, at, end);
        return true;
      case CHUNK.HEARTBEAT_ACK:
        this.#heartbeat.onHeartbeatAck(bytes, at, end, now);
        return true;
      case CHUNK.LATEST_TSNS:
        this.#receiving()?.sender.onLatestTsns(bytes, at, at + length);
        return true;
      case CHUNK.PAD:
        return true; // RFC 4820 §4: nothing to look at
      case CHUNK.RE_CONFIG:
        this.#onReconfig(bytes, at, end, now);
        return true;
      case CHUNK.INIT:
        // §3: never bundled. Only the first chunk of a packet can have come with tag 0.
        if (verificationTag(bytes, packetAt) === 0) this.#connect.onInit(bytes, at, end, now);
        else context.drops.count('bad-bundle');
        return false;
      case CHUNK.INIT_ACK:
        this.#connect.onInitAck(bytes, at, end, now);
        return false;
      case CHUNK.COOKIE_ECHO:
        return this.#connect.onCookieEcho(bytes, at, end, verificationTag(bytes, packetAt), now);
      case CHUNK.COOKIE_ACK:
        this.#connect.onCookieAck(now);
        return true;
      case CHUNK.ERROR:
        this.#onError(bytes, at, end, now);
        return true;
      case CHUNK.ABORT:
        this.#onAbort(bytes, at, end);
        return false;
      case CHUNK.SHUTDOWN:
        this.#shutdown.onShutdown(bytes, at, now);
        return true;
      case CHUNK.SHUTDOWN_ACK:
        this.#shutdown.onShutdownAck(verificationTag(bytes, packetAt));
        return verificationTag(bytes, packetAt) === context.localTag; // §8.5.1 E: the foreign tag was good for this chunk only
      default: // SHUTDOWN COMPLETE
        this.#shutdown.onShutdownComplete();
        return false; // §3: never bundled; its tag may be the reflected one
    }
  }

  #onForwardTsn(bytes: Uint8Array, at: number, end: number, interleaved: boolean): boolean {
    const tcb = this.#receiving();
    if (tcb === undefined) return true;
    if (interleaved !== tcb.capabilities.interleaving) return this.#abortForWrongKind();
    tcb.receiver.onForwardTsn(bytes, at, end);
    return true;
  }

  /** RFC 8260 §2.2.1, §2.3.1: of the two kinds only the negotiated one may come, or the association MUST be aborted. */
  #abortForWrongKind(): false {
    const cause = makeTextCause(CAUSE.PROTOCOL_VIOLATION, 'DATA and I-DATA on one association');
    this.#context.abort(cause, { by: 'local', code: 'PROTOCOL_VIOLATION' });
    return false;
  }

  #onData(bytes: Uint8Array, at: number, end: number, interleaved: boolean): boolean {
    const tcb = this.#receiving();
    if (tcb === undefined) return true;
    const context = this.#context;
    if (interleaved !== tcb.capabilities.interleaving) return this.#abortForWrongKind();
    switch (tcb.receiver.onData(bytes, at, end)) {
      case 'bad-stream': {
        // §6.5, §3.3.10.1: the stream identifier, and two bytes of nothing.
        const stream = dataStream(bytes, at);
        const value = Uint8Array.of(stream >>> 8, stream, 0, 0);
        context.outbox.queue(makeErrorChunk(makeCause(CAUSE.INVALID_STREAM, value)));
        return true;
      }
      case 'no-user-data': {
        // §6.2: MUST abort. §3.3.10.9: the TSN of the chunk.
        const tsn = dataTsn(bytes, at);
        const value = Uint8Array.of(tsn >>> 24, tsn >>> 16, tsn >>> 8, tsn);
        context.abort(makeCause(CAUSE.NO_USER_DATA, value), { by: 'local', code: 'PROTOCOL_VIOLATION' });
        return false;
      }
    }
    return true;
  }

  #onSack(bytes: Uint8Array, at: number, length: number, now: Millis): boolean {
    const context = this.#context;
    const { tcb, state } = context;
    const drop: DropReason | undefined =
      tcb === undefined || state.name === 'cookie-echoed'
        ? 'unexpected-chunk'
        : tcb.sender.onSack(bytes, at, length, now);
    if (drop !== undefined) context.onAckRefused(drop);
    else if (context.blackHoleWatch.judge(tcb!.sender.outstanding)) context.onBlackHole(now);
    return true;
  }

  #onReconfig(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const context = this.#context;
    const { tcb, state } = context;
    if (tcb === undefined || state.name === 'cookie-echoed') {
      context.drops.count('unexpected-chunk');
      return;
    }
    const parameters = parseReconfig(bytes, at, end);
    if (parameters === undefined) {
      context.drops.count('bad-chunk');
      return;
    }
    for (const parameter of parameters) {
      if (parameter.kind === 'response') tcb.streamReset.onResponse(parameter, now);
      else tcb.streamResetAnswer.onRequest(parameter);
    }
  }

  #onError(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const measure = staleCookieMeasure(bytes, at, end);
    if (measure !== undefined) this.#connect.onStaleCookie(measure, now);
  }

  /** §9.1: the association is over at once, and nothing is answered. */
  #onAbort(bytes: Uint8Array, at: number, end: number): void {
    const context = this.#context;
    // An ABORT before there is an association concerns nobody; in COOKIE-WAIT it refuses our INIT.
    if (context.state.name === 'new' || context.state.name === 'closed') {
      context.drops.count('out-of-the-blue');
      return;
    }
    const cause = firstCause(bytes, at, end);
    context.close({ by: 'remote', code: 'ABORTED', ...(cause === undefined ? {} : { cause }) });
  }

  /** The TCB in a state in which data may come (§6). */
  #receiving(): Tcb | undefined {
    const { state, drops } = this.#context;
    switch (state.name) {
      case 'established':
      case 'shutdown-pending':
      case 'shutdown-sent':
        return state.tcb;
    }
    drops.count('unexpected-chunk');
    return undefined;
  }

  /** §3.2: an unknown chunk's type says what to do with it. Whether to go on with the packet. */
  #onUnknown(bytes: Uint8Array, at: number, length: number): boolean {
    const { drops, outbox, tcb } = this.#context;
    drops.count('unknown-chunk');
    const action = unknownChunkAction(bytes[at]!);
    if (action.report && tcb !== undefined) {
      const chunk = ownCopy(bytes, at, at + Math.min(length, MAX_REPORTED_BYTES));
      outbox.queue(makeErrorChunk(makeCause(CAUSE.UNRECOGNIZED_CHUNK, chunk)));
    }
    return !action.stop;
  }

  #drop(reason: DropReason): false {
    this.#context.drops.count(reason);
    return false;
  }
}
