// Two ends of a data channel in memory: what one sends the other gets in a later turn, in order.
import type { DropChannel } from '../src/wire/channel.ts';

export class MemoryChannel extends EventTarget implements DropChannel {
  readyState = 'open';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  binaryType = 'blob';
  other: MemoryChannel | undefined;
  /** Bytes that it has held at most. */
  mostBuffered = 0;
  /** Changes what goes out. */
  tamper: (data: string | ArrayBuffer) => string | ArrayBuffer = (data) => data;

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 'open') throw new Error('not open');
    const [bytes, copy] = typeof data === 'string' ? [data.length, data] : [data.length, data.slice().buffer];
    this.bufferedAmount += bytes;
    this.mostBuffered = Math.max(this.mostBuffered, this.bufferedAmount);
    setImmediate(() => {
      const wasLow = this.bufferedAmount <= this.bufferedAmountLowThreshold;
      this.bufferedAmount -= bytes;
      this.other!.dispatchEvent(new MessageEvent('message', { data: this.tamper(copy) }));
      if (!wasLow && this.bufferedAmount <= this.bufferedAmountLowThreshold)
        this.dispatchEvent(new Event('bufferedamountlow'));
    });
  }

  close(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    setImmediate(() => {
      this.other!.close();
      this.dispatchEvent(new Event('close'));
    });
  }
}

export function memoryChannels(): [MemoryChannel, MemoryChannel] {
  const [a, b] = [new MemoryChannel(), new MemoryChannel()];
  a.other = b;
  b.other = a;
  return [a, b];
}
