// MediaStreamTrack and MediaStream (W3C mediacapture-main §4.2, §4.3) of packets: nothing is captured, decoded or played
// here. A remote track hands out the RTP packets that come; a local one takes those that are to be sent. Either can be
// given to a sender, so a remote track is forwarded by giving it to the sender of another connection.
//
// Deviation: W3C mediacapture-main §4.3 has tracks of samples, made by a user agent, with constraints and settings. Here
// an application makes them, of packets, and there is nothing to constrain; `clone` is left out.
import { randomUUID } from 'node:crypto';
import { RtpPacket } from '@millrace/rtp';
import type { Millis } from '@millrace/sans-io';
import { exception } from '../errors.ts';
import { type Handler, handlerOf, setHandler, TypedEventTarget } from '../events.ts';
import { queueTask } from '../task-queue.ts';
import { now } from '../transport/alarm.ts';
import type { MediaKind, RTCRtpCodec } from './capabilities.ts';
import { localNumbers, type PacketNumbers } from './packet-numbers.ts';

/** Where a packet comes from. One object for each stream, the same for all its packets. */
export interface RtpPacketSource {
  readonly ssrc: number;
  /** RFC 8852: the layer of simulcast; `null` if there is none. */
  readonly rid: string | null;
  /** What payload types and header extension ids of its packets mean. */
  readonly numbers: PacketNumbers;
}

/** The view and what it shows are borrowed for the call. */
export type RtpHandler = (packet: RtpPacket, source: RtpPacketSource) => void;

/** What takes a track's packets: a sender. */
export interface PacketSink {
  send(packet: RtpPacket, source: RtpPacketSource, at: Millis): boolean;
}

export interface MediaStreamTrackInit {
  readonly kind: MediaKind;
  readonly id?: string;
  readonly label?: string;
  /** What the payload types of the packets mean. Default: what has been negotiated for the sender. */
  readonly codecs?: ReadonlyArray<RTCRtpCodec & { readonly payloadType: number }>;
}

/** What the receiver has to do with its track. */
export interface RemoteSource {
  requestKeyFrame(rid?: string): void;
}

interface TrackInside {
  remote: RemoteSource | undefined;
  deliver(packet: RtpPacket, source: RtpPacketSource, at: Millis): boolean;
  attach(sink: PacketSink): void;
  detach(sink: PacketSink): void;
  setMuted(isMuted: boolean): void;
  onKeyFrameRequest(rid: string | null): void;
  end(): void;
}

/** For senders and receivers alone. */
export let insideOf: (track: MediaStreamTrack) => TrackInside;

/** Packets that wait for the reader of `readable`; more are dropped. */
const MAX_UNREAD_PACKETS = 512;

interface TrackEvents {
  mute: Event;
  unmute: Event;
  ended: Event;
}

/** RTP packets of one audio or video source: received ones, or those that the application writes with `writeRtp`. */
export class MediaStreamTrack extends TypedEventTarget<TrackEvents> {
  readonly id: string;
  readonly kind: MediaKind;
  readonly label: string;
  /** While false, what it would send is dropped. */
  enabled = true;
  /** Called for each packet that comes, at once; not an event, so that nothing is allocated for it. */
  onrtp: RtpHandler | null = null;
  /** Called when a receiver of what is sent asks for a key frame, with the layer it wants. */
  onkeyframerequest: ((rid: string | null) => void) | null = null;
  readonly #sinks: PacketSink[] = [];
  readonly #own: RtpPacketSource;
  /** Of the layers that have been written. */
  #layers: RtpPacketSource[] | undefined;
  readonly #view = new RtpPacket();
  #isMuted = false;
  #hasEnded = false;
  #remote: RemoteSource | undefined;
  #readable: ReadableStream<Uint8Array> | undefined;
  #reader: ReadableStreamDefaultController<Uint8Array> | undefined;

