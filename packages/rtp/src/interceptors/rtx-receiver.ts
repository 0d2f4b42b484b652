// Hot: makes of a retransmission, in place, the packet that it repeats. RFC 4588 §4, §8.
import { Drops, putU16, u16 } from '@millrace/sans-io';
import type { RtpPacket } from '../packet/rtp-packet.ts';
import type { Interceptor } from './interceptor.ts';
import type { RtpStream } from './stream.ts';

export type RtxDrop = 'malformed' | 'unknown-payload-type';

export class RtxReceiver implements Interceptor {
  readonly name = 'rtx-receiver';
  readonly drops: Drops<RtxDrop> = new Drops<RtxDrop>(['malformed', 'unknown-payload-type']);
  /** Packets without a payload, which senders use to probe with. */
  paddingPackets = 0;
  restored = 0;

  receiveRtp(packet: RtpPacket, stream: RtpStream): boolean {
    if (stream.rtxSsrc === 0 || packet.ssrc !== stream.rtxSsrc || stream.rtxSsrc === stream.ssrc) return true;
    const payloadBytes = packet.payloadEnd - packet.headerEnd;
    if (payloadBytes === 0) {
      this.paddingPackets++;
      return false;
    }
    const payloadType = stream.originalPayloadTypeOf(packet.payloadType);
    if (payloadType < 0) {
      this.drops.count('unknown-payload-type');
      return false;
    }
    if (payloadBytes < 2) {
      this.drops.count('malformed');
      return false;
    }
    const { bytes, at, end } = packet;
    const sequenceNumber = u16(bytes, packet.headerEnd);
    // RFC 4588 §4: the header moves up over the two bytes of the original's number.
    for (let i = packet.headerEnd - 1; i >= at; i--) bytes[i + 2] = bytes[i]!;
    if (!packet.read(bytes, at + 2, end)) {
      this.drops.count('malformed');
      return false;
    }
    putU16(bytes, packet.at + 2, sequenceNumber);
    packet.payloadType = payloadType;
    packet.ssrc = stream.ssrc;
    this.restored++;
    return true;
  }
}
