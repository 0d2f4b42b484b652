// What an answer takes of an offered RTP section (RFC 8829 §5.3.1; RFC 3264 §6.1; RFC 8285 §6; RFC 8853 §5.3).
import type { Direction } from '../session.ts';
import {
  formatParameter,
  type RtpCodec,
  type RtpDescription,
  repeatedPayloadType,
  type SimulcastStreams,
} from './description.ts';

const REVERSED: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** The direction of `direction` as the other side has it. */
export function reversedDirection(direction: Direction): Direction {
  return REVERSED[direction];
}

/** What both allow; both as seen from one side. */
export function commonDirection(a: Direction, b: Direction): Direction {
  const sends = isSending(a) && isSending(b);
  const receives = isReceiving(a) && isReceiving(b);
  return sends ? (receives ? 'sendrecv' : 'sendonly') : receives ? 'recvonly' : 'inactive';
}

export function isSending(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

export function isReceiving(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

/** Parameters that make two codecs of one name different ones, with the value of those that don't say. */
const TELLING: Readonly<Record<string, ReadonlyArray<readonly [name: string, unsaid: string]>>> = {
  h264: [['packetization-mode', '0']], // RFC 6184 §8.2.2; the profile is compared below
  vp9: [['profile-id', '0']], // RFC 9628 §6.1
  av1: [['profile', '0']], // AV1 RTP §7.2.3
  h265: [['profile-id', '1']], // RFC 7798 §7.1
};

/** Whether two sides mean the same codec, whatever numbers they have for it. RFC 8829 §5.3.1. */
export function isSameCodec(a: RtpCodec, b: RtpCodec): boolean {
  const name = a.name.toLowerCase();
  if (name !== b.name.toLowerCase() || a.clockRate !== b.clockRate || a.channels !== b.channels) return false;
  for (const [parameter, unsaid] of TELLING[name] ?? [])
    if ((formatParameter(a, parameter) ?? unsaid) !== (formatParameter(b, parameter) ?? unsaid)) return false;
  return name !== 'h264' || h264Profile(a) === h264Profile(b);
}

/** RFC 6184 §8.1: the profile and the constraints that tell profiles apart; the level may differ. */
function h264Profile(codec: RtpCodec): string {
  const id = (formatParameter(codec, 'profile-level-id') ?? '420010').toLowerCase();
  if (!/^[0-9a-f]{6}$/.test(id)) return id;
  const constraints = Number.parseInt(id.slice(2, 4), 16);
  // Constrained baseline is written in three ways: 42 with set 1, 4d and 58 with sets of their own.
  if (id.startsWith('42')) return constraints & 0x40 ? 'constrained-baseline' : 'baseline';
  if (id.startsWith('4d')) return constraints & 0x80 ? 'constrained-baseline' : 'main';
  if (id.startsWith('64')) return constraints & 0x0c ? 'constrained-high' : 'high';
  return id;
}

/** The codecs of `offered` that `own` has, with the numbers of the offer, in the order of `own`. */
export function commonCodecs(offered: readonly RtpCodec[], own: readonly RtpCodec[]): RtpCodec[] {
  const common: RtpCodec[] = [];
  for (const codec of own) {
    if (repeatedPayloadType(codec) !== undefined) continue;
    for (const match of offered) {
      if (!isSameCodec(match, codec) || common.some((taken) => taken.payloadType === match.payloadType))
        continue;
      common.push({ ...match, feedback: match.feedback.filter((kind) => codec.feedback.includes(kind)) });
    }
  }
  // RFC 4588 §8.1: retransmissions of a codec come with it.
  const takesRetransmissions = own.some((codec) => repeatedPayloadType(codec) !== undefined);
  const retransmissions = offered.filter((codec) => {
    const repeated = repeatedPayloadType(codec);
    return takesRetransmissions && common.some(({ payloadType }) => payloadType === repeated);
  });
  return [...common, ...retransmissions.map((codec) => ({ ...codec, feedback: [] }))];
}

/** The part of `own` that fits `offered`; no codec in common leaves none. `direction` is that of the answer. */
export function answerRtp(
  offered: RtpDescription,
  own: RtpDescription,
  direction: Direction,
): RtpDescription {
  const sends = isSending(direction);
  const extensions = offered.extensions
    .filter(({ uri }) => own.extensions.some((known) => known.uri === uri))
    .map(({ id, uri, direction: allowed }) => ({
      id,
      uri,
      ...(allowed && { direction: reversedDirection(allowed) }),
    }));
  // RFC 8853 §5.3: what the offerer would send is what the answerer takes, each stream by its first choice.
  const taken = isReceiving(direction) ? firstChoices(offered.simulcastSend) : [];
  const sent = sends ? wanted(own.simulcastSend, offered.simulcastReceive) : [];
  return {
    codecs: commonCodecs(offered.codecs, own.codecs),
    extensions,
    allowMixedExtensions: offered.allowMixedExtensions && own.allowMixedExtensions,
    rtcpMux: offered.rtcpMux,
    rtcpReducedSize: offered.rtcpReducedSize && own.rtcpReducedSize,
    msids: sends ? own.msids : [],
    sources: sends ? own.sources : [],
    sourceGroups: sends ? own.sourceGroups : [],
    rids: [...ridsOf(taken, 'recv'), ...ridsOf(sent, 'send')],
    simulcastSend: sent,
    simulcastReceive: taken,
  };
}

function ridsOf(streams: SimulcastStreams, direction: 'send' | 'recv'): RtpDescription['rids'] {
  return streams.flat().map((id) => ({ id, direction, restrictions: '' }));
}

function firstChoices(streams: SimulcastStreams): SimulcastStreams {
  return streams.map(([first]) => [first!.replace('~', '')]);
}

/** Layers of this side that the other takes. */
function wanted(own: SimulcastStreams, offered: SimulcastStreams): SimulcastStreams {
  const ids = offered.flat().map((id) => id.replace('~', ''));
  return own.filter(([id]) => ids.includes(id!));
}
