// RTCP compounds (RFC 3550, 4585, 5104, 8888, 3611 and their like): every packet of any kind is read to its end without
// leaving it, cursors come to an end, and what is passed on reads the same.
import {
  AppPacket,
  Bye,
  CongestionControlFeedback,
  ExtendedReport,
  FullIntraRequest,
  MaxBitrate,
  Nack,
  ReceiverReport,
  Remb,
  ReportBlock,
  RtcpReader,
  SenderReport,
  SourceDescription,
  TransportWideFeedback,
} from '@millrace/rtp';
import { hexBytes } from './hex.ts';
import { type FuzzTarget, invariant } from './target.ts';

const SR =
  '81c8000c 12345678 b44db705 20000000 00010203 00000005 00000500 902f9e2e 55fffffe 00012345 00000064 b7052000 00054000';
const SDES = '82ca0007 00000001 01036162 63060174 00000000 00000002 01026465 0f013000';
const TWCC = '8fcd0007 00000001 00000002 000a000a 00000105 2003e400 010203ff fcff9000';

const sender = new SenderReport();
const receiver = new ReceiverReport();
const block = new ReportBlock();
const description = new SourceDescription();
const bye = new Bye();
const app = new AppPacket();
const nack = new Nack();
const fir = new FullIntraRequest();
const maxBitrate = new MaxBitrate();
const remb = new Remb();
const transportWide = new TransportWideFeedback();
const congestion = new CongestionControlFeedback();
const extended = new ExtendedReport();

export const target: FuzzTarget = {
  name: 'rtcp',
  seeds: [
    hexBytes(SR + SDES),
    hexBytes(
      SR.replace('81c8000c 12345678 b44db705 20000000 00010203 00000005 00000500', '81c90007 12345678'),
    ),
    hexBytes(`80c90001 00000001 ${SDES} 82cb0004 00000001 deadbeef 04656e64 2e000000`),
    hexBytes('85cc0004 00000001 6d696c6c 01020304 05060708'),
    hexBytes('81cd0004 00000001 00000002 0064ffff fffe8003 81ce0002 00000001 00000002'),
    hexBytes('84ce0006 00000001 00000000 00000002 ff000000 deadbeef 01000000'),
    hexBytes('83cd0004 00000001 00000000 00000002 13d09028 84cd0002 00000001 00000000'),
    hexBytes('8fce0005 00000001 00000000 52454d42 011a20df 4874ed16'),
    hexBytes(TWCC),
    hexBytes('afcd0005 fa17fa17 43032fa0 00990001 3de80217 20019401'),
    hexBytes('8bcd0009 00000001 00000002 ffff0003 a0100000 9ffe0000 00000003 00100002 e000dfff 12345678'),
    hexBytes('80cf0008 00000001 04000002 b44db705 20000000 05000003 00000002 b7052000 00054000'),
    hexBytes('85d20001 deadbeef'),
  ],
  run(input, random) {
    const at = random.below(8);
    const end = at + input.length;
    const bytes = new Uint8Array(end + random.below(8)).fill(0xee);
    bytes.set(input, at);
    // The length of a single packet is right most of the time, or little would be looked at.
    if (input.length >= 4 && input.length % 4 === 0 && random.chance(0.5)) {
      bytes[at + 2] = (input.length / 4 - 1) >> 8;
      bytes[at + 3] = input.length / 4 - 1;
    }
    const reader = new RtcpReader();
    if (!reader.begin(bytes, at, end)) {
      invariant(!reader.next(), 'what was refused has no packets');
      return;
    }
    let last = at;
    let packets = 0;
    while (reader.next()) {
      packets++;
      invariant(
        reader.at >= last && reader.at + 4 <= reader.end && reader.end <= end,
        'packets lie in order',
      );
      last = reader.end;
      look(reader);
      passOn(reader);
    }
    invariant(packets > 0, 'a compound has a packet');
  },
};

function look(reader: RtcpReader): void {
  const { end } = reader;
  let steps = 0;
  const within = (at: number): void => invariant(at <= end && steps++ < 70_000, 'reads stay in the packet');
  if (sender.read(reader))
    for (let i = 0; i < sender.blockCount; i++) {
      sender.readBlock(i, block);
      within(block.at + 24);
    }
  if (receiver.read(reader))
    for (let i = 0; i < receiver.blockCount; i++) {
      receiver.readBlock(i, block);
      within(block.at + 24);
      invariant(Math.abs(block.cumulativeLost) <= 0x80_0000, 'a loss has 24 bits');
    }
  if (description.read(reader))
    while (description.nextChunk())
      while (description.nextItem()) {
        within(description.itemEnd);
        invariant(typeof description.text === 'string', 'a text is made of any bytes');
      }
  if (bye.read(reader)) {
    within(reader.at + 4 + bye.sourceCount * 4);
    within(bye.reasonEnd);
    invariant(typeof bye.reason === 'string', 'a reason is made of any bytes');
  }
  if (app.read(reader)) within(app.dataEnd);
  if (nack.read(reader)) while (nack.next()) within(nack.sequenceNumber & 0);
  if (fir.read(reader)) within(reader.at + 12 + fir.entryCount * 8);
  if (maxBitrate.read(reader)) {
    within(reader.at + 12 + maxBitrate.entryCount * 8);
    for (let i = 0; i < maxBitrate.entryCount; i++)
      invariant(maxBitrate.bitsPerSecond(i) < 2 ** 80, 'a bit rate has 17 bits and an exponent');
  }
  if (remb.read(reader)) {
    within(reader.at + 20 + remb.ssrcCount * 4);
    invariant(remb.bitsPerSecond < 2 ** 81, 'a bit rate has 18 bits and an exponent');
  }
  if (transportWide.read(reader)) {
    let count = 0;
    while (transportWide.next()) {
      count++;
      within(0);
    }
    invariant(count === transportWide.statusCount, 'every status is told');
  }
  if (congestion.read(reader))
    while (congestion.nextStream()) while (congestion.nextPacket()) within(congestion.arrivalOffset & 0);
  if (extended.read(reader))
    while (extended.nextBlock()) {
      within(extended.blockEnd);
      within(extended.blockAt + extended.dlrrCount * 12);
    }
}

function passOn(reader: RtcpReader): void {
  const out = new Uint8Array(reader.length + 3);
  const length = reader.copyTo(out, 0, out.length);
  invariant(length >= reader.length && length % 4 === 0, 'a packet that is passed on is whole words');
  const copy = new RtcpReader();
  invariant(copy.begin(out, 0, length) && copy.next(), 'a packet that is passed on reads again');
  invariant(copy.kind === reader.kind && !copy.next(), 'and is the same kind');
}
