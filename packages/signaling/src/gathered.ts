// Waiting for the candidates of a connection.
import type { ConnectionShape } from './connection-shape.ts';

/** Resolves when all candidates are known, or the time is over. */
export function gathered(connection: ConnectionShape, within: number): Promise<void> {
  if (connection.iceGatheringState === 'complete') return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (connection.iceGatheringState === 'complete') resolve();
  };
  const timer = setTimeout(resolve, within);
  connection.addEventListener('icegatheringstatechange', look);
  return promise.finally(() => {
    clearTimeout(timer);
    connection.removeEventListener('icegatheringstatechange', look);
  });
}
