// RTP and RTCP beside werift's codecs, in one process and in turns: `node --conditions=@millrace/source
// packages/rtp/bench/codecs.ts [rounds]`. First each reads what the other has written; only if they agree is anything
// measured. What is read is used; what is written lands in a slot here, in a buffer of its own there.
import assert from 'node:assert/strict';
import {
  addMissing,
  addReportBlock,
  Nack,
  ReportBlock,
  RtcpReader,
  RtpPacket,
  SenderReport,
  TransportWideFeedback,
  writeNack,
  writeSenderReport,
} from '@millrace/rtp';
import { setCopyPart } from '@millrace/sans-io';
import { SeededRandom } from '@millrace/sans-io/testing';

interface WeriftExtension {
  readonly id: number;
  readonly payload: Buffer;
}
interface WeriftHeader {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly csrc: readonly number[];
  readonly extensions: readonly WeriftExtension[];
}
interface WeriftRtp {
  readonly header: WeriftHeader;
  readonly payload: Buffer;
  serialize(): Buffer;
}
interface WeriftRtcp {
  readonly type: number;
  readonly ssrc: number;
  readonly feedback: {
    readonly lost: readonly number[];
    readonly packetChunks: readonly WeriftChunk[];
    readonly recvDeltas: readonly { readonly delta: number }[];
  };
  readonly senderInfo: { readonly rtpTimestamp: number };
  readonly reports: readonly { readonly ssrc: number; readonly jitter: number }[];
  serialize(): Buffer;
}
interface WeriftChunk {
  readonly packetStatus: number;
  readonly runLength: number;
  readonly symbolList?: readonly number[];
}
interface Werift {
  RtpPacket: {
    deSerialize(bytes: Buffer): WeriftRtp;
    new (header: WeriftHeader, payload: Buffer): WeriftRtp;
  };
  RtpHeader: new (fields: object) => WeriftHeader;
  RtcpPacketConverter: { deSerialize(bytes: Buffer): WeriftRtcp[] };
}

const WERIFT = 'werift'; // installed for the benchmarks, not for this package
const werift = (await import(WERIFT)) as unknown as Werift;
const rounds = Number(process.argv[2] ?? 7);
const random = new SeededRandom(1);
const PACKETS = 64;

const view = new RtpPacket();
const reader = new RtcpReader();
const senderReport = new SenderReport();
const block = new ReportBlock();
const nack = new Nack();
const feedback = new TransportWideFeedback();
const slot = new Uint8Array(1_500);
const consumed = new Float64Array(1);

// As the driver does: parts of arrays are copied without a view of them.
const { copy } = Buffer.prototype;
setCopyPart((from, to, at, start, end) => copy.call(from, to, at, start, end));

crossCheck();
const plain = Array.from({ length: PACKETS }, (_, i) => rtp(i, false, 1_200));
const extended = Array.from({ length: PACKETS }, (_, i) => rtp(i, true, 1_200));
const reports = Array.from({ length: PACKETS }, (_, i) => rtcp(() => writeReport(i)));
const nacks = Array.from({ length: PACKETS }, (_, i) => rtcp(() => writeMissing(i)));
const feedbacks = Array.from({ length: PACKETS }, (_, i) => transportWide(i));
const payload = new Uint8Array(1_188);
const parsedPlain = plain.map((bytes) => werift.RtpPacket.deSerialize(bytes));
const parsed = extended.map((bytes) => werift.RtpPacket.deSerialize(bytes));

