// After an upgrade a channel and a socket carry bytes, each at the pace of the other; each direction ends by itself.
import type { Duplex } from 'node:stream';
import type { Exchange } from '../wire/exchange.ts';
import { ABORTS, type AbortReason } from '../wire/frames.ts';

export interface RawPipe {
  /** Bytes from the channel. */
  write(bytes: Uint8Array): void;
  /** The channel has no more. */
  end(): void;
  /** The channel takes bytes again. */
  resume(): void;
  destroy(): void;
}

/**
 * `early` is what the socket has given already; `reason` is what the other side hears if the socket is cut. `onDone` is
 * called once; with words if it ended otherwise than well.
 */
export function pipeRaw(
  socket: Duplex,
  early: Uint8Array,
  exchange: Exchange,
  reason: AbortReason,
  onDone: (end: string | undefined) => void,
): RawPipe {
  if (early.length > 0) exchange.write(early);
  socket.on('data', (chunk: Uint8Array) => {
    if (!exchange.write(chunk)) socket.pause();
  });
  socket.on('end', () => exchange.end());
  socket.on('error', () => {});
  socket.on('close', () => {
    if (!socket.readableEnded) exchange.abort(reason);
    onDone(socket.readableEnded ? undefined : ABORTS[reason]);
  });
  return {
    write: (bytes) => {
      socket.write(bytes, () => exchange.consumed(bytes.length));
    },
    end: () => {
      socket.end();
    },
    resume: () => {
      socket.resume();
    },
    destroy: () => {
      socket.destroy();
    },
  };
}
