// Round trips of small messages: one goes out, comes back, and the next goes out.
import type { RTCDataChannel } from 'millrace';
import type { RoundTrips } from './messages.ts';

const MESSAGE_BYTES = 1024;
/** Round trips before any is counted, for the code to be compiled and the caches to be warm. */
const WARM_UP = 500;

/** Sends everything back as it came. */
export function echo(channel: RTCDataChannel): void {
  channel.onmessage = ({ data }) => channel.send(data);
}

/** `onStep` is called now and then: something moves. Rejects when the channel closes. */
export async function pingPong(
  channel: RTCDataChannel,
  count: number,
  onStep: () => void,
): Promise<RoundTrips> {
  await channel.ready;
  const done = Promise.withResolvers<void>();
  const samples = new Float64Array(count);
  const message = new Uint8Array(MESSAGE_BYTES);
  let next = -WARM_UP;
  let sentAt = performance.now();
  channel.onmessage = () => {
    const now = performance.now();
    if (next >= 0) samples[next] = now - sentAt;
    if (++next % 100 === 0) onStep();
    if (next === count) {
      done.resolve();
      return;
    }
    sentAt = performance.now();
    channel.send(message);
  };
  channel.onclose = () => done.reject(new Error('the channel was closed while round trips were measured'));
  channel.send(message);
  await done.promise;
  channel.onmessage = null;
  channel.onclose = null;
  samples.sort();
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => percentile(samples, share)) as [
    number,
    number,
    number,
  ];
  return { count, p50, p99, p999 };
}

/** The smallest sample that `share` of all are not above; `sorted` must not be empty. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
