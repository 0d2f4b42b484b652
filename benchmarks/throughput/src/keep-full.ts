// Keeps the send buffers of channels full, the way an application with more data than the path can carry does.
import type { Channel } from '@millrace/bench-harness';

/** All channels together hold about so many messages, within these bounds in bytes. */
const MESSAGES = 1_024;
const LEAST_BYTES = 256 * 1024;
const MOST_BYTES = 4 * 1024 * 1024;
/** How often channels are looked at that do not tell when their buffer is low. */
const POLL_MS = 1;
/** The same for those that do: an event may come before it is waited for. */
const SLOW_POLL_MS = 20;

export interface Sending {
  /** What has been handed to the channels so far. */
  readonly bytes: number;
  stop(): void;
}

/** Until it is stopped, tops each channel up when it has fallen to a quarter. */
export function keepFull(channels: readonly Channel[], messageBytes: number): Sending {
  const message = new Uint8Array(messageBytes);
  for (let i = 0; i < messageBytes; i++) message[i] = (i * 167 + (i >> 8)) & 0xff;
  const total = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, MESSAGES * messageBytes));
  const full = Math.max(total / channels.length, 2 * messageBytes);
  const low = full / 4;
  /** What fills an empty buffer. Where the stack sends as fast as this, the event loop still gets its turn. */
  const burst = Math.ceil(full / messageBytes);
  const sending = { bytes: 0, stop };
  let isOver = false;

  const fill = (channel: Channel): void => {
    for (let i = 0; i < burst && !isOver && channel.bufferedAmount < full; i++) {
      channel.send(message);
      sending.bytes += messageBytes;
    }
  };
  const look = (): void => {
    for (const channel of channels) if (channel.bufferedAmount <= low) fill(channel);
  };
  const timer = setInterval(look, channels.every(({ reportsLow }) => reportsLow) ? SLOW_POLL_MS : POLL_MS);
  for (const channel of channels) {
    channel.onLow(low, () => fill(channel));
    fill(channel);
  }
  return sending;

  function stop(): void {
    isOver = true;
    clearInterval(timer);
  }
}
