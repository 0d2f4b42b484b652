// Which header extension has which id, as both ends have agreed on it. RFC 8285 §5. What SDP says of directions and of
// mixed forms is not kept here.
import { RtpError } from '../errors.ts';

/** The header extensions with a file of their own here, by the URI that signalling calls them. */
export const EXTENSION_URIS = {
  /** RFC 9143 §15.1. */
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  /** RFC 8852 §3.1. */
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  /** RFC 8852 §3.2. */
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  /** draft-holmer-rmcat-transport-wide-cc-extensions-01. */
  transportSequenceNumber: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  /** RFC 6464. */
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  /** 3GPP TS 26.114 §7.4.5. */
  videoOrientation: 'urn:3gpp:video-orientation',
  playoutDelay: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  /** AV1 RTP specification, appendix A. */
  dependencyDescriptor:
    'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  absCaptureTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
} as const;

export type ExtensionName = keyof typeof EXTENSION_URIS;

const NAMES = Object.keys(EXTENSION_URIS) as ExtensionName[];

/** Ids by URI. Those with a name are properties, so that looking one up costs nothing; 0 = not agreed on. */
export class ExtensionMap implements Readonly<Record<ExtensionName, number>> {
  readonly mid: number = 0;
  readonly rid: number = 0;
  readonly repairedRid: number = 0;
  readonly absSendTime: number = 0;
  readonly transportSequenceNumber: number = 0;
  readonly audioLevel: number = 0;
  readonly videoOrientation: number = 0;
  readonly playoutDelay: number = 0;
  readonly dependencyDescriptor: number = 0;
  readonly absCaptureTime: number = 0;
  readonly #uris = new Map<number, string>();

  constructor(entries: Iterable<readonly [id: number, uri: string]> = []) {
    for (const [id, uri] of entries) this.set(id, uri);
  }

  /** How many ids have a meaning. */
  get size(): number {
    return this.#uris.size;
  }

  /** Gives `id` the meaning `uri`. What either was paired with before it is not any more. */
  set(id: number, uri: string): void {
    if (!(Number.isInteger(id) && id >= 1 && id <= 255)) throw new RtpError('BAD_EXTENSION', `id ${id}`);
    this.delete(this.idOf(uri));
    this.delete(id);
    this.#uris.set(id, uri);
    this.#name(uri, id);
  }

  /** Takes its meaning from `id`. False if it had none. */
  delete(id: number): boolean {
    const uri = this.#uris.get(id);
    if (uri === undefined) return false;
    this.#uris.delete(id);
    this.#name(uri, 0);
    return true;
  }

  /** The id of `uri`; 0 if there is none. */
  idOf(uri: string): number {
    for (const [id, each] of this.#uris) if (each === uri) return id;
    return 0;
  }

  /** The meaning of `id`. */
  uriOf(id: number): string | undefined {
    return this.#uris.get(id);
  }

  /** Every id with its meaning. */
  entries(): IterableIterator<[id: number, uri: string]> {
    return this.#uris.entries();
  }

  /**
   * A table for `RtpPacket.mapExtensionIds`: what here is said by one id is there said by another, and what is not
   * known there goes.
   */
  idsOf(there: ExtensionMap): Uint8Array {
    const ids = new Uint8Array(256);
    for (const [id, uri] of this.#uris) ids[id] = there.idOf(uri);
    return ids;
  }

  #name(uri: string, id: number): void {
    const name = NAMES.find((each) => EXTENSION_URIS[each] === uri);
    if (name !== undefined) (this as Record<ExtensionName, number>)[name] = id;
  }
}