compare(
  'parse RTP of 1200 B',
  (i) => {
    const bytes = plain[i % PACKETS]!;
    view.read(bytes, 0, bytes.length);
    consumed[0]! += view.sequenceNumber + view.timestamp + view.ssrc + view.payloadBytes;
  },
  (i) => {
    const { header, payload } = werift.RtpPacket.deSerialize(plain[i % PACKETS]!);
    consumed[0]! += header.sequenceNumber + header.timestamp + header.ssrc + payload.length;
  },
);
compare(
  'parse RTP of 1200 B, two extensions looked up',
  (i) => {
    const bytes = extended[i % PACKETS]!;
    view.read(bytes, 0, bytes.length);
    consumed[0]! += view.sequenceNumber + bytes[view.findExtension(2)]! + bytes[view.findExtension(3)]!;
  },
  (i) => {
    const { header } = werift.RtpPacket.deSerialize(extended[i % PACKETS]!);
    const [, second, third] = header.extensions;
    consumed[0]! += header.sequenceNumber + second!.payload[0]! + third!.payload[0]!;
  },
);
compare(
  'marshal RTP of 1200 B',
  (i) => {
    view.begin(slot, 0, slot.length, 96, i, i * 3_000, 0xcafe);
    view.setPayload(payload, 0, payload.length);
    consumed[0]! += slot[3]! + view.end;
  },
  (i) => {
    const bytes = parsedPlain[i % PACKETS]!.serialize();
    consumed[0]! += bytes[3]! + bytes.length;
  },
);
compare(
  'marshal RTP of 1200 B with three extensions',
  (i) => {
    view.begin(slot, 0, slot.length, 96, i, i * 3_000, 0xcafe);
    slot[view.reserveExtension(1, 1)] = 0x31;
    slot[view.reserveExtension(2, 3)] = i;
    slot[view.reserveExtension(3, 2)] = i;
    view.setPayload(payload, 0, payload.length - 24);
    consumed[0]! += slot[3]! + view.end;
  },
  (i) => {
    const bytes = parsed[i % PACKETS]!.serialize();
    consumed[0]! += bytes[3]! + bytes.length;
  },
);
compare(
  'parse a sender report of two blocks',
  (i) => readReport(reports[i % PACKETS]!),
  (i) => {
    const [packet] = werift.RtcpPacketConverter.deSerialize(reports[i % PACKETS]!);
    consumed[0]! += packet!.senderInfo.rtpTimestamp;
    for (const each of packet!.reports) consumed[0]! += each.ssrc + each.jitter;
  },
);
compare(
  'parse a NACK of nine packets',
  (i) => readMissing(nacks[i % PACKETS]!),
  (i) => {
    const [packet] = werift.RtcpPacketConverter.deSerialize(nacks[i % PACKETS]!);
    for (const each of packet!.feedback.lost) consumed[0]! += each;
  },
);
compare(
  'parse transport-wide feedback of 29 packets',
  (i) => readFeedback(feedbacks[i % PACKETS]!),
  (i) => {
    const [packet] = werift.RtcpPacketConverter.deSerialize(feedbacks[i % PACKETS]!);
    for (const each of packet!.feedback.recvDeltas) consumed[0]! += each.delta;
  },
);

function readReport(bytes: Uint8Array): void {
  if (!reader.begin(bytes, 0, bytes.length) || !reader.next() || !senderReport.read(reader)) return;
  consumed[0]! += senderReport.rtpTimestamp;
  for (let i = 0; i < senderReport.blockCount; i++) {
    senderReport.readBlock(i, block);
    consumed[0]! += block.ssrc + block.jitter;
  }
}

function readMissing(bytes: Uint8Array): void {
  if (!reader.begin(bytes, 0, bytes.length) || !reader.next() || !nack.read(reader)) return;
  while (nack.next()) consumed[0]! += nack.sequenceNumber;
}

function readFeedback(bytes: Uint8Array): void {
  if (!reader.begin(bytes, 0, bytes.length) || !reader.next() || !feedback.read(reader)) return;
  while (feedback.next()) consumed[0]! += feedback.isReceived ? feedback.arrivalTicks : 0;
}

/** In turns, by CPU time, so that what else runs on the machine counts little. */
function compare(name: string, ours: (i: number) => void, theirs: (i: number) => void): void {
  const OURS = 400_000;
  const THEIRS = 20_000;
  const nanoseconds = (work: (i: number) => void, times: number): number => {
    const start = process.cpuUsage();
    for (let i = 0; i < times; i++) work(i);
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1_000) / times;
  };
  nanoseconds(ours, OURS);
  nanoseconds(theirs, THEIRS);
  const pairs = Array.from(
    { length: rounds },
    () => [nanoseconds(ours, OURS), nanoseconds(theirs, THEIRS)] as const,
  );
  const ratios = pairs.map(([a, b]) => b / a).sort((a, b) => a - b);
  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  const mine = median(pairs.map(([a]) => a));
  console.log(
    `${name.padEnd(46)} ${mine.toFixed(1).padStart(6)} ns (${(1_000 / mine).toFixed(1)} million/s), werift ` +
      `${median(pairs.map(([, b]) => b))
        .toFixed(0)
        .padStart(6)} ns: ${median(ratios).toFixed(1)}x ` +
      `(${ratios[0]!.toFixed(1)}..${ratios.at(-1)!.toFixed(1)})`,
  );
}

