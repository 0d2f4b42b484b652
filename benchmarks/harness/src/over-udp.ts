// The floor under the flows: what node:dgram alone carries between two processes. A message goes out as datagrams of
// the size that the stacks use, and every datagram that comes in counts as a message of its own; nothing is
// encrypted, repaired, put together or kept in order. A window keeps the receiver's socket buffer from overflowing:
// what overflows would cost the sender time and count for nobody.
//
// Each datagram:  | channel (1) | sequence number (4) | payload |;  an acknowledgement has the highest one seen.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Connection, Flow, FlowContext } from './flow.ts';
import type { Channel } from './implementation.ts';

/** About what is left of a 1200-byte packet behind the headers of DTLS and SCTP. */
const PIECE_BYTES = 1150;
const HEADER_BYTES = 5;
const ACK = 0xff;
/** A default socket buffer (208 KiB) holds about 90 datagrams of this size. */
const WINDOW = 64;
const ACK_EVERY = 16;
/** With no acknowledgement for so long, what is under way is taken for lost. */
const GIVE_UP_MS = 20;

/** The same flow without a stack: its connections are pairs of sockets. */
export function overUdp(flow: Flow): Flow {
  const join = async ({ tell, heard }: FlowContext, channels: number): Promise<Connection> => {
    const started = performance.now();
    const link = new UdpLink(channels);
    tell(await link.bind());
    link.remotePort = await heard();
    return {
      channel: link.channels[0]!,
      channels: link.channels,
      openedAfter: performance.now() - started,
      phases: {},
      close: () => link.close(),
    };
  };
  const beneath = (context: FlowContext): FlowContext => ({
    ...context,
    connect: (channels = [{}]) => join(context, channels.length),
    accept: (channels = 1) => join(context, channels),
  });
  return {
    offerer: (context) => flow.offerer(beneath(context)),
    answerer: (context) => flow.answerer(beneath(context)),
  };
}

class UdpLink {
  readonly channels: readonly UdpChannel[];
  remotePort = 0;
  readonly #socket: Socket = createSocket('udp4');
  /** One for each datagram under way: none is written to again before it has left. */
  readonly #slots: readonly Buffer[] = Array.from({ length: WINDOW }, () =>
    Buffer.alloc(HEADER_BYTES + PIECE_BYTES),
  );
  readonly #queue: Array<{ readonly channel: UdpChannel; readonly bytes: Uint8Array }> = [];
  #queueAt = 0;
  #pieceAt = 0;
  #sent = 0;
  #acknowledged = 0;
  #received = 0;
  #acknowledgedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(channels: number) {
    this.channels = Array.from({ length: channels }, (_, id) => new UdpChannel(this, id));
    this.#socket.on('message', (datagram) => this.#onDatagram(datagram));
  }

  async bind(): Promise<number> {
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return this.#socket.address().port;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  queue(channel: UdpChannel, bytes: Uint8Array): void {
    this.#queue.push({ channel, bytes });
    this.#timer ??= setInterval(() => this.#forgetLost(), GIVE_UP_MS);
    this.#flush();
  }

  #flush(): void {
    while (this.#queueAt < this.#queue.length && this.#sent - this.#acknowledged < WINDOW) {
      const { channel, bytes } = this.#queue[this.#queueAt]!;
      const end = Math.min(bytes.length, this.#pieceAt + PIECE_BYTES);
      const slot = this.#slots[this.#sent++ % WINDOW]!;
      slot[0] = channel.id;
      slot.writeUInt32BE(this.#sent, 1);
      slot.set(bytes.subarray(this.#pieceAt, end), HEADER_BYTES);
      this.#socket.send(slot, 0, HEADER_BYTES + end - this.#pieceAt, this.remotePort, '127.0.0.1');
      channel.bufferedAmount -= end - this.#pieceAt;
      this.#pieceAt = end;
      if (end < bytes.length) continue;
      this.#pieceAt = 0;
      this.#queueAt++;
    }
    if (this.#queueAt < 1024 && this.#queueAt < this.#queue.length) return;
    this.#queue.splice(0, this.#queueAt);
    this.#queueAt = 0;
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
      this.#socket.send(ack, this.remotePort, '127.0.0.1');
    }
    this.channels[datagram[0]!]?.handler(datagram.subarray(HEADER_BYTES));
  }

  #onAcknowledged(sequence: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
    this.#acknowledgedAt = performance.now();
    this.#flush();
    for (const channel of this.channels) channel.tellIfLow();
  }

  #forgetLost(): void {
    if (performance.now() - this.#acknowledgedAt >= GIVE_UP_MS) this.#onAcknowledged(this.#sent);
  }
}

class UdpChannel implements Channel {
  readonly id: number;
  readonly label: string;
  readonly reportsLow = true;
  bufferedAmount = 0;
  handler: (message: Uint8Array) => void = () => {};
  readonly #link: UdpLink;
  #threshold = 0;
  #low: (() => void) | undefined;

  constructor(link: UdpLink, id: number) {
    this.#link = link;
    this.id = id;
    this.label = String(id);
  }

  send(bytes: Uint8Array): void {
    this.bufferedAmount += bytes.length;
    this.#link.queue(this, bytes);
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
