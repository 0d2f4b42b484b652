// The two halves of a channel as WHATWG streams.
import { exception } from '../errors.ts';
import type { MessageReader } from './message-reader.ts';
import type { RTCDataChannel, Sendable } from './rtc-data-channel.ts';

export function readableOf(reader: MessageReader<string | Uint8Array>): ReadableStream<string | Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await reader.return();
      },
    },
    // Messages wait in the reader already.
    { highWaterMark: 0 },
  );
}

export function writableOf(channel: RTCDataChannel): WritableStream<Sendable> {
  let isClosing = false;
  return new WritableStream<Sendable>({
    start(controller) {
      // A channel that closes under the stream stops its source at once, not at the next chunk.
      const onEnd = (reason: unknown): void => {
        if (!isClosing) controller.error(reason);
      };
      channel.closed.then(() => onEnd(exception('InvalidStateError', 'the channel is closed')), onEnd);
    },
    async write(chunk) {
      await channel.ready;
      channel.send(chunk);
    },
    async close() {
      isClosing = true;
      channel.close();
      await channel.closed;
    },
    abort() {
      isClosing = true;
      channel.close();
    },
  });
}
