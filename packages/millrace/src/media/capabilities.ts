// What this side can take and send (W3C webrtc-pc §5.2.1 getCapabilities). Nothing is coded here: packets pass as they
// are, so every codec that peers are known to speak is listed. Left out: RED and FEC, which say nothing by themselves.
import { EXTENSION_URIS } from '@millrace/rtp';
import type { RtpCodec } from '@millrace/sdp';

export type MediaKind = 'audio' | 'video';

/** W3C webrtc-pc §5.2.9. */
export interface RTCRtpCodec {
  mimeType: string;
  clockRate: number;
  channels?: number;
  sdpFmtpLine?: string;
}

export interface RTCRtpHeaderExtensionCapability {
  uri: string;
}

export interface RTCRtpCapabilities {
  codecs: RTCRtpCodec[];
  headerExtensions: RTCRtpHeaderExtensionCapability[];
}

const AUDIO_FEEDBACK: readonly string[] = ['transport-cc'];
const VIDEO_FEEDBACK: readonly string[] = ['transport-cc', 'ccm fir', 'nack', 'nack pli'];

/** Codecs in the order of preference, with the numbers they have unless the peer has given them others. */
const CODECS: Readonly<Record<MediaKind, readonly RtpCodec[]>> = {
  audio: [
    codec(111, 'opus', 48_000, 2, 'minptime=10;useinbandfec=1', AUDIO_FEEDBACK), // RFC 7587
    codec(9, 'G722', 8_000), // RFC 3551 §4.5.2
    codec(0, 'PCMU', 8_000),
    codec(8, 'PCMA', 8_000),
  ],
  video: [
    video(96, 'VP8', ''), // RFC 7741
    video(98, 'VP9', 'profile-id=0'), // RFC 9628
    video(100, 'VP9', 'profile-id=2'),
    video(102, 'H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'), // RFC 6184
    video(104, 'H264', 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f'),
    video(106, 'H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f'),
    video(108, 'H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f'),
    video(112, 'H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f'),
    video(45, 'AV1', ''), // AV1 RTP
    video(49, 'H265', ''), // RFC 7798
    codec(97, 'rtx', 90_000), // RFC 4588; one for each of the others
  ],
};

const EXTENSIONS: Readonly<Record<MediaKind, readonly string[]>> = {
  audio: [
    EXTENSION_URIS.mid,
    EXTENSION_URIS.audioLevel,
    EXTENSION_URIS.absSendTime,
    EXTENSION_URIS.transportSequenceNumber,
    EXTENSION_URIS.absCaptureTime,
  ],
  video: [
    EXTENSION_URIS.mid,
    EXTENSION_URIS.rid,
    EXTENSION_URIS.repairedRid,
    EXTENSION_URIS.absSendTime,
    EXTENSION_URIS.transportSequenceNumber,
    EXTENSION_URIS.videoOrientation,
    EXTENSION_URIS.playoutDelay,
    EXTENSION_URIS.dependencyDescriptor,
    EXTENSION_URIS.absCaptureTime,
  ],
};

/** The codecs of a kind, with `rtx` once at the end if there are retransmissions. */
export function codecsOf(kind: MediaKind): readonly RtpCodec[] {
  return CODECS[kind];
}

export function extensionsOf(kind: MediaKind): readonly string[] {
  return EXTENSIONS[kind];
}

/** W3C webrtc-pc §5.2.1, §5.3.1: the same for sending and receiving; `null` for no kind of media. */
export function capabilities(kind: string): RTCRtpCapabilities | null {
  if (kind !== 'audio' && kind !== 'video') return null;
  return {
    codecs: CODECS[kind].map((one) => publicCodec(kind, one)),
    headerExtensions: EXTENSIONS[kind].map((uri) => ({ uri })),
  };
}

export function publicCodec(kind: MediaKind, one: RtpCodec): RTCRtpCodec {
  return {
    mimeType: `${kind}/${one.name}`,
    clockRate: one.clockRate,
    ...(one.channels !== undefined && { channels: one.channels }),
    ...(one.parameters !== '' && { sdpFmtpLine: one.parameters }),
  };
}

/** The codec that `given` names among those of `kind`; `undefined` if there is none. */
export function findCodec(kind: MediaKind, given: RTCRtpCodec): RtpCodec | undefined {
  const wanted = given.mimeType.toLowerCase();
  return CODECS[kind].find(
    (one) =>
      `${kind}/${one.name}`.toLowerCase() === wanted &&
      one.clockRate === given.clockRate &&
      (one.channels ?? 1) === (given.channels ?? 1) &&
      one.parameters === (given.sdpFmtpLine ?? ''),
  );
}

function video(payloadType: number, name: string, parameters: string): RtpCodec {
  return codec(payloadType, name, 90_000, undefined, parameters, VIDEO_FEEDBACK);
}

function codec(
  payloadType: number,
  name: string,
  clockRate: number,
  channels?: number,
  parameters = '',
  feedback: readonly string[] = [],
): RtpCodec {
  return { payloadType, name, clockRate, channels, parameters, feedback };
}