  static {
    insideOf = (track) => ({
      get remote() {
        return track.#remote;
      },
      set remote(remote) {
        track.#remote = remote;
        track.#isMuted = true;
      },
      deliver: (packet, source, at) => track.#deliver(packet, source, at),
      attach: (sink) => void (track.#sinks.includes(sink) || track.#sinks.push(sink)),
      detach: (sink) => {
        const index = track.#sinks.indexOf(sink);
        if (index >= 0) track.#sinks.splice(index, 1);
      },
      setMuted: (isMuted) => {
        if (track.#isMuted === isMuted || track.#hasEnded) return;
        track.#isMuted = isMuted;
        track.dispatchEvent(new Event(isMuted ? 'mute' : 'unmute'));
      },
      onKeyFrameRequest: (rid) => {
        if (track.onkeyframerequest) track.onkeyframerequest(rid);
        else track.#remote?.requestKeyFrame(); // a forwarded track: the one who can make a key frame is asked
      },
      end: () => {
        if (track.#hasEnded) return;
        track.#finish();
        track.dispatchEvent(new Event('ended'));
      },
    });
  }

  /** A track of packets that the application makes. */
  constructor({ kind, id = randomUUID(), label = '', codecs }: MediaStreamTrackInit) {
    super();
    if (kind !== 'audio' && kind !== 'video') throw new TypeError(`kind must be audio or video; got ${kind}`);
    this.kind = kind;
    this.id = id;
    this.label = label;
    this.#own = { ssrc: 0, rid: null, numbers: localNumbers(codecs) };
  }

  get muted(): boolean {
    return this.#isMuted;
  }

  get readyState(): 'live' | 'ended' {
    return this.#hasEnded ? 'ended' : 'live';
  }

  /** Nothing more comes of it, and nothing more is sent. */
  stop(): void {
    if (!this.#hasEnded) this.#finish();
  }

  /**
   * Sends the RTP packet `bytes[at, end)`, which is copied; its SSRC, payload type and header extensions are made those
   * of each sender. `rid` is the layer, for senders that have layers. False if some sender could not take it, such as before the connection is up.
   *
   * @throws {DOMException} InvalidStateError for a remote track, whose packets come from its peer
   * @throws {TypeError} when it is no RTP packet
   */
  writeRtp(bytes: Uint8Array, at = 0, end: number = bytes.length, rid: string | null = null): boolean {
    if (this.#remote)
      throw exception('InvalidStateError', 'the packets of a remote track come from its peer');
    if (!this.#view.read(bytes, at, end)) throw new TypeError('these bytes are not an RTP packet');
    return this.enabled && !this.#hasEnded && this.#forward(this.#view, this.#sourceOf(rid), now());
  }

  /** Copies of the packets that come, for those who can wait; what comes while 512 wait unread is lost. */
  get readable(): ReadableStream<Uint8Array> {
    this.#readable ??= new ReadableStream(
      {
        start: (controller) => {
          this.#reader = controller;
          if (this.#hasEnded) controller.close();
        },
        cancel: () => {
          this.#reader = undefined;
        },
      },
      { highWaterMark: MAX_UNREAD_PACKETS },
    );
    return this.#readable;
  }

  get onmute(): Handler<Event> {
    return handlerOf(this, 'mute');
  }

  set onmute(handler: Handler<Event>) {
    setHandler(this, 'mute', handler);
  }

  get onunmute(): Handler<Event> {
    return handlerOf(this, 'unmute');
  }

  set onunmute(handler: Handler<Event>) {
    setHandler(this, 'unmute', handler);
  }

  get onended(): Handler<Event> {
    return handlerOf(this, 'ended');
  }

  set onended(handler: Handler<Event>) {
    setHandler(this, 'ended', handler);
  }

  #sourceOf(rid: string | null): RtpPacketSource {
    if (rid === null) return this.#own;
    this.#layers ??= [];
    let source = this.#layers.find((one) => one.rid === rid);
    if (!source) this.#layers.push((source = { ...this.#own, rid }));
    return source;
  }

  #deliver(packet: RtpPacket, source: RtpPacketSource, at: Millis): boolean {
    if (this.#hasEnded) return false;
    if (this.#isMuted) {
      this.#isMuted = false;
      queueTask(fireUnmute, this);
    }
    const isSent = this.enabled && this.#forward(packet, source, at);
    // What has no reader drops what is new: the queue holds the oldest.
    if (this.#reader && (this.#reader.desiredSize ?? 0) > 0)
      this.#reader.enqueue(packet.bytes.slice(packet.at, packet.end));
    if (this.onrtp) {
      try {
        this.onrtp(packet, source);
      } catch (error) {
        queueTask(rethrow, error);
      }
    }
    return isSent;
  }

  #forward(packet: RtpPacket, source: RtpPacketSource, at: Millis): boolean {
    let isTaken = true;
    for (let i = 0; i < this.#sinks.length; i++)
      if (!this.#sinks[i]!.send(packet, source, at)) isTaken = false;
    return isTaken;
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#reader?.close();
    this.#reader = undefined;
  }
}

function fireUnmute(track: MediaStreamTrack): void {
  track.dispatchEvent(new Event('unmute'));
}

function rethrow(error: unknown): never {
  throw error;
}
