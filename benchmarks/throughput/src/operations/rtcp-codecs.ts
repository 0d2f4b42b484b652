// RTCP by @millrace/rtp: what a packet says is read to its last entry, and written into the slot it is sent from.
import {
  addMissing,
  addReportBlock,
  Nack,
  ReportBlock,
  RtcpReader,
  SenderReport,
  TransportWideFeedback,
  TransportWideWriter,
  writeNack,
  writeSenderReport,
} from '@millrace/rtp';
import type { PacketKind } from './rtp-kinds.ts';

type RtcpKind = Exclude<PacketKind, 'rtp'>;
type Read = (packet: Uint8Array) => number;

const ROOM_BYTES = 1_500;
/** Each kind says something, so a sum of nothing is a packet that was refused. */
const REFUSED = 'a good packet was refused';

export function rtcpReader(kind: RtcpKind): Read {
  const reader = new RtcpReader();
  const content = { sr: senderReport, nack, twcc: transportFeedback }[kind](reader);
  return (packet) => {
    if (!reader.begin(packet, 0, packet.length) || !reader.next()) throw new Error(REFUSED);
    return content();
  };
}

function senderReport(reader: RtcpReader): () => number {
  const report = new SenderReport();
  const block = new ReportBlock();
  return () => {
    if (!report.read(reader)) throw new Error(REFUSED);
    let sum = report.ssrc + report.ntpShort + report.rtpTimestamp + report.packetCount + report.octetCount;
    for (let i = 0; i < report.blockCount; i++) {
      report.readBlock(i, block);
      sum += block.ssrc + block.fractionLost + block.cumulativeLost + block.highestSequenceNumber;
      sum += block.jitter + block.lastSenderReport + block.delaySinceLastSenderReport;
    }
    return sum;
  };
}

function nack(reader: RtcpReader): () => number {
  const missing = new Nack();
  return () => {
    if (!missing.read(reader)) throw new Error(REFUSED);
    let sum = missing.mediaSsrc;
    while (missing.next()) sum += missing.sequenceNumber;
    return sum;
  };
}

function transportFeedback(reader: RtcpReader): () => number {
  const feedback = new TransportWideFeedback();
  return () => {
    if (!feedback.read(reader)) throw new Error(REFUSED);
    let sum = feedback.mediaSsrc;
    while (feedback.next()) if (feedback.isReceived) sum += feedback.sequenceNumber + feedback.arrivalTicks;
    return sum;
  };
}

/** Writes what `packet` says into the same slot each time and returns its length. */
export function rtcpWriter(
  kind: RtcpKind,
  packet: Uint8Array,
): { readonly out: Uint8Array; write(): number } {
  const reader = new RtcpReader();
  if (!reader.begin(packet, 0, packet.length) || !reader.next()) throw new Error(REFUSED);
  const out = new Uint8Array(ROOM_BYTES);
  return { out, write: { sr: writeReport, nack: writeMissing, twcc: writeFeedback }[kind](reader, out) };
}

function writeReport(reader: RtcpReader, out: Uint8Array): () => number {
  const report = new SenderReport();
  if (!report.read(reader)) throw new Error(REFUSED);
  const blocks = Array.from({ length: report.blockCount }, (_, i) => {
    const block = new ReportBlock();
    report.readBlock(i, block);
    return block;
  });
  return () => {
    const { ssrc, ntpSeconds, ntpFraction, rtpTimestamp, packetCount, octetCount } = report;
    let length = writeSenderReport(
      out,
      0,
      out.length,
      ssrc,
      ntpSeconds,
      ntpFraction,
      rtpTimestamp,
      packetCount,
      octetCount,
    );
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i]!;
      length += addReportBlock(
        out,
        0,
        out.length,
        block.ssrc,
        block.fractionLost,
        block.cumulativeLost,
        block.highestSequenceNumber,
        block.jitter,
        block.lastSenderReport,
        block.delaySinceLastSenderReport,
      );
    }
    return length;
  };
}

function writeMissing(reader: RtcpReader, out: Uint8Array): () => number {
  const missing = new Nack();
  if (!missing.read(reader)) throw new Error(REFUSED);
  const { senderSsrc, mediaSsrc } = missing;
  const numbers: number[] = [];
  while (missing.next()) numbers.push(missing.sequenceNumber);
  return () => {
    writeNack(out, 0, out.length, senderSsrc, mediaSsrc);
    for (let i = 0; i < numbers.length; i++) addMissing(out, 0, out.length, numbers[i]!);
    return ((out[2]! << 8) | out[3]!) * 4 + 4;
  };
}

function writeFeedback(reader: RtcpReader, out: Uint8Array): () => number {
  const feedback = new TransportWideFeedback();
  if (!feedback.read(reader)) throw new Error(REFUSED);
  const { senderSsrc, mediaSsrc } = feedback;
  const numbers: number[] = [];
  const ticks: number[] = [];
  while (feedback.next()) {
    if (!feedback.isReceived) continue;
    numbers.push(feedback.sequenceNumber);
    ticks.push(feedback.arrivalTicks);
  }
  const writer = new TransportWideWriter();
  let count = 0;
  return () => {
    writer.begin(out, 0, out.length, senderSsrc, mediaSsrc, count++ & 0xff, numbers[0]!, ticks[0]!);
    for (let i = 0; i < numbers.length; i++) writer.add(numbers[i]!, ticks[i]!);
    return writer.finish();
  };
}