/** Packets of many shapes, written by either and read by the other. */
function crossCheck(): void {
  for (let i = 0; i < 2_000; i++) {
    const ours = rtp(i, true, 40 + random.below(400));
    const { header, payload } = werift.RtpPacket.deSerialize(ours);
    assert(view.read(ours, 0, ours.length));
    assertSame(header, payload);

    const extensions = Array.from({ length: random.below(4) }, (_, id) => {
      const data = Buffer.alloc(1 + random.below(16));
      random.fill(data);
      return { id: id + 1, payload: data };
    });
    const fields = { extension: extensions.length > 0, extensions, marker: random.chance(0.5) };
    const csrc = Array.from({ length: random.below(4) }, () => random.u32());
    const made = new werift.RtpHeader({
      ...fields,
      csrc,
      csrcLength: csrc.length,
      payloadType: random.below(128),
      sequenceNumber: random.below(65_536),
      timestamp: random.u32(),
      ssrc: random.u32(),
    });
    const body = Buffer.alloc(random.below(200));
    random.fill(body);
    const theirs = new werift.RtpPacket(made, body).serialize();
    assert(view.read(theirs, 0, theirs.length));
    assertSame(made, body);

    const report = rtcp(() => writeReport(i));
    const [sr] = werift.RtcpPacketConverter.deSerialize(report);
    assert(reader.begin(report, 0, report.length) && reader.next() && senderReport.read(reader));
    assert.deepEqual([sr!.ssrc, sr!.senderInfo.rtpTimestamp], [senderReport.ssrc, senderReport.rtpTimestamp]);
    for (const [index, each] of sr!.reports.entries()) {
      senderReport.readBlock(index, block);
      assert.deepEqual([block.ssrc, block.jitter], [each.ssrc, each.jitter]);
    }
    assert.deepEqual(new Uint8Array(sr!.serialize()), new Uint8Array(report));

    const missing = rtcp(() => writeMissing(i));
    const [theirNack] = werift.RtcpPacketConverter.deSerialize(missing);
    const lost: number[] = [];
    assert(reader.begin(missing, 0, missing.length) && reader.next() && nack.read(reader));
    while (nack.next()) lost.push(nack.sequenceNumber);
    // It lets the 16 packets behind 65535 go on without wrapping.
    assert.deepEqual(
      lost,
      theirNack!.feedback.lost.map((each) => each & 0xffff),
    );

    const arrivals = transportWide(i);
    const [theirFeedback] = werift.RtcpPacketConverter.deSerialize(arrivals);
    const received: boolean[] = [];
    const ticks: number[] = [];
    assert(reader.begin(arrivals, 0, arrivals.length) && reader.next() && feedback.read(reader));
    for (let last = feedback.arrivalTicks; feedback.next(); last = feedback.arrivalTicks) {
      received.push(feedback.isReceived);
      if (feedback.isReceived) ticks.push(feedback.arrivalTicks - last);
    }
    const symbols = theirFeedback!.feedback.packetChunks.flatMap(
      (chunk) => chunk.symbolList ?? new Array<number>(chunk.runLength).fill(chunk.packetStatus),
    );
    assert.deepEqual(
      received,
      symbols.slice(0, received.length).map((symbol) => symbol !== 0),
    );
    assert.deepEqual(
      ticks,
      theirFeedback!.feedback.recvDeltas.map(({ delta }) => delta / 250),
    );
  }
  console.log('werift reads what is written here, and what it writes is read here: 2000 of each kind\n');
}

function assertSame(header: WeriftHeader, payload: Buffer): void {
  assert.deepEqual(
    [view.marker, view.payloadType, view.sequenceNumber, view.timestamp, view.ssrc],
    [header.marker, header.payloadType, header.sequenceNumber, header.timestamp, header.ssrc],
  );
  assert.deepEqual(
    Array.from({ length: view.csrcCount }, (_, i) => view.csrc(i)),
    [...header.csrc],
  );
  for (const { id, payload: data } of header.extensions) {
    const at = view.findExtension(id);
    assert.deepEqual(view.bytes.subarray(at, at + view.extensionLength), data, `extension ${id}`);
  }
  assert.deepEqual(Buffer.from(view.bytes.slice(view.headerEnd, view.payloadEnd)), Buffer.from(payload));
}

function rtp(i: number, withExtensions: boolean, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  random.fill(bytes);
  const packet = new RtpPacket();
  assert(packet.begin(bytes, 0, length, 96, 1_000 + i, i * 960, 0x12345678));
  if (withExtensions) {
    packet.setExtension(1, Uint8Array.of(0x31), 0, 1);
    packet.setExtension(2, Uint8Array.of(i, 2, 3), 0, 3);
    packet.setExtension(3, Uint8Array.of(i >> 8, i), 0, 2);
  }
  packet.resizePayload(length - packet.headerEnd);
  return bytes;
}

function rtcp(write: () => number): Buffer {
  return Buffer.from(slot.slice(0, write()));
}

function writeReport(i: number): number {
  let length = writeSenderReport(slot, 0, 1_500, 1 + i, random.u32(), random.u32(), random.u32(), i, i * 900);
  for (let blocks = 0; blocks < 2; blocks++)
    length += addReportBlock(slot, 0, 1_500, random.u32(), 3, blocks, i, random.below(999), random.u32(), i);
  return length;
}

function writeMissing(i: number): number {
  writeNack(slot, 0, 1_500, 1, 2);
  for (let each = 0; each < 9; each++) addMissing(slot, 0, 1_500, (i * 100 + each * each) & 0xffff);
  return 12 + 4 * Math.ceil(((slot[3]! + 1) * 4 - 12) / 4);
}

/** 22 packets in a row, then seven by a vector of two-bit symbols: five received, one of them late, two lost. */
function transportWide(i: number): Buffer {
  const bytes = Buffer.alloc(52);
  random.fill(bytes);
  bytes.set([
    0x8f,
    205,
    0,
    12,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    2,
    (1_000 + i * 29) >> 8,
    1_000 + i * 29,
    0,
    29,
    0,
    1,
    2,
    i,
  ]);
  bytes.set([0x20, 22, 0b11010010, 0b01010001], 20);
  return bytes;
}
