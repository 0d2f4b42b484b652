// Ends a transfer that was interrupted or in which nothing moves: the connection is cut, everything that waits for
// it fails, and the failure that is told is the reason for the cut.
import { Failure } from './failure.ts';
import type { FileSession } from './file-session.ts';
import { Watchdog } from './watchdog.ts';

export interface TransferWatch {
  /** Something has moved. */
  feed(): void;
  stop(): void;
  /** The transfer's outcome, or why it was cut. */
  outcome<T>(transfer: Promise<T>): Promise<T>;
}

export function watchTransfer(session: FileSession, signal: AbortSignal, timeout: number): TransferWatch {
  let reason: unknown;
  const cut = (why: unknown): void => {
    reason ??= why;
    session.link.close();
  };
  const onAbort = (): void => cut(signal.reason);
  const watchdog = new Watchdog(timeout, () => cut(new Failure(`nothing has moved for ${timeout / 1000} s`)));
  signal.addEventListener('abort', onAbort);
  watchdog.start();
  if (signal.aborted) onAbort();
  return {
    feed: () => watchdog.feed(),
    stop: () => {
      watchdog.stop();
      signal.removeEventListener('abort', onAbort);
    },
    outcome: async (transfer) => {
      try {
        return await transfer;
      } catch (error) {
        throw reason ?? error;
      }
    },
  };
}
