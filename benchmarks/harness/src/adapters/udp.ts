// The floors: what the machine itself carries between two processes, by node:dgram or by the native sockets in runs of
// datagrams. The bytes of the messages go out in datagrams of the size that the stacks use, and what a datagram brings
// counts as one message of the first channel: nothing is encrypted, repaired, kept apart or in order. A window keeps
// the receiver's socket buffer from overflowing: what overflows would cost the sender time and count for nobody.
//
// Each datagram:  | kind (1) | sequence number (4) | payload |;  an acknowledgement has the highest one seen.
import { createSocket } from 'node:dgram';
import { loadNative, type NativeUdp } from '@millrace/native';
import { putU32, u32 } from '@millrace/sans-io';
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
const SLOT_BYTES = HEADER_BYTES + PIECE_BYTES;
const DATA = 0;
const ACK = 1;
/** A default socket buffer (208 KiB) holds about 90 datagrams of this size; the native sockets ask for more. */
const WINDOW = { dgram: 64, native: 256 } as const;
/** Acknowledgements in a window. */
const ACKS = 4;
/** With no acknowledgement for so long, what is under way is taken for lost. */
const GIVE_UP_MS = 20;

/** A bound socket that knows where to send. */
interface Port {
  readonly local: Promise<number>;
  remote: number;
  readonly window: number;
  /** Memory to send from, a slot of `SLOT_BYTES` for each datagram of the window. */
  readonly slab: Uint8Array;
  /** Sends `slab[at, end)` as datagrams of `SLOT_BYTES`, the last of which may be shorter. */
  sendSlots(at: number, end: number): void;
  send(bytes: Uint8Array): void;
  close(): void;
}

type OnDatagram = (bytes: Uint8Array, at: number, end: number) => void;

export function load(name: 'udp' | 'udp-batched'): Implementation {
  const udp = name === 'udp' ? undefined : loadNative()?.udp;
  if (name === 'udp-batched' && udp === undefined) throw new Error('no native sockets on this machine');
  return {
    name,
    version: process.versions.node,
    createPeer: (options) =>
      new UdpPeer(options, (onDatagram) => (udp ? nativePort(udp, onDatagram) : dgramPort(onDatagram))),
    shutdown() {},
  };
}

function dgramPort(onDatagram: OnDatagram): Port {
  const socket = createSocket('udp4');
  socket.on('message', (datagram) => onDatagram(datagram, 0, datagram.length));
  const slab = new Uint8Array(WINDOW.dgram * SLOT_BYTES);
  const port: Port = {
    local: new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket.address().port))),
    remote: 0,
    window: WINDOW.dgram,
    slab,
    sendSlots(at, end) {
      for (; at < end; at += SLOT_BYTES)
        socket.send(slab, at, Math.min(SLOT_BYTES, end - at), port.remote, '127.0.0.1');
    },
    send: (bytes) => socket.send(bytes, port.remote, '127.0.0.1'),
    close: () => socket.close(),
  };
  return port;
}

function nativePort(udp: NativeUdp, onDatagram: OnDatagram): Port {
  const socket = udp.open('127.0.0.1', 0, { onDatagram });
  const slab = loadNative()!.slab(WINDOW.native * SLOT_BYTES);
  let remote = { address: '127.0.0.1', port: 0 };
  return {
    local: Promise.resolve(socket.local.port),
    get remote() {
      return remote.port;
    },
    set remote(port) {
      remote = { address: '127.0.0.1', port };
    },
    window: WINDOW.native,
    slab,
    // What the kernel does not take stays where it is until it does: a slot is not used again before it has arrived.
    sendSlots: (at, end) => void socket.send(slab, at, end, SLOT_BYTES, remote),
    send: (bytes) => void socket.send(bytes, 0, bytes.length, bytes.length, remote),
    close: () => socket.close(),
  };
}

