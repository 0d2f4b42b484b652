// The handshake (RFC 9260 §5.1) and what happens when both ends begin at once or one begins again (§5.2).
//
//   A -> INIT -> Z,  Z -> INIT ACK (cookie) -> A,  A -> COOKIE ECHO (and data) -> Z,  Z -> COOKIE ACK -> A
//
// In WebRTC both ends send INIT; whichever COOKIE ECHO comes first connects.
import type { Millis } from '@millrace/sans-io';
import { MAX_COOKIE_BYTES, MAX_COOKIE_EXTENSION } from '../options.ts';
import { CHUNK, CHUNK_HEADER_BYTES, makeChunk, NO_VALUE } from '../packet/chunks.ts';
import { makeCookie, openCookie, type StateCookie } from '../packet/cookie.ts';
import {
  CAUSE,
  makeAbortChunk,
  makeCause,
  makeErrorChunk,
  makeMissingParameterCause,
  makeStaleCookieCause,
  makeTextCause,
} from '../packet/error-causes.ts';
import { type Init, makeInit, parseInit } from '../packet/init.ts';
import { concatParts, PARAMETER } from '../packet/parameters.ts';
import { chunkFormat } from '../tx/chunk-format.ts';
import { ourOffer } from './capabilities.ts';
import type { AssociationContext } from './context.ts';
import { agreementOf, ourInit } from './signaled-init.ts';
import { type Agreement, Tcb } from './tcb.ts';
import { TIMER } from './timers.ts';

/** How the rest of the association learns that it is connected. */
export interface ConnectListener {
  /** The peer's INIT ACK has come: what is sent now goes with our COOKIE ECHO. May come again. */
  onAgreed(): void;
  /** `tcb` is in use from now on; `isRestart` if it takes the place of another. */
  onEstablished(tcb: Tcb, isRestart: boolean, now: Millis): void;
}

export class Connect {
  readonly #context: AssociationContext;
  readonly #listener: ConnectListener;

  constructor(context: AssociationContext, listener: ConnectListener) {
    this.#context = context;
    this.#listener = listener;
  }

  /** Queues INIT. */
  begin(now: Millis): void {
    if (this.#context.state.name === 'new') this.#sendInit(undefined, 0, undefined, now);
  }

  /** The peer's INIT has come by signaling, as ours has to it: there is nothing to shake hands about. */
  adopt(theirs: Init, now: Millis): void {
    const context = this.#context;
    // The peer, who may not know that its INIT has been taken, can have been quicker.
    if (context.state.name !== 'new') return;
    const { options, localTag, initialTsn } = context;
    const tcb = this.#newTcb(agreementOf(theirs, options, localTag, initialTsn));
    tcb.isSignaled = true;
    this.#establish(tcb, now);
  }

  /** T1-init or T1-cookie ran out. */
  onTimeout(now: Millis): void {
    const context = this.#context;
    const { state } = context;
    if (state.name !== 'cookie-wait' && state.name !== 'cookie-echoed') return;
    // §5.1.6: after Max.Init.Retransmits the handshake is given up.
    if (++state.retransmits > context.options.maxInitRetransmits) {
      context.close({ by: 'timeout', code: 'HANDSHAKE_TIMEOUT' });
      return;
    }
    if (state.name === 'cookie-wait') context.outbox.queueAlone(state.init, 0);
    else {
      context.outbox.queueCookie(state.cookieEcho);
      state.tcb.sender.loseAll(now); // data that went with the COOKIE ECHO is lost with it
    }
    context.timers.set(TIMER.T1, now + context.handshakeTimeout(state.retransmits));
  }

  /** Takes the INIT chunk `bytes[at, end)`. */
  onInit(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const context = this.#context;
    const { state, outbox } = context;
    const theirs = parseInit(bytes, at, end);
    // §3.3.2: a tag of 0 is an error to be passed over in silence.
    if (theirs === undefined || theirs.initiateTag === 0) {
      context.drops.count('bad-chunk');
      return;
    }
    if (theirs.outboundStreams === 0 || theirs.inboundStreams === 0) {
      const cause = makeCause(CAUSE.INVALID_MANDATORY_PARAMETER);
      outbox.queueAlone(makeAbortChunk(0, cause), theirs.initiateTag);
      context.drops.count('bad-chunk');
      return;
    }
    switch (state.name) {
      case 'closed':
        // §8.4 (3): nobody listens any more.
        context.drops.count('out-of-the-blue');
        outbox.queueAlone(makeAbortChunk(0, undefined), theirs.initiateTag);
        return;
      case 'shutdown-ack-sent':
        // §9.2: the INIT is discarded and the SHUTDOWN ACK repeated.
        outbox.queue(makeChunk(CHUNK.SHUTDOWN_ACK, 0, NO_VALUE));
        return;
      case 'new':
      case 'cookie-wait':
        // §5.1, §5.2.1: answered with the very tag and TSN of our own INIT; no state is kept.
        this.#answer(theirs, context.localTag, context.initialTsn, 0, 0, now);
        return;
      case 'cookie-echoed':
        // §5.2.1: the same, with both tags in the cookie to tell the case when it comes back.
        this.#answer(
          theirs,
          context.localTag,
          context.initialTsn,
          state.tcb.localTag,
          state.tcb.peerTag,
          now,
        );
        return;
      default:
        // A peer that has not got our INIT by signaling shakes hands after all, with the INIT that we know from there:
        // answered as if we had waited for it.
        if (isUnawareOf(state.tcb, theirs)) {
          const { localTag, peerTag } = state.tcb;
          this.#answer(theirs, localTag, context.initialTsn, localTag, peerTag, now);
          return;
        }
        // §5.2.2: a new tag; if the cookie comes back, the peer has restarted.
        this.#answer(theirs, context.newTag(), context.newTag(), state.tcb.localTag, state.tcb.peerTag, now);
        return;
    }
  }

