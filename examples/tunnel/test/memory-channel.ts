// Two ends of a channel in memory: what one sends is there for the other at once.
import type { WireChannel } from '../src/wire/lane.ts';

export const SETTLED: Promise<void> = Promise.resolve();

type Listener = (event: MessageEvent) => void;

export class MemoryChannel implements WireChannel {
  readyState = 'open';
  bufferedAmount = 0;
  highWaterMark = 0;
  ready: Promise<void> = SETTLED;
  peer!: MemoryChannel;
  readonly sent: Array<string | Uint8Array> = [];
  readonly #listeners: Array<readonly [type: string, listener: Listener]> = [];

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.push([type, listener]);
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data);
    const copy = typeof data === 'string' ? data : Uint8Array.from(data);
    this.peer.#fire(new MessageEvent('message', { data: copy }));
  }

  close(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.peer.readyState = 'closed';
    this.peer.#fire(new MessageEvent('closing'));
    for (const end of [this, this.peer]) end.#fire(new MessageEvent('close'));
  }

  #fire(event: MessageEvent): void {
    for (const [type, listener] of this.#listeners) if (type === event.type) listener(event);
  }
}

export function channelPair(): [MemoryChannel, MemoryChannel] {
  const [a, b] = [new MemoryChannel(), new MemoryChannel()];
  [a.peer, b.peer] = [b, a];
  return [a, b];
}
