// What stands between a received RTP packet and the application: reception statistics, the log for NACK and
// transport-wide feedback (`receive`), and the jitter buffer that puts packets in order (`reorder`). Both libraries
// begin with the packet's bytes. werift's parts get the transport-wide number handed to them, and a transport that
// takes its feedback and does nothing; its jitter buffer hands over packets by order alone.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { RtpPacket } from '@millrace/rtp';
import { MediaChain } from '@millrace/rtp/interceptors';
import { AudioJitterBuffer } from '@millrace/rtp/jitter-buffer';
import { copyBytes, putU16, putU32, type RandomSource, u16 } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';
import { mediaPackets, PACKETS, SSRC } from './rtp-inputs.ts';
import { weriftPart } from './werift.ts';

/** One packet in so many comes behind its successor. */
const SWAP_EVERY = 16;
/** Packets in a millisecond: 2.4 Mbit/s of 1200 bytes would be a quarter; a forwarder has more. */
const PACKETS_PER_MILLI = 4;
const CLOCK_RATE = 90;
const EXTENSION_AT = 12;
const TRANSPORT_NUMBER_AT = EXTENSION_AT + 5;
const HEADER_BYTES = 20;
const random: RandomSource = new SeededRandom(1);

interface WeriftPacket {
  readonly header: { readonly sequenceNumber: number };
  readonly payload: Buffer;
}
interface Werift {
  RtpPacket: { deSerialize(bytes: Buffer): WeriftPacket };
}
interface WeriftStatistics {
  StreamStatistics: new (clockRate: number) => { add(packet: WeriftPacket): void; packets_received: number };
}
interface WeriftNack {
  NackHandler: new (receiver: object) => { addPacket(packet: WeriftPacket): void; close(): void };
}
interface WeriftTwcc {
  ReceiverTWCC: new (
    transport: { sendRtcp(packets: unknown): Promise<void> },
    rtcpSsrc: number,
    mediaSsrc: number,
  ) => { handleTWCC(number: number): void };
}
interface WeriftJitter {
  JitterBufferBase: new (
    clockRate: number,
  ) => { processInput(input: { rtp: WeriftPacket }): Array<{ rtp?: WeriftPacket }> };
}

export const operation: Operation = {
  subjects: {
    millrace({ verb, bytes }: OperationSettings): Prepared {
      return verb === 'receive' ? receive(bytes as number) : reorder(bytes as number);
    },
    async werift({ verb, bytes }: OperationSettings): Promise<Prepared> {
      const { RtpPacket: Packet } = (await import('werift')) as unknown as Werift;
      return verb === 'receive'
        ? weriftReceive(Packet, bytes as number)
        : weriftReorder(Packet, bytes as number);
    },
  },
};

function receive(bytes: number): Prepared {
  const media = new MediaChain({ random, cname: 'bench', reducedSize: true });
  media.chain.addRemoteStream(
    {
      ssrc: SSRC,
      kind: 'video',
      payloads: [{ payloadType: 96, clockRate: 90_000 }],
      feedback: ['nack', 'transport-cc'],
      transportSequenceId: 5,
    },
    0,
  );
  const packet = new RtpPacket();
  const out = new Uint8Array(1_500);
  const source = new Source(bytes);
  let delivered = 0;
  let feedback = 0;
  return {
    run(times) {
      for (let i = 0; i < times; i++) {
        const raw = source.next(false);
        const now = Math.floor(source.count / PACKETS_PER_MILLI);
        if (!packet.read(raw, 0, raw.length)) throw new Error('a good packet was refused');
        if (media.chain.receiveRtp(packet, now) !== undefined) delivered += packet.payloadBytes;
        if (media.chain.isDue(now)) media.chain.expire(now);
        feedback += media.chain.transmit(out, 0, out.length, now);
      }
      return delivered + feedback;
    },
  };
}

function weriftReceive(Packet: Werift['RtpPacket'], bytes: number): Prepared {
  const { StreamStatistics } = weriftPart<WeriftStatistics>('webrtc/src/media/receiver/statistics.js');
  const { NackHandler } = weriftPart<WeriftNack>('webrtc/src/media/receiver/nack.js');
  const { ReceiverTWCC } = weriftPart<WeriftTwcc>('webrtc/src/media/receiver/receiverTwcc.js');
  let feedback = 0;
  const transport = {
    async sendRtcp(): Promise<void> {
      feedback++;
    },
  };
  const statistics = new StreamStatistics(90_000);
  const nack = new NackHandler({ rtcpSsrc: 1, dtlsTransport: transport });
  const twcc = new ReceiverTWCC(transport, 1, SSRC);
  const source = new Source(bytes);
  let delivered = 0;
  return {
    run(times) {
      for (let i = 0; i < times; i++) {
        const raw = source.next(false);
        const packet = Packet.deSerialize(raw);
        statistics.add(packet);
        nack.addPacket(packet);
        twcc.handleTWCC(u16(raw, TRANSPORT_NUMBER_AT));
        delivered += packet.payload.length;
      }
      return delivered + feedback;
    },
    close() {
      nack.close();
    },
  };
}

function reorder(bytes: number): Prepared {
  const buffer = new AudioJitterBuffer({ clockRate: CLOCK_RATE * 1_000, minDelay: 0, maxDelay: 20 });
  const packet = new RtpPacket();
  const out = new RtpPacket();
  const source = new Source(bytes);
  let delivered = 0;
  return {
    run(times) {
      for (let i = 0; i < times; i++) {
        const raw = source.next(true);
        const now = Math.floor(source.count / PACKETS_PER_MILLI);
        if (!packet.read(raw, 0, raw.length)) throw new Error('a good packet was refused');
        buffer.push(packet, now);
        while (buffer.pop(out, now)) delivered += out.payloadBytes;
      }
      return delivered;
    },
  };
}

function weriftReorder(Packet: Werift['RtpPacket'], bytes: number): Prepared {
  const { JitterBufferBase } = weriftPart<WeriftJitter>('rtp/src/extra/processor/jitterBuffer.js');
  const buffer = new JitterBufferBase(CLOCK_RATE * 1_000);
  const source = new Source(bytes);
  let delivered = 0;
  return {
    run(times) {
      for (let i = 0; i < times; i++) {
        // It keeps what it is given, so that each packet has to have memory of its own.
        const rtp = Packet.deSerialize(Buffer.from(source.next(true)));
        for (const output of buffer.processInput({ rtp })) delivered += output.rtp?.payload.length ?? 0;
      }
      return delivered;
    },
  };
}

/** Packets one after the other, with an extension of the transport-wide number; the next overwrites one of 64. */
class Source {
  count = 0;
  readonly #packets: readonly Buffer[];

  constructor(bytes: number) {
    this.#packets = mediaPackets('rtp', bytes);
    const extension = Uint8Array.of(0xbe, 0xde, 0, 1, 0x51, 0, 0, 0);
    for (const packet of this.#packets) {
      packet[0] = 0x90;
      copyBytes(packet, EXTENSION_AT, extension, 0, HEADER_BYTES - EXTENSION_AT);
    }
  }

  next(isSwapped: boolean): Buffer {
    const index = this.count++;
    const packet = this.#packets[index % PACKETS]!;
    const place = index % SWAP_EVERY;
    const number = !isSwapped || place > 1 ? index : place === 0 ? index + 1 : index - 1;
    // werift takes a number 0 for none.
    putU16(packet, 2, number);
    putU32(packet, 4, Math.floor((number / PACKETS_PER_MILLI) * CLOCK_RATE));
    putU16(packet, TRANSPORT_NUMBER_AT, number);
    return packet;
  }
}
