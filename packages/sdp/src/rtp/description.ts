// What an audio or video section says about RTP (RFC 8829 §5.2.1), as plain data. It is read from the attributes of
// the section and written back as such (read.ts, write.ts); formats without `a=rtpmap` other than the static ones of
// RFC 3551 are passed over.
import type { Direction, MediaSection } from '../session.ts';

export interface RtpCodec {
  readonly payloadType: number;
  /** As written, such as `VP8`; matched without case. */
  readonly name: string;
  readonly clockRate: number;
  /** `undefined` for video, and for one channel. */
  readonly channels: number | undefined;
  /** What stands behind the payload type in `a=fmtp`; empty if there is none. */
  readonly parameters: string;
  /** Each as in `a=rtcp-fb`: `nack`, `nack pli`, `ccm fir`, `transport-cc`. */
  readonly feedback: readonly string[];
}

/** RFC 8285 §5. */
export interface HeaderExtension {
  readonly id: number;
  readonly uri: string;
  readonly direction?: Direction;
}

/** RFC 8830: the stream a track belongs to, `-` for none, and the track's id. */
export interface Msid {
  readonly stream: string;
  readonly track: string | undefined;
}

/** RFC 5576 §4.1. */
export interface RtpSource {
  readonly ssrc: number;
  readonly cname: string | undefined;
}

/** RFC 5576 §4.2: `FID` joins a source and its retransmissions, `SIM` the layers of old simulcast. */
export interface SourceGroup {
  readonly semantics: string;
  readonly ssrcs: readonly number[];
}

/** RFC 8851 §4. */
export interface Rid {
  readonly id: string;
  readonly direction: 'send' | 'recv';
  /** Behind the direction, such as `max-width=640`; empty if there are none. */
  readonly restrictions: string;
}

/** RFC 8853 §5.1: each stream has its alternatives, the first preferred; a `~` in front means paused. */
export type SimulcastStreams = ReadonlyArray<readonly string[]>;

export interface RtpDescription {
  /** In the order of preference. */
  readonly codecs: readonly RtpCodec[];
  readonly extensions: readonly HeaderExtension[];
  /** RFC 8285 §6: one- and two-byte forms may be mixed. */
  readonly allowMixedExtensions: boolean;
  readonly rtcpMux: boolean;
  readonly rtcpReducedSize: boolean;
  readonly msids: readonly Msid[];
  readonly sources: readonly RtpSource[];
  readonly sourceGroups: readonly SourceGroup[];
  readonly rids: readonly Rid[];
  readonly simulcastSend: SimulcastStreams;
  readonly simulcastReceive: SimulcastStreams;
}

/** RFC 8829 §5.1.1: a section of audio or video over SRTP keyed by DTLS. The longer names are TCP's and older ones. */
export function isRtpSection(section: MediaSection): boolean {
  return (section.kind === 'audio' || section.kind === 'video') && /RTP\/S?AVPF?$/.test(section.protocol);
}

/** The codec that a retransmission codec (RFC 4588 §8.1) repeats, by payload type; `undefined` for all others. */
export function repeatedPayloadType(codec: RtpCodec): number | undefined {
  if (codec.name.toLowerCase() !== 'rtx') return undefined;
  const number = formatParameter(codec, 'apt');
  return number !== undefined && /^\d{1,3}$/.test(number) ? Number(number) : undefined;
}

/** One of the `name=value` pairs of `a=fmtp`. */
export function formatParameter({ parameters }: RtpCodec, name: string): string | undefined {
  for (const pair of parameters.split(';')) {
    const equals = pair.indexOf('=');
    if (equals >= 0 && pair.slice(0, equals).trim().toLowerCase() === name)
      return pair.slice(equals + 1).trim();
  }
  return undefined;
}
