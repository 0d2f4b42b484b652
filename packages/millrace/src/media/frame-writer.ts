// Encoded frames into a track's packets: a prepared stream, or what an encoder makes, for `addTrack`.
import { RTP_HEADER_BYTES, writeRtpHeader } from '@millrace/rtp';
import { OpusPacketizer, type Packetizer } from '@millrace/rtp/payload';
import { copyBytes, randomU32 } from '@millrace/sans-io';
import { exception } from '../errors.ts';
import { random } from '../transport/random.ts';
import { codecsOf } from './capabilities.ts';
import { frameFormat } from './frame-formats.ts';
import { MediaStreamTrack } from './track.ts';

export interface FrameWriterInit {
  /** `video/VP8`, `video/VP9`, `video/H264`, `video/AV1`, `audio/opus`, or another kind of audio that peers know. */
  readonly mimeType: string;
  /** Longest RTP packet, header included, before what senders add. Bytes, default 1100. */
  readonly maxPacketBytes?: number;
  /** Of the track. */
  readonly label?: string;
}

/** Room for header extensions, retransmission, SRTP's tag and a tunnel below 1280 bytes. */
const PACKET_BYTES = 1_100;
const PAYLOAD_TYPE = 96;

/** Cuts encoded frames into the packets of a track. */
export class FrameWriter {
  /** For `addTrack`, `addTransceiver` or `replaceTrack`, of as many connections as one likes. */
  readonly track: MediaStreamTrack;
  /** Timestamp units in a second: 90000 for video, 48000 for Opus. */
  readonly clockRate: number;
  readonly #packetizer: Packetizer | undefined;
  readonly #slot: Uint8Array;
  #sequenceNumber = randomU32(random) & 0x7fff;
  readonly #firstTimestamp = randomU32(random);

  /** @throws {DOMException} NotSupportedError for a type whose frames can't be put into packets here */
  constructor({ mimeType, maxPacketBytes = PACKET_BYTES, label = '' }: FrameWriterInit) {
    const [kind, name = ''] = mimeType.split('/');
    const codec =
      kind === 'audio' || kind === 'video'
        ? codecsOf(kind).find((each) => each.name.toLowerCase() === name.toLowerCase())
        : undefined;
    const format = frameFormat(name);
    if (
      codec === undefined ||
      (kind !== 'audio' && kind !== 'video') ||
      (kind === 'video' && format === undefined)
    ) {
      throw exception('NotSupportedError', `no frames of ${mimeType} can be sent`);
    }
    if (!(maxPacketBytes >= 200 && maxPacketBytes <= 1_500)) {
      throw new TypeError(`maxPacketBytes must be from 200 to 1500; got ${maxPacketBytes}`);
    }
    const { clockRate, channels, parameters } = codec;
    this.clockRate = clockRate;
    this.#packetizer = format?.packetizer() ?? (codec.name === 'opus' ? new OpusPacketizer() : undefined);
    this.#slot = new Uint8Array(maxPacketBytes);
    this.track = new MediaStreamTrack({
      kind,
      label,
      codecs: [
        {
          payloadType: PAYLOAD_TYPE,
          mimeType: `${kind}/${codec.name}`,
          clockRate,
          ...(channels === undefined ? {} : { channels }),
          ...(parameters === '' ? {} : { sdpFmtpLine: parameters }),
        },
      ],
    });
  }

  /**
   * Sends one frame, copied. `timestamp`, in units of `clockRate` from any beginning, is when it is to be shown or heard.
   * False if some sender could not take it, such as before the connection is up.
   *
   * @throws {PayloadError} BAD_FRAME when it is no frame of this type; NO_ROOM for audio longer than a packet
   */
  write(data: Uint8Array, timestamp: number): boolean {
    const packetizer = this.#packetizer;
    if (packetizer === undefined) {
      if (RTP_HEADER_BYTES + data.length > this.#slot.length) {
        throw new TypeError(
          `a packet holds ${this.#slot.length - RTP_HEADER_BYTES} bytes; got ${data.length}`,
        );
      }
      copyBytes(this.#slot, RTP_HEADER_BYTES, data, 0, data.length);
      return this.#send(data.length, false, timestamp);
    }
    packetizer.begin(data, 0, data.length);
    let isTaken = true;
    for (
      let length: number;
      (length = packetizer.write(this.#slot, RTP_HEADER_BYTES, this.#slot.length)) > 0;
    ) {
      // RFC 7587 §4.2, RFC 3551 §4.1: of audio, the marker tells the beginning of a talkspurt.
      const isMarked = packetizer.isLast && this.track.kind === 'video';
      isTaken = this.#send(length, isMarked, timestamp) && isTaken;
    }
    return isTaken;
  }

  #send(payloadBytes: number, isMarked: boolean, timestamp: number): boolean {
    const end = RTP_HEADER_BYTES + payloadBytes;
    const rtpTimestamp = (this.#firstTimestamp + timestamp) % 2 ** 32;
    writeRtpHeader(this.#slot, 0, end, isMarked, PAYLOAD_TYPE, this.#sequenceNumber, rtpTimestamp, 1);
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    return this.track.writeRtp(this.#slot, 0, end);
  }
}