  /** Takes the INIT ACK chunk `bytes[at, end)`. */
  onInitAck(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    const context = this.#context;
    const { state, options } = context;
    // §5.2.3: expected in COOKIE-WAIT only.
    if (state.name !== 'cookie-wait') {
      context.drops.count('unexpected-chunk');
      return;
    }
    const theirs = parseInit(bytes, at, end);
    if (theirs === undefined) {
      context.drops.count('bad-chunk');
      return;
    }
    const tcb = this.#tcbFor(
      state.earlier,
      agreementOf(theirs, options, context.localTag, context.initialTsn),
      now,
    );
    const { cookie } = theirs;
    const fault = faultOfInitAck(theirs);
    if (fault !== undefined || cookie === undefined) {
      if (tcb.peerTag !== 0) context.outbox.queueAlone(makeAbortChunk(0, fault), tcb.peerTag);
      context.close({ by: 'local', code: 'PROTOCOL_VIOLATION' });
      return;
    }
    if (state.retransmits === 0) context.rto.observe(now - state.sentAt); // Karn
    const cookieEcho = makeChunk(CHUNK.COOKIE_ECHO, 0, cookie);
    // A peer that calls every cookie stale runs into the same limit as one that is silent.
    const retransmits = state.earlier === undefined ? 0 : state.retransmits;
    context.state = { name: 'cookie-echoed', tcb, retransmits, sentAt: now, cookieEcho };
    context.outbox.queueCookie(cookieEcho);
    // §3.2.2: parameters we do not know are reported behind the COOKIE ECHO.
    if (theirs.unrecognized.length > 0)
      context.outbox.queue(
        makeErrorChunk(makeCause(CAUSE.UNRECOGNIZED_PARAMETERS, concatParts(theirs.unrecognized))),
      );
    context.timers.set(TIMER.T1, now + context.handshakeTimeout(0));
    this.#listener.onAgreed();
  }

  /** Takes the COOKIE ECHO chunk `bytes[at, end)` of a packet with verification tag `tag`. False: the packet ends here. */
  onCookieEcho(bytes: Uint8Array, at: number, end: number, tag: number, now: Millis): boolean {
    const context = this.#context;
    const { state, options } = context;
    const cookie = openCookie(bytes, at + CHUNK_HEADER_BYTES, end, options.cookieMac);
    if (cookie === undefined) return this.#refuse('bad-cookie');
    // §5.1.5 step 4: the packet's tag must be the one we gave out with the cookie.
    if (tag !== cookie.localTag) return this.#refuse('wrong-tag');
    if (state.name === 'closed') return this.#refuse('out-of-the-blue');
    const { tcb } = context;
    const localMatches = cookie.localTag === (tcb?.localTag ?? context.localTag);
    const peerMatches = tcb !== undefined && cookie.peerTag === tcb.peerTag;
    const staleFor = now - cookie.createdAt - cookie.lifespan;
    // §5.2.4 step 3: a cookie whose tags are those in use is good however old it is.
    if (staleFor > 0 && !(localMatches && peerMatches)) {
      context.outbox.queueAlone(makeErrorChunk(makeStaleCookieCause(staleFor * 1_000)), cookie.peerTag);
      return this.#refuse('stale-cookie');
    }
    if (tcb === undefined) {
      if (!localMatches) return this.#refuse('old-cookie');
      const earlier = state.name === 'cookie-wait' ? state.earlier : undefined;
      return this.#establishAndAck(this.#tcbFor(earlier, cookie, now), now);
    }
    if (localMatches && peerMatches) return this.#confirm(now);
    if (localMatches) return this.#collide(tcb, cookie, now);
    const isTied = cookie.localTieTag === tcb.localTag && cookie.peerTieTag === tcb.peerTag;
    if (!peerMatches && isTied) return this.#restart(cookie, now);
    // §5.2.4 C, and whatever is not in the table.
    return this.#refuse('old-cookie');
  }

  onCookieAck(now: Millis): void {
    const { state, rto } = this.#context;
    // §5.2.5: expected in COOKIE-ECHOED only. When both ends began, the second one comes too late and says nothing new.
    if (state.name !== 'cookie-echoed') return;
    if (state.retransmits === 0) rto.observe(now - state.sentAt);
    this.#establish(state.tcb, now);
  }

  /** The peer talks as one that is connected does. How long the COOKIE ACK would have taken is not told by that. */
  onImpliedCookieAck(now: Millis): void {
    const { state } = this.#context;
    if (state.name === 'cookie-echoed') this.#establish(state.tcb, now);
  }

  /** §5.2.6: our cookie was too old: begin again, asking for one that lives longer. */
  onStaleCookie(measureMicroseconds: number, now: Millis): void {
    const context = this.#context;
    const { state } = context;
    if (state.name !== 'cookie-echoed') {
      context.drops.count('unexpected-chunk');
      return;
    }
    if (state.retransmits >= context.options.maxInitRetransmits) {
      context.close({ by: 'timeout', code: 'HANDSHAKE_TIMEOUT' });
      return;
    }
    context.outbox.clearControl();
    const extension = Math.min(
      Math.ceil(measureMicroseconds / 1_000) + 2 * (now - state.sentAt),
      MAX_COOKIE_EXTENSION,
    );
    this.#sendInit(extension, state.retransmits + 1, state.tcb, now);
  }

  #sendInit(
    cookiePreservative: number | undefined,
    retransmits: number,
    earlier: Tcb | undefined,
    now: Millis,
  ): void {
    const context = this.#context;
    const init = ourInit(context.options, context.localTag, context.initialTsn, cookiePreservative);
    context.state = { name: 'cookie-wait', retransmits, sentAt: now, init, earlier };
    context.outbox.queueAlone(init, 0);
    context.timers.set(TIMER.T1, now + context.handshakeTimeout(retransmits));
  }

  #answer(
    theirs: Init,
    localTag: number,
    localInitialTsn: number,
    localTieTag: number,
    peerTieTag: number,
    now: Millis,
  ): void {
    const { options, outbox } = this.#context;
    // §5.1.3: what we need to know later travels in the cookie.
    const cookie = makeCookie(
      {
        createdAt: now,
        lifespan: options.cookieLife + Math.min(theirs.cookiePreservative ?? 0, MAX_COOKIE_EXTENSION),
        localTieTag,
        peerTieTag,
        ...agreementOf(theirs, options, localTag, localInitialTsn),
      },
      options.cookieMac,
    );
    const answer = makeInit(CHUNK.INIT_ACK, {
      initiateTag: localTag,
      window: options.receiveWindow,
      outboundStreams: options.outboundStreams,
      inboundStreams: options.inboundStreams,
      initialTsn: localInitialTsn,
      ...ourOffer(options),
      cookie,
      unrecognized: theirs.unrecognized,
    });
    outbox.queueAlone(answer, theirs.initiateTag);
  }

  /** §5.2.4 D: nothing new, or the peer's cookie was quicker than its COOKIE ACK. */
  #confirm(now: Millis): boolean {
    const context = this.#context;
    const { state } = context;
    if (state.name === 'cookie-echoed') return this.#establishAndAck(state.tcb, now);
    context.outbox.queueCookie(makeChunk(CHUNK.COOKIE_ACK, 0, NO_VALUE));
    return true;
  }

  /** §5.2.4 B: both sides began at once, and the peer's INIT is not the one that we had an answer from. */
  #collide(tcb: Tcb, cookie: StateCookie, now: Millis): boolean {
    if (this.#context.state.name !== 'cookie-echoed') return this.#refuse('old-cookie');
    return this.#establishAndAck(this.#tcbFor(tcb, cookie, now), now);
  }

  /** A new TCB, or the earlier one with what had gone out beside its cookie, to be sent again. */
  #tcbFor(earlier: Tcb | undefined, agreement: Agreement, now: Millis): Tcb {
    if (earlier === undefined) return this.#newTcb(agreement);
    earlier.adoptPeer(this.#context, agreement);
    earlier.sender.loseAll(now);
    earlier.sender.format = chunkFormat(agreement.capabilities.interleaving);
    return earlier;
  }

  /** What was queued for streams that the peer does not have is thrown away before any of it is sent. */
  #newTcb(agreement: Agreement): Tcb {
    this.#context.queue.dropStreamsFrom(agreement.outboundStreams);
    return new Tcb(this.#context, agreement);
  }

  /** §5.2.4 A: the peer has lost its state. */
  #restart(cookie: StateCookie, now: Millis): boolean {
    const context = this.#context;
    if (context.state.name === 'shutdown-ack-sent') {
      // The cookie comes while we shut down: repeat the SHUTDOWN ACK and say so.
      context.outbox.queue(makeChunk(CHUNK.SHUTDOWN_ACK, 0, NO_VALUE));
      context.outbox.queue(makeErrorChunk(makeCause(CAUSE.COOKIE_WHILE_SHUTTING_DOWN)));
      return this.#refuse('unexpected-chunk');
    }
    context.localTag = cookie.localTag;
    context.outbox.clearControl();
    context.timers.stopAll();
    context.errors.clear();
    context.queue.rewind();
    const tcb = this.#newTcb(cookie);
    context.state = { name: 'established', tcb };
    context.outbox.queueCookie(makeChunk(CHUNK.COOKIE_ACK, 0, NO_VALUE));
    this.#listener.onEstablished(tcb, true, now);
    return true;
  }

  /** The peer's COOKIE ECHO connects us, and it is told so. */
  #establishAndAck(tcb: Tcb, now: Millis): true {
    this.#establish(tcb, now);
    this.#context.outbox.queueCookie(makeChunk(CHUNK.COOKIE_ACK, 0, NO_VALUE));
    return true;
  }

  #establish(tcb: Tcb, now: Millis): void {
    const context = this.#context;
    context.timers.stop(TIMER.T1);
    context.errors.clear();
    context.state = { name: 'established', tcb };
    this.#listener.onEstablished(tcb, false, now);
  }

  #refuse(
    reason:
      | 'bad-cookie'
      | 'wrong-tag'
      | 'out-of-the-blue'
      | 'stale-cookie'
      | 'old-cookie'
      | 'unexpected-chunk',
  ): false {
    this.#context.drops.count(reason);
    return false;
  }
}

/** Whether the sender of `theirs` shakes hands for the association that signaling has made already. */
function isUnawareOf(tcb: Tcb, theirs: Init): boolean {
  return tcb.isSignaled && theirs.initiateTag === tcb.peerTag && theirs.initialTsn === tcb.peerInitialTsn;
}

/** Why the INIT ACK cannot be answered, as the cause to send with ABORT. */
function faultOfInitAck(theirs: Init): Uint8Array | undefined {
  if (theirs.initiateTag === 0) return makeCause(CAUSE.INVALID_MANDATORY_PARAMETER); // §3.3.3
  if (theirs.outboundStreams === 0 || theirs.inboundStreams === 0)
    return makeCause(CAUSE.INVALID_MANDATORY_PARAMETER);
  if (theirs.cookie === undefined) return makeMissingParameterCause(PARAMETER.STATE_COOKIE);
  if (theirs.cookie.length === 0 || theirs.cookie.length > MAX_COOKIE_BYTES)
    return makeTextCause(CAUSE.PROTOCOL_VIOLATION, 'state cookie too long');
  return undefined;
}
