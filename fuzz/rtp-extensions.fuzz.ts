// Values in RTP header extensions: whatever the element is, each reads as missing or as a value in its range, and what
// is written over it reads back.
import {
  absSendTimeDelta,
  audioLevel,
  ExtensionTexts,
  frameNumber,
  isExtensionText,
  maxPlayoutDelay,
  minPlayoutDelay,
  RtpPacket,
  readAbsCaptureTime,
  readAbsSendTime,
  readAudioLevel,
  readCaptureClockOffset,
  readDependencyDescriptor,
  readExtensionText,
  readPlayoutDelay,
  readTransportSequenceNumber,
  readVideoOrientation,
  rotation,
  writeAbsSendTime,
  writeAudioLevel,
  writeTransportSequenceNumber,
} from '@millrace/rtp';
import { hexBytes } from './hex.ts';
import { type FuzzTarget, invariant } from './target.ts';

const MIDS = new ExtensionTexts(['0', 'audio', '']);

export const target: FuzzTarget = {
  name: 'rtp-extensions',
  seeds: [
    hexBytes('bede000a 1030 22040000 311234 40ff 5103 620040fb 7285123400 87e8754700400000000000 0000'),
    hexBytes(
      '1000000b 010130 0203040000 03021234 0401ff 050103 06030040fb 07038512ff 0810e875470040000000ffffffff00000000',
    ),
    hexBytes('bede0001 00000000'),
  ],
  run(block, random) {
    const bytes = new Uint8Array(80 + block.length);
    bytes[64] = 0x90;
    bytes.set(block, 76);
    // The block's length is right most of the time.
    if (block.length >= 4 && random.chance(0.8)) {
      bytes[78] = (block.length - 4) >> 10;
      bytes[79] = (block.length - 4) >> 2;
    }
    const packet = new RtpPacket();
    if (!packet.read(bytes, 64, bytes.length, 0)) return;
    for (let id = 0; id <= 16; id++) {
      const value = readAbsSendTime(packet, id);
      inRange(value, 0xff_ffff);
      if (value >= 0) invariant(Math.abs(absSendTimeDelta(value, 0)) <= 32_000, 'a difference is up to 32 s');
      inRange(readTransportSequenceNumber(packet, id), 0xffff);
      inRange(audioLevel(readAudioLevel(packet, id)), 127);
      inRange(rotation(readVideoOrientation(packet, id)), 270);
      const delay = readPlayoutDelay(packet, id);
      if (delay >= 0) inRange(Math.max(minPlayoutDelay(delay), maxPlayoutDelay(delay)), 40_950);
      inRange(frameNumber(readDependencyDescriptor(packet, id)), 0xffff);
      inRange(readAbsCaptureTime(packet, id), 2 ** 32 * 1000);
      const offset = readCaptureClockOffset(packet, id);
      invariant(Number.isNaN(offset) || Math.abs(offset) <= 2 ** 31 * 1000, 'an offset is of 64 bits');
      const index = MIDS.indexOf(packet, id);
      invariant(index < 0 || readExtensionText(packet, id) === MIDS.find(packet, id), 'a text is what it is');
      isExtensionText(packet, id, block);
    }
    const id = 1 + random.below(20);
    if (writeTransportSequenceNumber(packet, id, 0x1234))
      invariant(readTransportSequenceNumber(packet, id) === 0x1234, 'a sequence number is read as written');
    if (writeAbsSendTime(packet, id, 1000))
      invariant(readAbsSendTime(packet, id) === 0x04_0000, 'a send time is read as written');
    if (writeAudioLevel(packet, id, 30, true))
      invariant(readAudioLevel(packet, id) === 0x80 + 30, 'a level is read as written');
  },
};

function inRange(value: number, max: number): void {
  invariant(value >= -1 && value <= max, `${value} is between -1 and ${max}`);
}
