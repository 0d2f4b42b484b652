// `node --expose-gc --conditions=@millrace/source packages/rtp/bench/allocation.ts [packets]`: what V8's heap gives out for
// each packet that is read, changed, written, and for each RTCP packet that is walked.
import { getHeapStatistics } from 'node:v8';
import {
  addMissing,
  addReportBlock,
  EXTENSION_URIS,
  ExtensionMap,
  ExtensionTexts,
  Nack,
  ReportBlock,
  RTCP_KIND,
  RtcpReader,
  RtpPacket,
  readAbsSendTime,
  readAudioLevel,
  readTransportSequenceNumber,
  SenderReport,
  SequenceUnwrapper,
  TimestampUnwrapper,
  TransportWideFeedback,
  TransportWideWriter,
  writeAbsSendTime,
  writeNack,
  writeSenderReport,
  writeTransportSequenceNumber,
} from '@millrace/rtp';
import { putU16, putU32 } from '@millrace/sans-io';

const PACKETS = Number(process.argv[2] ?? 1_000_000);
const BYTES = 1200;
const SLOT = 1500;
const HEADROOM = 64;
const SLOTS = 64;

const map = new ExtensionMap([
  [1, EXTENSION_URIS.mid],
  [2, EXTENSION_URIS.absSendTime],
  [3, EXTENSION_URIS.transportSequenceNumber],
  [4, EXTENSION_URIS.audioLevel],
]);
const mids = new ExtensionTexts(['0', '1']);
const slab = new Uint8Array(SLOTS * SLOT);
for (let i = 0; i < SLOTS; i++) writePacket(i);
const packet = new RtpPacket();
const sequence = new SequenceUnwrapper();
const timestamps = new TimestampUnwrapper();
const payload = new Uint8Array(BYTES);

const rtcp = new Uint8Array(SLOT);
const reader = new RtcpReader();
const senderReport = new SenderReport();
const block = new ReportBlock();
const nack = new Nack();
const feedback = new TransportWideFeedback();
const feedbackWriter = new TransportWideWriter();
// Not a variable: each new value of one that is not a small integer would be an object.
const consumed = new Float64Array(1);
for (let i = 0; i < 5; i++) allocated();
const looked = allocated();
const costOfLooking = allocated() - looked;

