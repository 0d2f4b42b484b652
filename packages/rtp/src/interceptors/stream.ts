// One RTP stream as it was announced to a chain: what the interceptors must know of it, settled once. RFC 3550 §5.1,
// RFC 4588 (retransmission), RFC 4585 (feedback), RFC 8285 (extensions).
import { RtpError } from '../errors.ts';

/** What may be asked of the sender of a stream. RFC 4585 §4.2, RFC 5104 §7.1 */
export type Feedback = 'nack' | 'pli' | 'fir' | 'transport-cc' | 'remb';

export interface PayloadInfo {
  /** 0 to 127. */
  readonly payloadType: number;
  /** Timestamp units in a second. */
  readonly clockRate: number;
  /** The payload type of its retransmissions. RFC 4588 §8.6 apt */
  readonly rtxPayloadType?: number | undefined;
}

export interface StreamInfo {
  readonly ssrc: number;
  readonly kind: 'audio' | 'video';
  /** All payload types of the stream; the first gives the clock rate of those that are not listed. */
  readonly payloads: readonly PayloadInfo[];
  /** The SSRC of its retransmissions; without one they come under the stream's own SSRC and number. */
  readonly rtxSsrc?: number | undefined;
  /** RFC 2198, RFC 5109: payload types within the stream. */
  readonly redPayloadType?: number | undefined;
  readonly ulpfecPayloadType?: number | undefined;
  /** RFC 8627: a stream of its own that repairs this one. */
  readonly flexfecSsrc?: number | undefined;
  readonly flexfecPayloadType?: number | undefined;
  readonly feedback?: readonly Feedback[] | undefined;
  /** Ids of the header extensions that interceptors read or write; 0 or absent: not agreed on. */
  readonly transportSequenceId?: number | undefined;
  readonly absSendTimeId?: number | undefined;
  /** The user's own; handed back with every packet. */
  readonly tag?: unknown;
}

const NO_TYPE = 0xff;
const MAX_PAYLOADS = 64;

/** A stream in a chain. Which one it is, interceptors know by `slot`: a small number, reused after removal. */
export class RtpStream {
  readonly isLocal: boolean;
  readonly slot: number;
  readonly ssrc: number;
  readonly isAudio: boolean;
  /** Of the first payload. */
  readonly payloadType: number;
  readonly clockRate: number;
  /** 0: none. May become known later: `InterceptorChain.setRtxSsrc`. */
  rtxSsrc: number;
  readonly hasRtx: boolean;
  readonly redPayloadType: number;
  readonly ulpfecPayloadType: number;
  readonly flexfecSsrc: number;
  readonly flexfecPayloadType: number;
  readonly wantsNack: boolean;
  readonly wantsPli: boolean;
  readonly wantsFir: boolean;
  readonly wantsTransportCc: boolean;
  readonly wantsRemb: boolean;
  readonly transportSequenceId: number;
  readonly absSendTimeId: number;
  readonly info: StreamInfo;
  tag: unknown;
  /** By payload type: that of its retransmissions, and back; `NO_TYPE` if there is none. */
  readonly #rtxOf = new Uint8Array(128).fill(NO_TYPE);
  readonly #originalOf = new Uint8Array(128).fill(NO_TYPE);
  readonly #clockRates = new Float64Array(128);

  constructor(info: StreamInfo, isLocal: boolean, slot: number) {
    checkInfo(info);
    const { feedback = [] } = info;
    const first = info.payloads[0]!;
    this.isLocal = isLocal;
    this.slot = slot;
    this.ssrc = info.ssrc;
    this.isAudio = info.kind === 'audio';
    this.payloadType = first.payloadType;
    this.clockRate = first.clockRate;
    this.rtxSsrc = info.rtxSsrc ?? 0;
    this.hasRtx = info.payloads.some(({ rtxPayloadType }) => rtxPayloadType !== undefined);
    this.redPayloadType = info.redPayloadType ?? NO_TYPE;
    this.ulpfecPayloadType = info.ulpfecPayloadType ?? NO_TYPE;
    this.flexfecSsrc = info.flexfecSsrc ?? 0;
    this.flexfecPayloadType = info.flexfecPayloadType ?? NO_TYPE;
    this.wantsNack = feedback.includes('nack');
    this.wantsPli = feedback.includes('pli');
    this.wantsFir = feedback.includes('fir');
    this.wantsTransportCc = feedback.includes('transport-cc');
    this.wantsRemb = feedback.includes('remb');
    this.transportSequenceId = info.transportSequenceId ?? 0;
    this.absSendTimeId = info.absSendTimeId ?? 0;
    this.info = info;
    this.tag = info.tag;
    this.#clockRates.fill(first.clockRate);
    for (const { payloadType, clockRate, rtxPayloadType } of info.payloads) {
      this.#clockRates[payloadType] = clockRate;
      if (rtxPayloadType === undefined) continue;
      this.#rtxOf[payloadType] = rtxPayloadType;
      this.#originalOf[rtxPayloadType] = payloadType;
    }
  }

  clockRateOf(payloadType: number): number {
    return this.#clockRates[payloadType]!;
  }

  /** The payload type under which `payloadType` is retransmitted; -1 if there is none. */
  rtxPayloadTypeOf(payloadType: number): number {
    const type = this.#rtxOf[payloadType]!;
    return type === NO_TYPE ? -1 : type;
  }

  /** The payload type that `rtxPayloadType` retransmits; -1 if it is none of retransmissions. */
  originalPayloadTypeOf(rtxPayloadType: number): number {
    const type = this.#originalOf[rtxPayloadType]!;
    return type === NO_TYPE ? -1 : type;
  }
}

function checkInfo(info: StreamInfo): void {
  checkSsrc('ssrc', info.ssrc);
  checkSsrc('rtxSsrc', info.rtxSsrc);
  checkSsrc('flexfecSsrc', info.flexfecSsrc);
  checkType('redPayloadType', info.redPayloadType);
  checkType('ulpfecPayloadType', info.ulpfecPayloadType);
  checkType('flexfecPayloadType', info.flexfecPayloadType);
  checkExtension('transportSequenceId', info.transportSequenceId);
  checkExtension('absSendTimeId', info.absSendTimeId);
  const { payloads } = info;
  if (payloads.length === 0 || payloads.length > MAX_PAYLOADS)
    throw new RtpError('BAD_STREAM', `it needs 1 to ${MAX_PAYLOADS} payloads, not ${payloads.length}`);
  for (const { payloadType, clockRate, rtxPayloadType } of payloads) {
    checkType('payloadType', payloadType);
    checkType('rtxPayloadType', rtxPayloadType);
    if (!(clockRate > 0 && clockRate <= 1e9))
      throw new RtpError('BAD_STREAM', `clockRate is more than 0, not ${clockRate}`);
  }
}

function checkSsrc(name: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff))
    throw new RtpError('BAD_STREAM', `${name} is an unsigned 32-bit number, not ${value}`);
}

function checkType(name: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= 127))
    throw new RtpError('BAD_STREAM', `${name} is from 0 to 127, not ${value}`);
}

function checkExtension(name: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= 255))
    throw new RtpError('BAD_STREAM', `${name} is from 0 to 255, not ${value}`);
}
