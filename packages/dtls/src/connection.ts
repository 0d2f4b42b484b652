// Hot: one connection of DTLS 1.3 or 1.2, whichever the peer speaks too. RFC 9147, RFC 6347; RFC 8827 §6.5 for what WebRTC
// asks of it. This file routes: records to the record layer, handshake messages to the handshake, plaintexts to the sink.
//
// Left out: DTLS 1.0, renegotiation, early data, connection ids, record size limits.
import { type Core, type DropCounts, Drops, type Millis } from '@millrace/sans-io';
import { ALERT, ALERT_BYTES, ALERT_LEVEL } from './alert.ts';
import type { CloseCode, CloseReason } from './close-reason.ts';
import { DROP_REASONS, type DropReason } from './drop-reasons.ts';
import { DtlsError } from './errors.ts';
import { Events } from './events.ts';
import { exportKeyingMaterial } from './exporter.ts';
import { Farewell } from './farewell.ts';
import { Handshake, type Outcome } from './handshake/handshake.ts';
import { type DtlsOptions, resolveOptions, type Settings } from './options.ts';
import { EarlyRecords } from './record/early-records.ts';
import { FIRST_APPLICATION_EPOCH, HANDSHAKE_EPOCH } from './record/epochs.ts';
import {
  CONTENT_TYPE,
  DTLS_1_2,
  MAX_PLAINTEXT_BYTES,
  RECORD_HEADER_BYTES,
  recordEpoch,
  recordLength,
  recordSequence,
  recordType,
  recordVersion,
} from './record/header.ts';
import { isKnownContentType, PLAINTEXT_EPOCH, PROTECTED_EPOCH, RecordLayer } from './record/layer.ts';
import { endOfRecord, isUnifiedHeader } from './record/unified-header.ts';
import { type Session, wipeSession } from './session.ts';
import type { DtlsSink } from './sink.ts';
import {
  SRTP_EXPORTER_LABEL,
  type SrtpKeys,
  splitSrtpKeyingMaterial,
  srtpKeyingMaterialBytes,
} from './srtp.ts';

export type DtlsState = 'new' | 'connecting' | 'connected' | 'closed' | 'failed';

type Phase =
  | { readonly state: 'new' | 'connecting' }
  | { readonly state: 'connected'; readonly session: Session }
  | {
      readonly state: 'closed' | 'failed';
      readonly reason: CloseReason;
      readonly farewell: Farewell | undefined;
      /** What the getters tell after the end; its secrets are gone. */
      readonly session: Session | undefined;
    };

const MAJOR_VERSION = 0xfe; // of every DTLS

/** One side of a DTLS connection: handshake, then records. */
export class DtlsConnection implements Core<DtlsSink> {
  readonly #settings: Settings;
  readonly #drops = new Drops<DropReason>(DROP_REASONS);
  readonly #events = new Events();
  readonly #records: RecordLayer;
  readonly #early: EarlyRecords;
  readonly #handshake: Handshake;
  #phase: Phase = { state: 'new' };
  /** Server: bytes that may be sent before the address of the client is proven. */
  #allowance: number;

  constructor(options: DtlsOptions) {
    this.#settings = resolveOptions(options);
    this.#records = new RecordLayer(this.#settings);
    this.#early = new EarlyRecords(this.#settings.maxEarlyRecords, this.#settings.maxEarlyBytes);
    this.#handshake = new Handshake(this.#settings, this.#records, this.#drops);
    const { role, amplificationLimit } = this.#settings;
    this.#allowance = role === 'client' || amplificationLimit === undefined ? Number.POSITIVE_INFINITY : 0;
  }

  get role(): 'client' | 'server' {
    return this.#settings.role;
  }

  get state(): DtlsState {
    return this.#phase.state;
  }

  /** Why the connection ended, once it has. */
  get closeReason(): CloseReason | undefined {
    return 'reason' in this.#phase ? this.#phase.reason : undefined;
  }

  /** Bytes a record has in front of its plaintext. Final once connected. */
  get headroom(): number {
    return this.#records.headroom(this.#records.applicationEpoch);
  }

  /** Bytes a record has behind its plaintext. */
  get tailroom(): number {
    return this.#records.tailroom(this.#records.applicationEpoch);
  }

