// Messages on streams that have no channel. RFC 8832 §6 calls them an error and has the stream reset.
//
// Deviation: they are held, up to a cap, since a negotiated channel may be made on this side a moment after the
// peer has begun to use its own. When they find no room, the RFC has its way.
import { LeanMap } from '@millrace/sans-io';

export interface EarlyMessage {
  readonly ppid: number;
  readonly bytes: Uint8Array;
}

export class EarlyMessages {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #byStream = new LeanMap<number, EarlyMessage[]>();
  #messages = 0;
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** Keeps `bytes`; false if there is no room. */
  hold(stream: number, ppid: number, bytes: Uint8Array): boolean {
    if (this.#messages >= this.#maxMessages || this.#bytes + bytes.length > this.#maxBytes) return false;
    const held = this.#byStream.get(stream);
    if (held) held.push({ ppid, bytes });
    else this.#byStream.set(stream, [{ ppid, bytes }]);
    this.#messages++;
    this.#bytes += bytes.length;
    return true;
  }

  /** What was held for `stream`, oldest first, removed. */
  take(stream: number): readonly EarlyMessage[] {
    const held = this.#byStream.get(stream);
    if (held === undefined) return [];
    this.#byStream.delete(stream);
    this.#messages -= held.length;
    for (const { bytes } of held) this.#bytes -= bytes.length;
    return held;
  }

  clear(): void {
    this.#byStream.clear();
    this.#messages = 0;
    this.#bytes = 0;
  }
}
