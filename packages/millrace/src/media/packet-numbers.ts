// What the numbers in RTP packets mean (payload types, header extension ids), and tables that turn those of one
// connection into those of another. Made once for each pair, used for each packet.
import { ExtensionMap } from '@millrace/rtp';
import { type HeaderExtension, isSameCodec, type RtpCodec, repeatedPayloadType } from '@millrace/sdp';
import type { RTCRtpCodec } from './capabilities.ts';

export interface PacketNumbers {
  /** Empty: whatever the sender has negotiated. */
  readonly codecs: readonly RtpCodec[];
  readonly extensions: ExtensionMap;
}

/** Turns numbers of one side into those of another. */
export interface NumberTables {
  /** By payload type; 0xff: the packet can't be said there. */
  readonly payloadTypes: Uint8Array;
  /** By id, 0 for what is not known there. */
  readonly extensionIds: Uint8Array;
}

export const NO_PAYLOAD_TYPE = 0xff;

export function numbersOf(
  codecs: readonly RtpCodec[],
  extensions: readonly HeaderExtension[],
): PacketNumbers {
  return { codecs, extensions: new ExtensionMap(extensions.map(({ id, uri }) => [id, uri] as const)) };
}

/** Of packets that an application makes. */
export function localNumbers(
  codecs: ReadonlyArray<RTCRtpCodec & { readonly payloadType: number }> = [],
): PacketNumbers {
  return numbersOf(
    codecs.map(({ payloadType, mimeType, clockRate, channels, sdpFmtpLine }) => ({
      payloadType,
      name: mimeType.slice(mimeType.indexOf('/') + 1),
      clockRate,
      channels: channels === 1 ? undefined : channels,
      parameters: sdpFmtpLine ?? '',
      feedback: [],
    })),
    [],
  );
}

export function tablesBetween(from: PacketNumbers, to: PacketNumbers): NumberTables {
  const payloadTypes = new Uint8Array(128).fill(NO_PAYLOAD_TYPE);
  const media = to.codecs.filter((codec) => repeatedPayloadType(codec) === undefined);
  if (from.codecs.length === 0) for (const { payloadType } of media) payloadTypes[payloadType] = payloadType;
  for (const codec of from.codecs) {
    const same = media.find((one) => isSameCodec(one, codec));
    if (same) payloadTypes[codec.payloadType] = same.payloadType;
  }
  const extensionIds = from.extensions.idsOf(to.extensions);
  // Layers of one side are not those of another: the sender says its own.
  extensionIds[from.extensions.rid] = 0;
  extensionIds[from.extensions.repairedRid] = 0;
  return { payloadTypes, extensionIds };
}
