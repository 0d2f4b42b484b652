// What a packet costs in time and in garbage on its way through both ends: application, chain, (wire), chain, jitter
// buffer, application. Reports, transport-wide feedback, and on the lossy course NACK and RTX, are part of it.
// Usage: node --expose-gc --conditions=@millrace/source packages/rtp/bench/pipeline.ts [packets] [payload bytes]
import { getHeapStatistics } from 'node:v8';
import { RtpPacket, writeRtpHeader } from '@millrace/rtp';
import { MediaChain, type RtpStream, type StreamInfo } from '@millrace/rtp/interceptors';
import { AudioJitterBuffer, VideoJitterBuffer } from '@millrace/rtp/jitter-buffer';
import { setCopyPart } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';

// What the driver hands in.
setCopyPart((from, to, at, start, end) => void Buffer.prototype.copy.call(from, to, at, start, end));

const count = Number(process.argv[2] ?? 1_000_000);
const payloadBytes = Number(process.argv[3] ?? 1_100);
const BATCH = 32;
const PACKETS_PER_FRAME = 8;
const SLOT = 1_536;

const VIDEO: StreamInfo = {
  ssrc: 0x1234_5678,
  kind: 'video',
  payloads: [{ payloadType: 96, clockRate: 90_000, rtxPayloadType: 97 }],
  rtxSsrc: 0x1234_5679,
  feedback: ['nack', 'pli', 'transport-cc'],
  transportSequenceId: 5,
};

interface Course {
  readonly name: string;
  readonly stream: StreamInfo;
  readonly loss: number;
  /** Milliseconds from one batch to the next: a whole number needs no box, another does, which is the caller's. */
  readonly step: number;
}

const COURSES: readonly Course[] = [
  { name: 'video', stream: VIDEO, loss: 0, step: 4 },
  { name: 'video, clock with fractions', stream: VIDEO, loss: 0, step: 4.1 },
  { name: 'video, 2 % lost', stream: VIDEO, loss: 0.02, step: 4 },
  { name: 'audio', stream: { ...VIDEO, kind: 'audio' }, loss: 0, step: 4 },
];

class Bench {
  readonly a = new MediaChain({ random: new SeededRandom(1), cname: 'a', reducedSize: true, pacer: false });
  readonly b = new MediaChain({ random: new SeededRandom(2), cname: 'b', reducedSize: true, pacer: false });
  readonly course: Course;
  readonly stream: RtpStream;
  readonly #audio: AudioJitterBuffer;
  readonly #video: VideoJitterBuffer;
  readonly #slab = new Uint8Array(BATCH * SLOT * 2);
  readonly #lengths = new Uint16Array(BATCH * 2);
  readonly #isRtcp = new Uint8Array(BATCH * 2);
  readonly #source = new Uint8Array(SLOT);
  readonly #packet = new RtpPacket();
  readonly #out = new RtpPacket();
  readonly #random = new SeededRandom(3);
  #sequence = 0;
  #now = 0;
  delivered = 0;
  lost = 0;

  constructor(course: Course) {
    this.course = course;
    this.stream = this.a.chain.addLocalStream(course.stream, 0);
    this.b.chain.addRemoteStream(course.stream, 0);
    this.#audio = new AudioJitterBuffer({ clockRate: 90_000 });
    this.#video = new VideoJitterBuffer({ clockRate: 90_000 });
    const at = writeRtpHeader(this.#source, 0, SLOT, false, 96, 0, 0, course.stream.ssrc);
    this.#source[0]! |= 0x10;
    this.#source.set([0xbe, 0xde, 0, 1, 0x51, 0, 0, 0], at);
  }

  get retransmitted(): number {
    return this.a.reports.transmission(this.stream)!.retransmittedPackets;
  }

  run(packets: number): void {
    const { a, b, course } = this;
    const packet = this.#packet;
    for (let sent = 0; sent < packets; sent += BATCH) {
      this.#now += course.step;
      const now = this.#now;
      if (a.chain.isDue(now)) a.chain.expire(now);
      if (b.chain.isDue(now)) b.chain.expire(now);
      for (let i = 0; i < BATCH; i++) {
        packet.read(this.#source, 0, 20 + payloadBytes);
        const sequence = this.#sequence++;
        packet.sequenceNumber = sequence & 0xffff;
        packet.marker = sequence % PACKETS_PER_FRAME === PACKETS_PER_FRAME - 1;
        packet.timestamp = Math.floor(now) * 90 + ((sequence % BATCH) >> 3);
        a.chain.sendRtp(packet, now);
      }
      this.#move(a, b, now, course.loss);
      this.#play(now);
      this.#move(b, a, now, 0);
    }
  }

  /** All that one end has to send, into a slab, and from there to the other. */
  #move(from: MediaChain, to: MediaChain, now: number, loss: number): void {
    let filled = 0;
    for (; filled < this.#lengths.length; filled++) {
      const at = filled * SLOT;
      const length = from.chain.transmit(this.#slab, at, at + SLOT, now);
      if (length === 0) break;
      this.#lengths[filled] = length;
      this.#isRtcp[filled] = from.chain.isRtcp ? 1 : 0;
    }
    for (let i = 0; i < filled; i++) {
      const at = i * SLOT;
      const end = at + this.#lengths[i]!;
      if (this.#isRtcp[i] === 1) {
        to.chain.receiveRtcp(this.#slab, at, end, now);
        continue;
      }
      if (loss > 0 && this.#random.u32() % 100 < loss * 100) {
        this.lost++;
        continue;
      }
      if (!this.#packet.read(this.#slab, at, end)) continue;
      if (to.chain.receiveRtp(this.#packet, now) === undefined) continue;
      if (this.course.stream.kind === 'audio') this.#audio.push(this.#packet, now);
      else this.#video.push(this.#packet, now);
    }
  }

  #play(now: number): void {
    const out = this.#out;
    while (this.#audio.pop(out, now)) this.delivered++;
    for (let frame = this.#video.pop(now); frame !== undefined; frame = this.#video.pop(now))
      for (let i = 0; i < frame.packetCount; i++) {
        frame.packet(i, out);
        this.delivered++;
      }
  }
}

for (const course of COURSES) {
  const bench = new Bench(course);
  bench.run(1_000_000); // warm
  globalThis.gc?.();
  const deliveredBefore = bench.delivered;
  const retransmittedBefore = bench.retransmitted;
  const before = getHeapStatistics();
  const start = process.cpuUsage();
  bench.run(count);
  const { user, system } = process.cpuUsage(start);
  const after = getHeapStatistics();
  console.log(
    JSON.stringify({
      bench: 'rtp-pipeline',
      course: course.name,
      payloadBytes,
      nanosecondsPerPacket: Math.round(((user + system) * 1_000) / count),
      heapBytesPerPacket:
        Math.round(((after.total_allocated_bytes - before.total_allocated_bytes) / count) * 1_000) / 1_000,
      delivered: bench.delivered - deliveredBefore,
      retransmitted: bench.retransmitted - retransmittedBefore,
    }),
  );
}