class UdpPeer implements Peer {
  readonly #options: PeerOptions;
  readonly #channels: UdpChannel[] = [];
  readonly #opening: Array<() => void> = [];
  readonly #port: Port;
  readonly #queue: Array<{ readonly channel: UdpChannel; readonly bytes: Uint8Array }> = [];
  #queueAt = 0;
  /** How much of the first message in the queue has gone. */
  #taken = 0;
  #willFlush = false;
  #sent = 0;
  #acknowledged = 0;
  #received = 0;
  #acknowledgedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PeerOptions, openPort: (onDatagram: OnDatagram) => Port) {
    this.#options = options;
    this.#port = openPort((bytes, at, end) => this.#onDatagram(bytes, at, end));
  }

  open({ label = '0' }: ChannelOptions): Promise<Channel> {
    const channel = this.#createChannel(label);
    return new Promise((resolve) => {
      this.#opening.push(() => resolve(channel));
    });
  }

  offer(): void {
    const labels = this.#channels.map((channel) => channel.label);
    void this.#port.local.then((port) => {
      this.#options.onSignal({ kind: 'offer', sdp: JSON.stringify({ port, labels }) });
    });
  }

  signal(signal: Signal): void {
    if (signal.kind === 'candidate') return;
    const { port, labels } = JSON.parse(signal.sdp) as { port: number; labels: string[] };
    this.#port.remote = port;
    if (signal.kind === 'answer') {
      for (const open of this.#opening.splice(0)) open();
      return;
    }
    const channels = labels.map((label) => this.#createChannel(label));
    void this.#port.local.then((own) => {
      this.#options.onSignal({ kind: 'answer', sdp: JSON.stringify({ port: own, labels: [] }) });
      for (const channel of channels) this.#options.onChannel(channel);
    });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#port.close();
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
    while (this.#canSend) {
      const at = (this.#sent % this.#port.window) * SLOT_BYTES;
      let end = at;
      // A run ends with a datagram that is not full, and with the slab.
      do {
        const slot = (this.#sent % this.#port.window) * SLOT_BYTES;
        if (slot !== end) break;
        end = this.#fill(slot);
      } while (this.#canSend);
      this.#port.sendSlots(at, end);
    }
    if (this.#queueAt < 1024 && this.#queueAt < this.#queue.length) return;
    this.#queue.splice(0, this.#queueAt);
    this.#queueAt = 0;
  }

  get #canSend(): boolean {
    return this.#queueAt < this.#queue.length && this.#sent - this.#acknowledged < this.#port.window;
  }

  /** Makes the next datagram at `slot` of what fits from the queue; returns where it ends. */
  #fill(slot: number): number {
    const { slab } = this.#port;
    slab[slot] = DATA;
    putU32(slab, slot + 1, ++this.#sent);
    let at = slot + HEADER_BYTES;
    while (this.#queueAt < this.#queue.length && at < slot + SLOT_BYTES) {
      const { channel, bytes } = this.#queue[this.#queueAt]!;
      const count = Math.min(bytes.length - this.#taken, slot + SLOT_BYTES - at);
      slab.set(bytes.subarray(this.#taken, this.#taken + count), at);
      at += count;
      this.#taken += count;
      channel.bufferedAmount -= count;
      if (this.#taken < bytes.length) break;
      this.#taken = 0;
      this.#queueAt++;
    }
    return at;
  }

  #onDatagram(bytes: Uint8Array, at: number, end: number): void {
    const sequence = u32(bytes, at + 1);
    if (bytes[at] === ACK) {
      this.#onAcknowledged(sequence);
      return;
    }
    if (++this.#received % (this.#port.window / ACKS) === 0) {
      const ack = new Uint8Array(HEADER_BYTES);
      ack[0] = ACK;
      putU32(ack, 1, sequence);
      this.#port.send(ack);
    }
    this.#channels[0]?.handler(bytes.subarray(at + HEADER_BYTES, end));
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
