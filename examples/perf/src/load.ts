// Messages as fast as the connection takes them, and what arrives of them.
import type { RTCDataChannel } from 'millrace';

export interface Amount {
  readonly bytes: number;
  readonly messages: number;
}

/** Bytes waiting to be sent, of all channels: enough to keep the connection busy, few enough to be gone soon. */
const MAX_WAITING = 1024 * 1024;
const MIN_WAITING = 64 * 1024;
const MESSAGES_WAITING = 4096;

/** Sends on every channel until the time of `performance.now()` is `end`. */
export async function sendLoad(
  channels: readonly RTCDataChannel[],
  size: number,
  end: number,
): Promise<Amount> {
  const payload = new Uint8Array(size).map((_, i) => i * 7);
  const waiting = Math.min(MAX_WAITING, Math.max(MIN_WAITING, size * MESSAGES_WAITING));
  let messages = 0;
  const fill = async (channel: RTCDataChannel): Promise<void> => {
    channel.highWaterMark = waiting / channels.length;
    while (true) {
      await channel.ready;
      if (performance.now() >= end) return;
      channel.send(payload);
      messages++;
    }
  };
  await Promise.all(channels.map(fill));
  return { bytes: messages * size, messages };
}

/** Counts what arrives on any number of channels. */
export class Arrivals {
  bytes = 0;
  messages = 0;
  #expected = Number.POSITIVE_INFINITY;
  readonly #complete = Promise.withResolvers<number>();

  /** Listens from now on. */
  watch(channel: RTCDataChannel): void {
    channel.binaryType = 'uint8array';
    channel.onmessage = ({ data }) => {
      this.bytes += (data as Uint8Array).length;
      this.messages++;
      if (this.bytes >= this.#expected) this.#complete.resolve(performance.now());
    };
  }

  /** When the last of so many bytes had arrived, on the clock of `performance.now()`. */
  all(bytes: number): Promise<number> {
    this.#expected = bytes;
    if (this.bytes >= bytes) this.#complete.resolve(performance.now());
    return this.#complete.promise;
  }
}
