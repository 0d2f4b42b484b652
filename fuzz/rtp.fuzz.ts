// RTP packets (RFC 3550) and what is changed in them in place (RFC 8285): nothing leaves the room that was given, the
// payload stays as it was, and what has been changed reads as it was set.
import { RTP_HEADER_BYTES, RtpPacket, rtpHeaderEnd } from '@millrace/rtp';
import type { SeededRandom } from '@millrace/sans-io/testing';
import { hexBytes } from './hex.ts';
import { type FuzzTarget, invariant } from './target.ts';

const EDGE = 8;

export const target: FuzzTarget = {
  name: 'rtp',
  seeds: [
    hexBytes('b2e0123489abcdef0a0b0c0d1111111122222222bede000210aa2201020300000102030405000003'),
    hexBytes('90600001000000020000000310000003010002 01d100 0304d2d3d4d500c0ffee'),
    hexBytes('806000010000000200000003c0ffee'),
    hexBytes('9f600001000000020000000300'),
  ],
  run(input, random) {
    const headroom = random.below(40);
    const tailroom = random.below(40);
    const at = EDGE + headroom;
    const end = at + input.length;
    const bytes = new Uint8Array(end + tailroom + EDGE).fill(0xee);
    bytes.set(input, at);
    const packet = new RtpPacket();
    if (!packet.read(bytes, at, end, EDGE, end + tailroom)) return;
    invariant(rtpHeaderEnd(bytes, at, end) === packet.headerEnd, 'both agree on where the header ends');
    check(packet);
    for (let i = 0; i < packet.csrcCount; i++) packet.csrc(i);

    const payload = bytes.slice(packet.headerEnd, packet.payloadEnd);
    for (let changes = random.below(12); changes > 0; changes--) {
      change(packet, random);
      check(packet);
      const fresh = new RtpPacket();
      invariant(fresh.read(bytes, packet.at, packet.end), 'what was changed is still a packet');
      invariant(
        fresh.headerEnd === packet.headerEnd &&
          fresh.payloadEnd === packet.payloadEnd &&
          fresh.extensionsAt === packet.extensionsAt,
        'the view knows where everything has gone',
      );
      invariant(
        payload.length === packet.payloadBytes &&
          payload.every((byte, i) => byte === bytes[packet.headerEnd + i]),
        'the payload stays',
      );
      invariant(
        packet.at >= EDGE &&
          packet.end <= end + tailroom &&
          bytes.subarray(0, EDGE).every((byte) => byte === 0xee) &&
          bytes.subarray(end + tailroom).every((byte) => byte === 0xee),
        'nothing is written outside of the room',
      );
    }
  },
};

function change(packet: RtpPacket, random: SeededRandom): void {
  const id = 1 + random.below(random.chance(0.8) ? 14 : 255);
  switch (random.below(8)) {
    case 0:
      packet.removeExtension(id);
      invariant(packet.findExtension(id) === 0, 'a removed element is gone');
      break;
    case 1:
      packet.removeExtensions();
      break;
    case 2: {
      const ids = new Uint8Array(256);
      random.fill(ids);
      packet.mapExtensionIds(ids);
      break;
    }
    case 3:
      packet.addCsrc(random.u32());
      break;
    case 4:
      packet.setPadding(random.below(20));
      break;
    default: {
      const data = new Uint8Array(random.below(random.chance(0.8) ? 6 : 30));
      random.fill(data);
      if (!packet.setExtension(id, data, 0, data.length)) break;
      const dataAt = packet.findExtension(id);
      invariant(
        dataAt > 0 &&
          packet.extensionLength === data.length &&
          data.every((byte, i) => packet.bytes[dataAt + i] === byte),
        'an element that was set is found',
      );
    }
  }
}

function check(packet: RtpPacket): void {
  const { at, headerEnd, payloadEnd, end } = packet;
  invariant(
    at + RTP_HEADER_BYTES <= headerEnd && headerEnd <= payloadEnd && payloadEnd <= end,
    'the parts lie behind each other',
  );
  let last = packet.extensionsAt;
  for (let next = packet.nextExtension(0); next !== 0; next = packet.nextExtension(last)) {
    invariant(next > last && next + packet.extensionLength <= headerEnd, 'elements lie in the header');
    last = next + packet.extensionLength;
  }
}
