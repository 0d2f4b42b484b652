import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { u16 } from '@millrace/sans-io';
import { RtpPacket } from '../../src/index.ts';
import { ChainEnd, isRtcp, rtp, VIDEO, view } from '../interceptors/chain-end.ts';

function retransmitted(): { packet: Uint8Array; original: Uint8Array } {
  const end = new ChainEnd({ reports: { interval: 60_000 } });
  end.chain.addLocalStream(VIDEO, 0);
  const sent = rtp(VIDEO, 513, 90, 300, true);
  end.chain.sendRtp(sent, 0);
  const [original] = end.flush(0);
  end.chain.receiveRtcp(
    Uint8Array.of(0x81, 205, 0, 3, 0, 0, 0, 1, 0x9a, 0xbc, 0xde, 0xf0, 2, 1, 0, 0),
    0,
    16,
    1,
  );
  const [packet] = end.flush(1).filter((bytes) => !isRtcp(bytes));
  return { packet: packet!, original: original! };
}

describe('RFC 4588 §4 retransmission payload format', () => {
  test('a packet goes again under SSRC, number and payload type of its own, the original number in front', () => {
    const { packet, original } = retransmitted();
    assert.equal(packet.length, original.length + 2);
    const seen = view(packet);
    assert.equal(seen.ssrc, VIDEO.rtxSsrc);
    assert.equal(seen.payloadType, 97);
    assert.equal(seen.marker, true);
    assert.equal(seen.timestamp, 90);
    assert.equal(u16(packet, seen.headerEnd), 513);
    assert.deepEqual(packet.slice(seen.headerEnd + 2), original.slice(seen.headerEnd));
  });

  test('the receiver makes the original of it, in place', () => {
    const { packet, original } = retransmitted();
    const end = new ChainEnd();
    end.chain.addRemoteStream(VIDEO, 0);
    const got: Uint8Array[] = [];
    end.onPacket = (each) => void got.push(each.bytes.slice(each.at, each.end));
    end.receive(packet, 0, packet.length, 0);
    assert.deepEqual(got, [original]);
    assert.equal(end.rtx.restored, 1);
    const reception = end.reports.reception(end.chain.remoteStream(VIDEO.ssrc)!)!;
    assert.deepEqual([reception.packets, reception.retransmittedPackets], [0, 1]);
  });

  test('each retransmission takes the next number', () => {
    const end = new ChainEnd({ reports: { interval: 60_000 } });
    end.chain.addLocalStream(VIDEO, 0);
    for (let i = 0; i < 4; i++) end.chain.sendRtp(rtp(VIDEO, i, 0), 0);
    end.flush(0);
    end.chain.receiveRtcp(
      Uint8Array.of(0x81, 205, 0, 3, 0, 0, 0, 1, 0x9a, 0xbc, 0xde, 0xf0, 0, 0, 0, 7),
      0,
      16,
      1,
    );
    const numbers = end.flush(1).map((bytes) => view(bytes).sequenceNumber);
    assert.equal(numbers.length, 4);
    for (let i = 1; i < 4; i++) assert.equal(numbers[i], (numbers[0]! + i) & 0xffff);
  });

  test('payload types of nobody, short payloads and padding alone end there', () => {
    const end = new ChainEnd();
    end.chain.addRemoteStream(VIDEO, 0);
    end.onPacket = () => assert.fail('delivered');
    const rtxInfo = { ...VIDEO, ssrc: VIDEO.rtxSsrc!, payloads: [{ payloadType: 97, clockRate: 90_000 }] };
    const wrong = { ...rtxInfo, payloads: [{ payloadType: 98, clockRate: 90_000 }] };
    for (const packet of [rtp(wrong, 1, 0), rtp(rtxInfo, 2, 0, 0), rtp(rtxInfo, 3, 0, 1)])
      end.receive(packet.bytes, packet.at, packet.end, 0);
    assert.deepEqual({ ...end.rtx.drops.counts }, { malformed: 1, 'unknown-payload-type': 1 });
    assert.equal(end.rtx.paddingPackets, 1);
  });

  test('every truncation is dropped or restored, and never thrown on', () => {
    const { packet } = retransmitted();
    for (let length = 0; length <= packet.length; length++) {
      const end = new ChainEnd();
      end.chain.addRemoteStream(VIDEO, 0);
      const bytes = packet.slice(0, length);
      const read = new RtpPacket().read(bytes, 0, length);
      end.receive(bytes, 0, length, 0);
      assert.equal(end.rtx.restored, read && length >= 22 ? 1 : 0, `${length}`);
    }
  });

  test('an SSRC that becomes known later is taken as the stream’s', () => {
    const { packet } = retransmitted();
    const end = new ChainEnd();
    const stream = end.chain.addRemoteStream({ ...VIDEO, rtxSsrc: undefined }, 0);
    end.receive(packet.slice(), 0, packet.length, 0);
    assert.equal(end.rtx.restored, 0);
    assert.equal(end.chain.setRtxSsrc(stream, VIDEO.ssrc), false);
    assert.ok(end.chain.setRtxSsrc(stream, VIDEO.rtxSsrc!));
    end.receive(packet.slice(), 0, packet.length, 0);
    assert.equal(end.rtx.restored, 1);
  });
});
