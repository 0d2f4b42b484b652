// RTCRtpTransceiver (W3C webrtc-pc §5.4): a sender and a receiver that share a section.
import type { Direction, RtpCodec, RtpDescription } from '@millrace/sdp';
import { exception } from '../errors.ts';
import { codecsOf, extensionsOf, findCodec, type MediaKind, type RTCRtpCodec } from './capabilities.ts';
import type { MediaHost } from './media-host.ts';
import type { Numbering } from './numbering.ts';
import { ReceiverCore, type RTCRtpReceiver } from './receiver.ts';
import { type RTCRtpEncodingParameters, type RTCRtpSender, SenderCore } from './sender.ts';

export type RTCRtpTransceiverDirection = Direction | 'stopped';

export interface TransceiverInit {
  readonly kind: MediaKind;
  readonly direction: Direction;
  readonly encodings?: readonly RTCRtpEncodingParameters[];
  /** Made by addTrack, so an offer of the peer may make use of it. */
  readonly isByAddTrack?: boolean;
  readonly trackId?: string | undefined;
}

export class TransceiverCore {
  readonly kind: MediaKind;
  readonly sender: SenderCore;
  readonly receiver: ReceiverCore;
  readonly host: MediaHost;
  readonly public: RTCRtpTransceiver;
  readonly isByAddTrack: boolean;
  mid: string | null = null;
  direction: Direction;
  currentDirection: Direction | null = null;
  /** The direction of which the last `track` event told, W3C [[FiredDirection]]. */
  firedDirection: Direction | null = null;
  isStopping = false;
  isStopped = false;
  hasSent = false;
  #preferences: readonly RtpCodec[];

  constructor(
    host: MediaHost,
    { kind, direction, encodings = [], isByAddTrack = false, trackId }: TransceiverInit,
  ) {
    this.kind = kind;
    this.host = host;
    this.direction = direction;
    this.isByAddTrack = isByAddTrack;
    this.#preferences = codecsOf(kind);
    this.sender = new SenderCore(kind, host, encodings);
    this.receiver = new ReceiverCore(kind, host, trackId);
    this.public = new RTCRtpTransceiver(this);
  }

  /** What a description of this side says of it. RFC 8829 §5.2.1. */
  describe(numbering: Numbering): RtpDescription {
    const { sender } = this;
    const sends = this.direction === 'sendrecv' || this.direction === 'sendonly';
    const track = sender.track?.id ?? sender.trackId;
    const streams = sender.streams.length > 0 ? sender.streams : ['-'];
    const rids = sends && sender.hasRids ? sender.encodings.map(({ rid }) => rid ?? '') : [];
    // RFC 8829 §5.2.2: layers that were taken are taken still.
    const { simulcastReceive = [] } = this.receiver.section?.rtp ?? {};
    return {
      codecs: numbering.codecs(this.#preferences),
      extensions: numbering.extensions(extensionsOf(this.kind)),
      allowMixedExtensions: true,
      rtcpMux: true,
      rtcpReducedSize: true,
      msids: sends ? streams.map((stream) => ({ stream, track })) : [],
      ...(sends ? sender.sources : { sources: [], sourceGroups: [] }),
      rids: [
        ...rids.map((id) => ({ id, direction: 'send' as const, restrictions: '' })),
        ...simulcastReceive.flat().map((id) => ({ id, direction: 'recv' as const, restrictions: '' })),
      ],
      simulcastSend: rids.length > 1 ? rids.map((id) => [id]) : [],
      simulcastReceive,
    };
  }

  setPreferences(given: readonly RTCRtpCodec[]): void {
    const codecs = given.map((one) => findCodec(this.kind, one));
    if (codecs.some((one) => one === undefined))
      throw exception('InvalidModificationError', 'a codec is not among those of getCapabilities');
    const wanted = [...new Set(codecs as RtpCodec[])];
    if (given.length > 0 && wanted.every(({ name }) => name === 'rtx'))
      throw exception('InvalidModificationError', 'retransmissions alone are no codec');
    this.#preferences = given.length === 0 ? codecsOf(this.kind) : wanted;
  }

  /** W3C webrtc-pc §5.4.1, "stop sending and receiving". */
  stop(): void {
    if (this.isStopping) return;
    this.isStopping = true;
    this.direction = 'inactive';
    this.sender.stop();
    this.receiver.negotiate(undefined, undefined, undefined);
    this.receiver.inside.end();
  }

  /** The peer knows, or its description has said so. */
  stopped(): void {
    this.stop();
    this.isStopped = true;
    this.mid = null;
    this.currentDirection = null;
  }
}

const DIRECTIONS: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

export function checkDirection(direction: string): asserts direction is Direction {
  if (!DIRECTIONS.includes(direction)) throw new TypeError(`no direction: ${direction}`);
}

/** A sender and a receiver that share a section of the description (W3C webrtc-pc §5.4). */
export class RTCRtpTransceiver {
  readonly #core: TransceiverCore;

  /** Made by the peer connection. */
  constructor(core: TransceiverCore) {
    this.#core = core;
  }

  /** `null` until a description with it has been set. */
  get mid(): string | null {
    return this.#core.mid;
  }

  get sender(): RTCRtpSender {
    return this.#core.sender.public;
  }

  get receiver(): RTCRtpReceiver {
    return this.#core.receiver.public;
  }

  get direction(): RTCRtpTransceiverDirection {
    return this.#core.isStopping ? 'stopped' : this.#core.direction;
  }

  /** @throws {DOMException} InvalidStateError when it has been stopped */
  set direction(direction: RTCRtpTransceiverDirection) {
    const core = this.#core;
    if (core.isStopping) throw exception('InvalidStateError', 'the transceiver has been stopped');
    checkDirection(direction);
    if (core.direction === direction) return;
    core.direction = direction;
    core.host.onNeedsNegotiation();
  }

  /** What has been negotiated; `null` before that. */
  get currentDirection(): RTCRtpTransceiverDirection | null {
    return this.#core.isStopped ? 'stopped' : this.#core.currentDirection;
  }

  /** @throws {DOMException} InvalidStateError on a closed connection */
  stop(): void {
    const core = this.#core;
    if (core.host.isClosed) throw exception('InvalidStateError', 'the connection is closed');
    if (core.isStopping) return;
    core.stop();
    core.host.onNeedsNegotiation();
  }

  /** Codecs of `getCapabilities` in the order wanted; those left out are neither offered nor taken. */
  setCodecPreferences(codecs: readonly RTCRtpCodec[]): void {
    this.#core.setPreferences(codecs);
  }
}
