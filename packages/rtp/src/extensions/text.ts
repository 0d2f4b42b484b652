// Hot, except for what makes strings: SDES items as header extensions (RFC 7941 §4): mid (RFC 9143 §15), rid and the
// repaired rid (RFC 8852 §3). Which text a packet carries is found out without a string.
import type { RtpPacket } from '../packet/rtp-packet.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The element's text; empty if it is missing. Makes a string: for the first packet of a stream, not for each. */
export function readExtensionText(packet: RtpPacket, id: number): string {
  const at = packet.findExtension(id);
  return at === 0 ? '' : decoder.decode(packet.bytes.subarray(at, at + packet.extensionLength));
}

/** Whether the element is there and its text is `text`, in UTF-8. */
export function isExtensionText(packet: RtpPacket, id: number, text: Uint8Array): boolean {
  const at = packet.findExtension(id);
  if (at === 0 || packet.extensionLength !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (packet.bytes[at + i] !== text[i]) return false;
  return true;
}

/** A few texts, such as the mids of a session, among which a packet's is found. */
export class ExtensionTexts {
  readonly #texts: readonly string[];
  readonly #bytes: readonly Uint8Array[];

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.#bytes = texts.map((text) => encoder.encode(text));
  }

  /** Which of the texts the element is; -1 if it is none of them or missing. */
  indexOf(packet: RtpPacket, id: number): number {
    const at = packet.findExtension(id);
    if (at === 0) return -1;
    const { bytes, extensionLength } = packet;
    for (let which = 0; which < this.#bytes.length; which++) {
      const text = this.#bytes[which]!;
      if (text.length !== extensionLength) continue;
      let i = 0;
      while (i < extensionLength && bytes[at + i] === text[i]) i++;
      if (i === extensionLength) return which;
    }
    return -1;
  }

  /** The text itself; `undefined` if the element is none of them or missing. */
  find(packet: RtpPacket, id: number): string | undefined {
    const index = this.indexOf(packet, id);
    return index === -1 ? undefined : this.#texts[index];
  }
}
