// The floor: what node:dgram alone carries between two processes. The bytes of the messages go out in datagrams of
// the size that the stacks use, and what a datagram brings counts as one message of the first channel: nothing is
// encrypted, repaired, kept apart or in order. A window keeps the receiver's socket buffer from overflowing: what
// overflows would cost the sender time and count for nobody.
//
// Each datagram:  | kind (1) | sequence number (4) | payload |;  an acknowledgement has the highest one seen.
import { createSocket, type Socket } from 'node:dgram';
import type {
  Channel,
  ChannelOptions,
  Implementation,
  Peer,
  PeerOptions,
  Signal,
} from '../implementation.ts';

/** About what is left of a 1200-byte packet behind the headers of DTLS and SCTP. */
const PIECE_BYTES = 1150;
const HEADER_BYTES = 5;
const DATA = 0;
const ACK = 1;
/** A default socket buffer (208 KiB) holds about 90 datagrams of this size. */
const WINDOW = 64;
const ACK_EVERY = 16;
/** With no acknowledgement for so long, what is under way is taken for lost. */
const GIVE_UP_MS = 20;

export function load(): Implementation {
  return {
    name: 'udp',
    version: process.versions.node,
    createPeer: (options) => new UdpPeer(options),
    shutdown() {},
  };
}

class UdpPeer implements Peer {
  readonly #options: PeerOptions;
  readonly #channels: UdpChannel[] = [];
  readonly #opening: Array<() => void> = [];
  readonly #port: Promise<number>;
  readonly #socket: Socket = createSocket('udp4');
  /** One for each datagram under way: none is written to again before it has left. */
  readonly #slots: readonly Buffer[] = Array.from({ length: WINDOW }, () =>
    Buffer.alloc(HEADER_BYTES + PIECE_BYTES),
  );
  readonly #queue: Array<{ readonly channel: UdpChannel; readonly bytes: Uint8Array }> = [];
  #remotePort = 0;
  #queueAt = 0;
  /** How much of the first message in the queue has gone. */
  #taken = 0;
  #willFlush = false;
  #sent = 0;
  #acknowledged = 0;
  #received = 0;
  #acknowledgedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#port = new Promise((resolve) => {
      this.#socket.bind(0, '127.0.0.1', () => resolve(this.#socket.address().port));
    });
    this.#socket.on('message', (datagram) => this.#onDatagram(datagram));
  }

  open({ label = '0' }: ChannelOptions): Promise<Channel> {
    const channel = this.#createChannel(label);
    return new Promise((resolve) => {
      this.#opening.push(() => resolve(channel));
    });
  }

  offer(): void {
    const labels = this.#channels.map((channel) => channel.label);
    void this.#port.then((port) => {
      this.#options.onSignal({ kind: 'offer', sdp: JSON.stringify({ port, labels }) });
    });
  }

  signal(signal: Signal): void {
    if (signal.kind === 'candidate') return;
    const { port, labels } = JSON.parse(signal.sdp) as { port: number; labels: string[] };
    this.#remotePort = port;
    if (signal.kind === 'answer') {
      for (const open of this.#opening.splice(0)) open();
      return;
    }
    const channels = labels.map((label) => this.#createChannel(label));
    void this.#port.then((own) => {
      this.#options.onSignal({ kind: 'answer', sdp: JSON.stringify({ port: own, labels: [] }) });
      for (const channel of channels) this.#options.onChannel(channel);
    });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  /** Takes a message, which goes with those that follow it at once. */
  queue(channel: UdpChannel, bytes: Uint8Array): void {
    this.#queue.push({ channel, bytes });
    this.#timer ??= setInterval(() => this.#forgetLost(), GIVE_UP_MS);
    if (this.#willFlush) return;
    this.#willFlush = true;
    queueMicrotask(() => {
      this.#willFlush = false;
      this.#flush();
    });
  }

  #createChannel(label: string): UdpChannel {
    const channel = new UdpChannel(this, label);
    this.#channels.push(channel);
    return channel;
  }

  #flush(): void {
    while (this.#queueAt < this.#queue.length && this.#sent - this.#acknowledged < WINDOW) {
      const slot = this.#slots[this.#sent++ % WINDOW]!;
      slot[0] = DATA;
      slot.writeUInt32BE(this.#sent, 1);
      this.#socket.send(slot, 0, this.#fill(slot), this.#remotePort, '127.0.0.1');
    }
    if (this.#queueAt < 1024 && this.#queueAt < this.#queue.length) return;
    this.#queue.splice(0, this.#queueAt);
    this.#queueAt = 0;
  }

  /** Moves what fits from the queue into `slot`; returns where it ends. */
  #fill(slot: Buffer): number {
    let at = HEADER_BYTES;
    while (this.#queueAt < this.#queue.length && at < slot.length) {
      const { channel, bytes } = this.#queue[this.#queueAt]!;
      const count = Math.min(bytes.length - this.#taken, slot.length - at);
      slot.set(bytes.subarray(this.#taken, this.#taken + count), at);
      at += count;
      this.#taken += count;
      channel.bufferedAmount -= count;
      if (this.#taken < bytes.length) break;
      this.#taken = 0;
      this.#queueAt++;
    }
    return at;
  }

  #onDatagram(datagram: Buffer): void {
    const sequence = datagram.readUInt32BE(1);
    if (datagram[0] === ACK) {
      this.#onAcknowledged(sequence);
      return;
    }
    if (++this.#received % ACK_EVERY === 0) {
      const ack = Buffer.allocUnsafe(HEADER_BYTES);
      ack[0] = ACK;
      ack.writeUInt32BE(sequence, 1);
      this.#socket.send(ack, this.#remotePort, '127.0.0.1');
    }
    this.#channels[0]?.handler(datagram.subarray(HEADER_BYTES));
  }

  #onAcknowledged(sequence: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
    this.#acknowledgedAt = performance.now();
    this.#flush();
    for (const channel of this.#channels) channel.tellIfLow();
  }

  #forgetLost(): void {
    if (performance.now() - this.#acknowledgedAt >= GIVE_UP_MS) this.#onAcknowledged(this.#sent);
  }
}

class UdpChannel implements Channel {
  readonly label: string;
  readonly reportsLow = true;
  bufferedAmount = 0;
  handler: (message: Uint8Array) => void = () => {};
  readonly #peer: UdpPeer;
  #threshold = 0;
  #low: (() => void) | undefined;

  constructor(peer: UdpPeer, label: string) {
    this.#peer = peer;
    this.label = label;
  }

  send(bytes: Uint8Array): void {
    this.bufferedAmount += bytes.length;
    this.#peer.queue(this, bytes);
  }

  onMessage(handler: (message: Uint8Array | ArrayBuffer) => void): void {
    this.handler = handler;
  }

  onLow(threshold: number, handler: () => void): void {
    this.#threshold = threshold;
    this.#low = handler;
  }

  tellIfLow(): void {
    if (this.bufferedAmount <= this.#threshold) this.#low?.();
  }
}
