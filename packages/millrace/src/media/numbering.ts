// Payload types and header extension ids of one connection: a number means the same in every section of a BUNDLE group
// (RFC 9143 §9.1, RFC 8285 §6), and keeps its meaning from one description to the next (RFC 8829 §5.2.2).
import { LeanMap } from '@millrace/sans-io';
import {
  type HeaderExtension,
  isSameCodec,
  type RtpCodec,
  type RtpDescription,
  repeatedPayloadType,
} from '@millrace/sdp';

const MAX_ONE_BYTE_ID = 14;

export class Numbering {
  readonly #codecs = new LeanMap<number, RtpCodec>();
  readonly #extensions = new LeanMap<number, string>();

  /** A description says so. What was known before stays. */
  learn({ codecs, extensions }: RtpDescription): void {
    for (const codec of codecs)
      if (!this.#codecs.has(codec.payloadType)) this.#codecs.set(codec.payloadType, codec);
    for (const { id, uri } of extensions) if (!this.#extensions.has(id)) this.#extensions.set(id, uri);
  }

  /** `own` with numbers that are theirs alone, and retransmissions for each if `rtx` is among them. */
  codecs(own: readonly RtpCodec[]): RtpCodec[] {
    const all: RtpCodec[] = [];
    const rtx = own.find(({ name }) => name === 'rtx');
    for (const codec of own) {
      if (codec === rtx) continue;
      const numbered = this.#numbered(codec, (known) => isSameCodec(known, codec));
      if (numbered) all.push(numbered);
    }
    if (!rtx) return all;
    const retransmissions = all.flatMap(({ payloadType }) => {
      const repeated = { ...rtx, payloadType: payloadType + 1, parameters: `apt=${payloadType}` };
      return this.#numbered(repeated, (known) => repeatedPayloadType(known) === payloadType) ?? [];
    });
    return [...all, ...retransmissions];
  }

  extensions(uris: readonly string[]): HeaderExtension[] {
    return uris.flatMap((uri) => {
      const id = this.#idOf(uri);
      return id === 0 ? [] : [{ id, uri }];
    });
  }

  #numbered(codec: RtpCodec, isIt: (known: RtpCodec) => boolean): RtpCodec | undefined {
    for (const [payloadType, known] of this.#codecs) if (isIt(known)) return { ...codec, payloadType };
    const payloadType = this.#codecs.has(codec.payloadType) ? this.#freeType() : codec.payloadType;
    if (payloadType === undefined) return undefined;
    const numbered = { ...codec, payloadType };
    this.#codecs.set(payloadType, numbered);
    return numbered;
  }

  /** RFC 5761 §4: 64 to 95 would look like RTCP. */
  #freeType(): number | undefined {
    for (let type = 96; type <= 127; type++) if (!this.#codecs.has(type)) return type;
    for (let type = 35; type <= 63; type++) if (!this.#codecs.has(type)) return type;
    return undefined;
  }

  #idOf(uri: string): number {
    for (const [id, known] of this.#extensions) if (known === uri) return id;
    for (let id = 1; id <= MAX_ONE_BYTE_ID; id++) {
      if (this.#extensions.has(id)) continue;
      this.#extensions.set(id, uri);
      return id;
    }
    return 0;
  }
}