  /** The longest plaintext whose record fits into a datagram of `mtu` bytes. Final once connected. */
  get maxPlaintext(): number {
    return Math.min(MAX_PLAINTEXT_BYTES, this.#settings.mtu - this.headroom - this.tailroom);
  }

  /** X.509 in DER, once connected. */
  get remoteCertificate(): Uint8Array | undefined {
    return this.#session?.remoteCertificate;
  }

  /** That of ours which the peer has been shown, X.509 in DER, once connected. */
  get ownCertificate(): Uint8Array | undefined {
    return this.#session?.ownCertificate;
  }

  /** The name registered with IANA, once connected. */
  get cipherSuite(): string | undefined {
    return this.#session?.suite.name;
  }

  /** `X25519MLKEM768`, `x25519`, `secp256r1` or `secp384r1`, once connected. */
  get group(): string | undefined {
    return this.#session?.group.name;
  }

  /** Four hexadecimal digits as in W3C webrtc-stats, once connected. */
  get tlsVersion(): string | undefined {
    const version = this.#session?.version;
    return version === undefined ? undefined : version === '1.3' ? 'FEFC' : 'FEFD';
  }

  /** Whether the keys are bound to the handshake, once connected: in 1.2 by RFC 7627, in 1.3 always. */
  get extendedMasterSecret(): boolean | undefined {
    const session = this.#session;
    return session?.version === '1.2' ? session.extendedMasterSecret : session && true;
  }

  /** Whether an earlier session was resumed by its ticket, once connected. */
  get isResumed(): boolean | undefined {
    const session = this.#session;
    return session?.version === '1.3' ? session.isResumed : session && false;
  }

  /** How often another hello was asked for, for a cookie or for a share of another group. */
  get helloRetries(): number {
    return this.#handshake.counts.helloRetries;
  }

  /** How often we have changed our keys since the handshake, and the peer its own. RFC 9147 §8. */
  get keyUpdates(): { readonly sent: number; readonly received: number } {
    const { sendingEpoch = 0, receivingEpoch = 0 } = this.#records.epochs ?? {};
    return {
      sent: Math.max(0, sendingEpoch - FIRST_APPLICATION_EPOCH),
      received: Math.max(0, receivingEpoch - FIRST_APPLICATION_EPOCH),
    };
  }

  /** The SRTP protection profile agreed on, once connected. */
  get srtpProfile(): number | undefined {
    return this.#session?.srtpProfile;
  }

  /** As the handshake has shown it, with what the peer's signature took; `undefined` where each flight was sent again. */
  get roundTripTime(): Millis | undefined {
    return this.#handshake.roundTripTime;
  }

  /** Memory for input that came before its time; bounded by `maxReassemblyBytes` and `maxEarlyBytes`. */
  get heldBytes(): number {
    return this.#early.bytes + this.#handshake.heldBytes;
  }

  /** Input left aside, by reason. A live view. */
  get drops(): DropCounts<DropReason> {
    return this.#drops.counts;
  }

  /** Client: queues the ClientHello. Server: waits for one. The time to give up counts from here. */
  start(now: Millis): void {
    if (this.#phase.state !== 'new') throw new DtlsError('ALREADY_STARTED');
    this.#phase = { state: 'connecting' };
    this.#handshake.start(now);
  }

  /**
   * There is a path now, whose round-trip time ICE has measured: a handshake that has begun before it times its flights by
   * it, and the time to give up counts from here.
   */
  setPath(roundTripTime: Millis | undefined, now: Millis): void {
    this.#handshake.setPath(roundTripTime, now);
  }

  /** Takes a datagram of one or more records and opens them in place. Borrowed until the next `drain`. */
  receive(bytes: Uint8Array, at: number, end: number, now: Millis): void {
    if (this.#allowance !== Number.POSITIVE_INFINITY) {
      this.#allowance += (end - at) * this.#settings.amplificationLimit!;
    }
    while (at < end) {
      let recordEnd: number;
      let reason: DropReason | undefined;
      if (isUnifiedHeader(bytes[at]!)) {
        recordEnd = endOfRecord(bytes, at, end);
        reason = recordEnd > end ? 'truncated-record' : this.#onUnifiedRecord(bytes, at, recordEnd, now);
      } else {
        const isCut = end - at < RECORD_HEADER_BYTES;
        recordEnd = isCut ? end + 1 : at + RECORD_HEADER_BYTES + recordLength(bytes, at);
        reason = recordEnd > end ? 'truncated-record' : this.#onRecord(bytes, at, recordEnd, now);
      }
      if (reason !== undefined) this.#drops.count(reason);
      at = recordEnd;
    }
  }

  transmit(out: Uint8Array, at: number, end: number, now: Millis): number {
    const limit = Math.min(end, at + this.#settings.mtu, at + this.#allowance);
    const { flight, acknowledgements } = this.#handshake;
    this.#handshake.beforeTransmit(now);
    let position = at;
    if (acknowledgements.isPending) position += this.#writeAcknowledgement(out, position, limit);
    if (flight.isPending) position += flight.write(out, position, limit, this.#records);
    if (position === at && 'farewell' in this.#phase && this.#phase.farewell?.isPending) {
      position += this.#writeAlert(out, at, limit, this.#phase.farewell);
    }
    this.#allowance -= position - at;
    return position - at;
  }

  /** `transmit` has messages of the handshake to send, for which the peer waits. */
  get hasFlight(): boolean {
    return this.#handshake.flight.isPending;
  }

  deadline(): Millis {
    return this.#handshake.deadline();
  }

  expire(now: Millis): void {
    this.#onOutcome(this.#handshake.expire(now), now);
  }

  drain(sink: DtlsSink): boolean {
    return this.#events.drain(sink, this.#handshake.keyLog);
  }

  /**
   * Makes a record of the `length` bytes of plaintext at `out[at + headroom]`, in place, with `tailroom` bytes
   * behind them, and returns the record's length. 0 means that the sequence numbers are used up: the connection
   * closes itself.
   */
  seal(out: Uint8Array, at: number, length: number): number {
    const record = this.sealInBatch(out, at, length);
    this.finishBatch();
    return record;
  }

  /**
   * The same for records that leave together, which costs less: they may be sent or moved only after `finishBatch`, and
   * until then nothing else may be written where they lie.
   */
  sealInBatch(out: Uint8Array, at: number, length: number): number {
    if (this.#phase.state !== 'connected') throw new DtlsError('NOT_CONNECTED');
    this.#requireRoom(out, at, length);
    if (!this.#records.canSeal) {
      this.#handshake.flight.discard(); // the last number is for the alert
      this.#end('closed', 'sequence-exhausted', ALERT.closeNotify, Number.NEGATIVE_INFINITY);
      return 0;
    }
    if (this.#records.isUpdateDue) {
      this.#handshake.updateKeys(this.#settings.keyUpdateAfter !== undefined);
    }
    return this.#records.writeInBatch(out, at, length);
  }

  /** Makes whole what `sealInBatch` has sealed. Cheap when there is nothing. */
  finishBatch(): void {
    this.#records.epochs?.finishBatch();
  }

  /**
   * The datagrams in `bytes[at, end)`, of `segmentBytes` each, the last perhaps shorter, are about to be received one by
   * one. A hint by which opening them costs less; any of them may be left out or have changed by then.
   */
  foresee(bytes: Uint8Array, at: number, end: number, segmentBytes: number): void {
    if (this.#phase.state === 'connected') this.#records.epochs?.foresee(bytes, at, end, segmentBytes);
  }

  /** Server of DTLS 1.3: our part of the handshake is done, and the client has not shown yet who it is. */
  get isHalfConnected(): boolean {
    const { role } = this.#settings;
    return this.#phase.state === 'connecting' && role === 'server' && this.#hasApplicationKeys;
  }

  /**
   * As `seal`, while `isHalfConnected` (RFC 8446 §4.4.4): for what anybody may read, since anybody may be the client. 0
   * means as well that it must not be so much yet.
   */
  sealEarly(out: Uint8Array, at: number, length: number): number {
    if (!this.isHalfConnected) throw new DtlsError('NOT_CONNECTED');
    this.#requireRoom(out, at, length);
    if (this.headroom + length + this.tailroom > this.#allowance || !this.#records.canSeal) return 0;
    const record = this.#sealData(out, at, length);
    this.#allowance -= record;
    return record;
  }

  /**
   * DTLS 1.3: changes the keys we send with, and has the peer change its own if `asksPeer` is true. False if the peer
   * has not acknowledged an earlier change, or speaks 1.2. RFC 9147 §8.
   */
  updateKeys(asksPeer = false): boolean {
    if (this.#phase.state !== 'connected') throw new DtlsError('NOT_CONNECTED');
    return this.#handshake.updateKeys(asksPeer);
  }

  /** RFC 5705. A context that is left out and an empty one give different keys. */
  exportKeyingMaterial(label: string, context: Uint8Array | undefined, length: number): Uint8Array {
    if (this.#phase.state !== 'connected') throw new DtlsError('NOT_CONNECTED');
    return exportKeyingMaterial(this.#settings.crypto, this.#phase.session, label, context, length);
  }

  /** RFC 5764 §4.2: the keys for SRTP; `undefined` if no profile was agreed on. */
  exportSrtpKeys(): SrtpKeys | undefined {
    if (this.#phase.state !== 'connected') throw new DtlsError('NOT_CONNECTED');
    const profile = this.#phase.session.srtpProfile;
    if (profile === undefined) return undefined;
    const length = srtpKeyingMaterialBytes(profile);
    return splitSrtpKeyingMaterial(
      profile,
      this.exportKeyingMaterial(SRTP_EXPORTER_LABEL, undefined, length),
    );
  }

  /** Queues close_notify and ends the connection. Harmless when it has ended. */
  close(now: Millis): void {
    const { state } = this.#phase;
    if (state === 'closed' || state === 'failed') return;
    const alert = state === 'new' ? undefined : ALERT.closeNotify;
    this.#end('closed', 'closed', alert, now);
  }

  /**
   * After `close`, once the farewell has been transmitted: gives the keys back to the back end. Nothing is sent or
   * understood from here on.
   */
  release(now: Millis): void {
    this.close(now);
    this.#records.release();
  }

  get #session(): Session | undefined {
    return 'session' in this.#phase ? this.#phase.session : undefined;
  }

  get #hasApplicationKeys(): boolean {
    return (this.#records.epochs?.sendingEpoch ?? 0) >= FIRST_APPLICATION_EPOCH;
  }

  #requireRoom(out: Uint8Array, at: number, length: number): void {
    if (length > MAX_PLAINTEXT_BYTES || at + this.headroom + length + this.tailroom > out.length)
      throw new DtlsError('RECORD_TOO_LARGE', `${length} bytes`);
  }

  #sealData(out: Uint8Array, at: number, length: number): number {
    const epoch = this.#records.applicationEpoch;
    return this.#records.write(out, at, epoch, CONTENT_TYPE.applicationData, DTLS_1_2, length);
  }

  #onRecord(bytes: Uint8Array, at: number, recordEnd: number, now: Millis): DropReason | undefined {
    const { state } = this.#phase;
    if (state !== 'connected' && state !== 'connecting') return this.#onRecordOutside(now);
    const epoch = recordEpoch(bytes, at);
    // RFC 9147 §4: in the plaintext of 1.3 the version MUST be ignored; RFC 6347 §4.1 has 1.2 look at it.
    const mayBe13 = this.#settings.speaks13 && epoch === PLAINTEXT_EPOCH && !this.#records.isProtected;
    if (!mayBe13 && recordVersion(bytes, at) >> 8 !== MAJOR_VERSION) return 'bad-version';
    const type = recordType(bytes, at);
    if (!isKnownContentType(type) && type !== CONTENT_TYPE.ack) return 'unknown-content-type';
    if (epoch === PLAINTEXT_EPOCH) {
      // Anyone can forge plaintext: nothing of it may touch an established connection.
      if (state === 'connected') return 'old-epoch';
      const contentAt = at + RECORD_HEADER_BYTES;
      if (recordEnd - contentAt > MAX_PLAINTEXT_BYTES) return 'record-too-long';
      const sequence = recordSequence(bytes, at);
      return this.#onContent(type, bytes, contentAt, recordEnd, epoch, sequence, now);
    }
    // RFC 9147 §4.1: what DTLS 1.3 protects has another header.
    if (epoch !== PROTECTED_EPOCH || this.#records.epochs !== undefined) return 'unknown-epoch';
    // RFC 8827 §6.5: no application data before the peer is verified. An early record may only be lost or late.
    if (!this.#records.isProtected || (type === CONTENT_TYPE.applicationData && state === 'connecting')) {
      this.#handshake.onDataBeforeFinished(now);
      return this.#early.hold(bytes, at, recordEnd) ? undefined : 'early-record-overflow';
    }
    const reason = this.#records.open(bytes, at, recordEnd);
    if (reason !== undefined) return reason;
    const { contentAt, contentEnd } = this.#records;
    if (type === CONTENT_TYPE.applicationData) {
      if (contentEnd > contentAt) this.#events.onApplicationData(bytes, contentAt, contentEnd);
      return undefined;
    }
    this.#allowance = Number.POSITIVE_INFINITY;
    return this.#onContent(type, bytes, contentAt, contentEnd, epoch, 0, now);
  }

  /** DTLS 1.3: a protected record, or what looks like one. */
  #onUnifiedRecord(bytes: Uint8Array, at: number, recordEnd: number, now: Millis): DropReason | undefined {
    const { state } = this.#phase;
    if (state !== 'connected' && state !== 'connecting') return this.#onRecordOutside(now);
    const { epochs } = this.#records;
    if (epochs === undefined || !epochs.canOpen(bytes[at]!)) {
      if (state === 'connected' || this.#records.isProtected || !this.#settings.speaks13)
        return 'unknown-epoch';
      // Application data of a peer that is not verified yet has no keys here, so that it waits as well.
      this.#handshake.onEarlyRecord(now);
      return this.#early.hold(bytes, at, recordEnd) ? undefined : 'early-record-overflow';
    }
    const reason = epochs.open(bytes, at, recordEnd, now);
    if (reason !== undefined) {
      if (epochs.isExhausted) this.#end('failed', 'too-many-forgeries', undefined, now);
      return reason;
    }
    const { contentType, contentAt, contentEnd, epoch, sequence } = epochs;
    if (isOutOfPlace(contentType, contentEnd - contentAt, epoch)) {
      this.#end('failed', 'unexpected-message', ALERT.unexpectedMessage, now);
      return 'unexpected-content-type';
    }
    // Epoch 3 has keys only when the peer is verified.
    if (contentType === CONTENT_TYPE.applicationData) {
      if (contentEnd > contentAt) this.#events.onApplicationData(bytes, contentAt, contentEnd);
      return undefined;
    }
    this.#allowance = Number.POSITIVE_INFINITY;
    return this.#onContent(contentType, bytes, contentAt, contentEnd, epoch, sequence, now);
  }

  /** Before the start, or after the end. */
  #onRecordOutside(now: Millis): DropReason {
    if (this.#phase.state === 'new') return 'not-started';
    if ('farewell' in this.#phase) this.#phase.farewell?.onPeerTalks(now);
    return 'closed';
  }

  #onContent(
    type: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    epoch: number,
    sequence: number,
    now: Millis,
  ): DropReason | undefined {
    switch (type) {
      case CONTENT_TYPE.handshake: {
        const { openings } = this.#records;
        const { state } = this.#phase;
        const wasHalfConnected = this.isHalfConnected;
        this.#onOutcome(this.#handshake.receive(bytes, at, end, epoch, sequence, now), now);
        if (!wasHalfConnected && this.isHalfConnected) this.#events.onHalfConnected();
        const isNews = this.#records.openings !== openings || this.#phase.state !== state;
        if (isNews && this.#early.length > 0) this.#releaseEarly(now);
        return undefined;
      }
      case CONTENT_TYPE.alert:
        return this.#onAlert(bytes, at, end, epoch, now);
      case CONTENT_TYPE.ack:
        return this.#handshake.onAcknowledgement(bytes, at, end, epoch, now);
      case CONTENT_TYPE.changeCipherSpec:
        // The epoch of a record says which keys it has, so nothing waits for this one: a Finished that overtakes
        // it, or whose ChangeCipherSpec is lost, is as good.
        return epoch === PLAINTEXT_EPOCH && end - at === 1 && bytes[at] === 1
          ? undefined
          : 'bad-change-cipher-spec';
      default:
        return 'plaintext-application-data';
    }
  }

  /** Some of them may have to wait on, for the end of the handshake. */
  #releaseEarly(now: Millis): void {
    for (const record of this.#early.take()) {
      const reason = isUnifiedHeader(record[0]!)
        ? this.#onUnifiedRecord(record, 0, record.length, now)
        : this.#onRecord(record, 0, record.length, now);
      if (reason !== undefined) this.#drops.count(reason);
    }
  }

  #onAlert(bytes: Uint8Array, at: number, end: number, epoch: number, now: Millis): DropReason | undefined {
    const { epochs } = this.#records;
    // Once a protected record of the peer has come, a plaintext alert is somebody else's.
    if (epoch === PLAINTEXT_EPOCH && epochs?.hasOpened) return 'old-epoch';
    if (end - at !== ALERT_BYTES) {
      // RFC 8446 §6: what cannot be read MUST end the connection; in plaintext it may be anybody's.
      if (epoch >= HANDSHAKE_EPOCH) this.#end('failed', 'decode-error', ALERT.decodeError, now);
      return 'bad-alert';
    }
    const level = bytes[at]!;
    const alert = bytes[at + 1]!;
    const isKnownLevel = level === ALERT_LEVEL.warning || level === ALERT_LEVEL.fatal;
    if (epochs === undefined && !isKnownLevel) return 'bad-alert';
    // RFC 8446 §6, §6.2: of 1.3 all others but user_canceled are errors, unknown ones too, whatever the level says.
    const isError = epochs === undefined ? level === ALERT_LEVEL.fatal : alert !== ALERT.userCanceled;
    if (alert === ALERT.closeNotify) {
      // RFC 5246 §7.2.1: the other side MUST answer with its own close_notify.
      const farewell = new Farewell(ALERT_LEVEL.warning, alert, this.#handshake.flight.epoch, now, false);
      this.#finish('closed', { by: 'remote', code: 'close-notify', alert }, farewell);
    } else if (isError) {
      this.#finish('failed', { by: 'remote', code: 'alert', alert }, undefined);
    }
    return undefined; // other warnings change nothing
  }

  #onOutcome(outcome: Outcome | undefined, now: Millis): void {
    if (outcome === undefined) return;
    if (outcome.kind === 'fault') {
      this.#end('failed', outcome.code, outcome.alert, now);
      return;
    }
    this.#phase = { state: 'connected', session: outcome.session };
    this.#events.onConnected();
  }

  /** Ends the connection from this side, with an alert if there is something to say. */
  #end(state: 'closed' | 'failed', code: CloseCode, alert: number | undefined, now: Millis): void {
    if (alert === undefined) {
      this.#finish(state, { by: 'local', code }, undefined);
      return;
    }
    const level = alert === ALERT.closeNotify ? ALERT_LEVEL.warning : ALERT_LEVEL.fatal;
    const farewell = new Farewell(level, alert, this.#handshake.flight.epoch, now, true);
    this.#finish(state, { by: 'local', code, alert }, farewell);
  }

  #finish(state: 'closed' | 'failed', reason: CloseReason, farewell: Farewell | undefined): void {
    const session = this.#session;
    if (session !== undefined) wipeSession(session);
    this.#early.take();
    this.#handshake.stop();
    if (state === 'failed') this.#handshake.flight.discard();
    this.#phase = { state, reason, farewell, session };
    this.#events.onClosed(reason);
  }

  #writeAcknowledgement(out: Uint8Array, at: number, end: number): number {
    const { flight, acknowledgements } = this.#handshake;
    const { epoch } = flight;
    const contentAt = at + this.#records.headroom(epoch);
    const length = acknowledgements.write(out, contentAt, end - this.#records.tailroom(epoch) - contentAt);
    if (length === 0) return 0;
    return this.#records.write(out, at, epoch, CONTENT_TYPE.ack, DTLS_1_2, length);
  }

  #writeAlert(out: Uint8Array, at: number, end: number, farewell: Farewell): number {
    const { epoch } = farewell;
    const contentAt = at + this.#records.headroom(epoch);
    if (contentAt + ALERT_BYTES + this.#records.tailroom(epoch) > end) return 0;
    out[contentAt] = farewell.level;
    out[contentAt + 1] = farewell.description;
    farewell.onSent();
    return this.#records.write(out, at, epoch, CONTENT_TYPE.alert, DTLS_1_2, ALERT_BYTES);
  }
}

/** RFC 8446 §5, §5.4: what the peer has protected and has no business there, so that it MUST end the connection. */
function isOutOfPlace(type: number, length: number, epoch: number): boolean {
  switch (type) {
    case CONTENT_TYPE.applicationData:
      return epoch < FIRST_APPLICATION_EPOCH; // RFC 9147 §6.1: epoch 2 is for the handshake
    case CONTENT_TYPE.handshake:
    case CONTENT_TYPE.alert:
      return length === 0;
    default:
      return type !== CONTENT_TYPE.ack;
  }
}