measure('read: fields, sequence number unwrapped', (i) => {
  const at = (i % SLOTS) * SLOT + HEADROOM;
  putU16(slab, at + 2, i);
  putU32(slab, at + 4, Math.imul(i, 3_000));
  if (!packet.read(slab, at, at + BYTES)) throw new Error('refused');
  consumed[0]! += sequence.unwrap(packet.sequenceNumber) + timestamps.unwrap(packet.timestamp);
  consumed[0]! += packet.ssrc + packet.payloadBytes;
});
measure('read: four header extensions', (i) => {
  const at = (i % SLOTS) * SLOT + HEADROOM;
  if (!packet.read(slab, at, at + BYTES)) throw new Error('refused');
  consumed[0]! += mids.indexOf(packet, map.mid) + readAbsSendTime(packet, map.absSendTime);
  consumed[0]! += readTransportSequenceNumber(packet, map.transportSequenceNumber);
  consumed[0]! += readAudioLevel(packet, map.audioLevel);
});
measure('forward: SSRC, numbers and two extensions changed in place', (i) => {
  const at = (i % SLOTS) * SLOT + HEADROOM;
  if (!packet.read(slab, at, at + BYTES)) throw new Error('refused');
  packet.ssrc = (packet.ssrc + 0x1000_0001) >>> 0;
  packet.sequenceNumber = i;
  packet.timestamp = Math.imul(i, 3_000);
  writeTransportSequenceNumber(packet, map.transportSequenceNumber, i & 0xffff);
  writeAbsSendTime(packet, map.absSendTime, i * 0.1);
  consumed[0]! += packet.at;
});
measure('write: header, two extensions, payload', (i) => {
  const at = (i % SLOTS) * SLOT + HEADROOM;
  if (!packet.begin(slab, at, at + 1400, 96, i, Math.imul(i, 3_000), 0xdeadbeef)) throw new Error('no room');
  writeTransportSequenceNumber(packet, map.transportSequenceNumber, i & 0xffff);
  writeAbsSendTime(packet, map.absSendTime, i * 0.1);
  if (!packet.setPayload(payload, 0, payload.length)) throw new Error('no room');
  consumed[0]! += packet.end;
});
measure('RTCP: a sender report and a NACK, written and walked', (i) => {
  let end = writeSenderReport(rtcp, 0, SLOT, 0xdeadbeef, 0xe9000000, i, Math.imul(i, 9_000), i, i * 1_000);
  end += addReportBlock(rtcp, 0, SLOT, 0xcafebabe, 1, i, i, 77, 0xb7052000, 0x54000);
  const nackAt = end;
  writeNack(rtcp, nackAt, SLOT, 0xdeadbeef, 0xcafebabe);
  for (let lost = 0; lost < 5; lost++) addMissing(rtcp, nackAt, SLOT, (i + lost * 3) & 0xffff);
  end += 16;
  if (!reader.begin(rtcp, 0, end)) throw new Error('refused');
  while (reader.next()) {
    if (reader.kind === RTCP_KIND.senderReport && senderReport.read(reader)) {
      consumed[0]! += senderReport.ssrc + senderReport.rtpTimestamp;
      senderReport.readBlock(0, block);
      consumed[0]! += block.ssrc + block.jitter;
    } else if (reader.kind === RTCP_KIND.nack && nack.read(reader))
      while (nack.next()) consumed[0]! += nack.sequenceNumber;
  }
});
measure('RTCP: transport-wide feedback of 40 packets, written and walked', (i) => {
  const start = 1_000_000_000 + i * 400;
  feedbackWriter.begin(rtcp, 0, SLOT, 1, 2, i & 0xff, i & 0xffff, start);
  for (let each = 0; each < 40; each++)
    if (each % 9 !== 4 && !feedbackWriter.add((i + each) & 0xffff, start + each * 7))
      throw new Error('no room');
  const length = feedbackWriter.finish();
  if (!reader.begin(rtcp, 0, length) || !reader.next() || !feedback.read(reader)) throw new Error('refused');
  while (feedback.next())
    consumed[0]! += feedback.isReceived ? feedback.arrivalTicks : feedback.sequenceNumber;
});
console.log(`(${consumed[0]! > 0 ? 'all' : 'none'} consumed)`);

function measure(name: string, work: (i: number) => void): void {
  for (let i = 0; i < 2; i++) run(work, PACKETS); // until all has been compiled, for numbers of every size that will come
  const before = allocated();
  const start = process.cpuUsage();
  run(work, PACKETS);
  const nanoseconds = (process.cpuUsage(start).user * 1_000) / PACKETS;
  const bytes = allocated() - before - costOfLooking;
  console.log(
    `${name.padEnd(62)} ${(bytes / PACKETS).toFixed(3).padStart(7)} B, ${nanoseconds.toFixed(1).padStart(7)} ns of CPU each` +
      ` (${PACKETS} times, ${bytes} B in all)`,
  );
}

function run(work: (i: number) => void, times: number): void {
  for (let i = 0; i < times; i++) work(i);
}

function allocated(): number {
  globalThis.gc!();
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}

function writePacket(slot: number): void {
  const at = slot * SLOT + HEADROOM;
  const fresh = new RtpPacket();
  const mid = new TextEncoder().encode('1');
  fresh.begin(slab, at, at + BYTES, 96, slot, slot * 3_000, 0x8000_0000 + slot);
  fresh.setExtension(1, mid, 0, 1);
  fresh.setExtension(2, Uint8Array.of(1, 2, 3), 0, 3);
  fresh.setExtension(3, Uint8Array.of(1, 2), 0, 2);
  fresh.setExtension(4, Uint8Array.of(0x90), 0, 1);
  fresh.resizePayload(at + BYTES - fresh.headerEnd);
}
