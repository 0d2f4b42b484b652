// One data channel with everything that happened on it: events in order, messages not yet taken, and a sink for
// bulk data that is filled without keeping messages apart.

import type { Channel } from './w3c.ts';

export interface Bulk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  filled: number;
  messages: number;
  overflow: number;
  first: number; // ms
  last: number; // ms
}

export class ChannelLog {
  readonly channel: Channel;
  readonly events: string[] = [];
  readonly inbox: Array<string | Uint8Array<ArrayBuffer>> = [];
  /** Of each message that ever came to the inbox: which it was among those of all channels. */
  readonly arrivals: number[] = [];
  bulk: Bulk | undefined;
  lowEvents = 0;
  onLow: (() => void) | undefined;

  readonly #count: () => number;

  /** `count` tells how many messages have come on any channel, this one included. */
  constructor(channel: Channel, count: () => number) {
    this.channel = channel;
    this.#count = count;
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => this.events.push('open');
    channel.onclosing = () => this.events.push('closing');
    channel.onclose = () => this.events.push('close');
    channel.onerror = () => this.events.push('error');
    channel.onmessage = (event) => this.#onMessage(event.data);
    channel.onbufferedamountlow = () => {
      this.lowEvents++;
      this.onLow?.();
    };
  }

  expectBulk(length: number): void {
    this.bulk = { bytes: new Uint8Array(length), filled: 0, messages: 0, overflow: 0, first: 0, last: 0 };
  }

  #onMessage(data: unknown): void {
    if (this.bulk !== undefined) {
      this.#fill(this.bulk, bytesOf(data));
      return;
    }
    this.arrivals.push(this.#count());
    // A copy, because some implementations hand out views of memory they use again.
    this.inbox.push(typeof data === 'string' ? data : bytesOf(data).slice());
    if (this.events.at(-1) !== 'message') this.events.push('message');
  }

  #fill(bulk: Bulk, bytes: Uint8Array): void {
    bulk.last = performance.now();
    if (bulk.messages++ === 0) bulk.first = bulk.last;
    if (bulk.filled + bytes.length > bulk.bytes.length) {
      bulk.overflow += bytes.length;
      return;
    }
    bulk.bytes.set(bytes, bulk.filled);
    bulk.filled += bytes.length;
  }
}

function bytesOf(data: unknown): Uint8Array<ArrayBuffer> {
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  }
  if (Object.prototype.toString.call(data) === '[object ArrayBuffer]')
    return new Uint8Array(data as ArrayBuffer);
  throw new TypeError(`a message came as ${Object.prototype.toString.call(data)}`);
}
