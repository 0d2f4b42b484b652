import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SrtpReceiver, SrtpSender } from '@millrace/srtp';
import { BACK_ENDS } from '../fixtures/back-ends.ts';
import { openedRtp, optionsOf, protectedRtp, rtp, SSRC } from '../fixtures/packets.ts';

const PROFILE = 'aes128-cm-hmac-sha1-80';
const options = optionsOf(PROFILE, BACK_ENDS[0]!);
const LENGTH = 40;

function pair(window = 32_768): { sender: SrtpSender; receiver: SrtpReceiver } {
  return {
    sender: new SrtpSender({ ...options, replayWindow: window }),
    receiver: new SrtpReceiver({ ...options, replayWindow: window }),
  };
}

/** One packet for each number, in this order; a number goes over 16 bits to show its roll-over counter. */
function packets(sender: SrtpSender, indices: readonly number[]): Map<number, Uint8Array> {
  return new Map(indices.map((index) => [index, protectedRtp(sender, rtp(index, LENGTH))]));
}

const arrives = (receiver: SrtpReceiver, packet: Uint8Array): boolean =>
  openedRtp(receiver, packet) !== undefined;

describe('RFC 3711 §3.3.1 and appendix A: the index of a packet', () => {
  test('the roll-over counter rises when the sequence number wraps', () => {
    const { sender, receiver } = pair();
    for (const index of [65_534, 65_535, 65_536, 65_537]) {
      assert(arrives(receiver, protectedRtp(sender, rtp(index, LENGTH))));
      assert.equal(receiver.rollOverCounter(SSRC), index >> 16);
      assert.equal(sender.rollOverCounter(SSRC), index >> 16);
    }
    assert.equal(receiver.rollOverCounter(SSRC + 1), undefined);
  });

  test('many wraps, with every packet arriving', () => {
    const { sender, receiver } = pair();
    for (let index = 30_000; index < 8 * 65_536; index += 11_111)
      assert(arrives(receiver, protectedRtp(sender, rtp(index, LENGTH))), `index ${index}`);
    assert.equal(receiver.rollOverCounter(SSRC), 7);
  });

  test('packets from before the wrap that come after it still open, once', () => {
    const { sender, receiver } = pair();
    const all = packets(sender, [65_530, 65_531, 65_532, 65_533, 65_536, 65_537, 65_540]);
    for (const index of [65_530, 65_536, 65_533, 65_540, 65_531, 65_537, 65_532])
      assert(arrives(receiver, all.get(index)!), `index ${index}`);
    for (const packet of all.values()) assert(!arrives(receiver, packet));
    assert.equal(receiver.drops.replayed, all.size);
    assert.equal(receiver.rollOverCounter(SSRC), 1);
  });

  test('a jump ahead of nearly 2^15 is followed (2^15 without a wrap); one more is taken for a packet of the past', () => {
    for (const [from, jump, isFollowed] of [
      [0x1_0000, 0x7fff, true],
      [0x1_0000, 0x8000, true],
      [0x1_0000, 0x8001, false],
      [0x1_9000, 0x7fff, true],
      [0x1_9000, 0x8000, false],
      [0x1_9000, 0x8001, false],
      [0x1_ffff, 0x7fff, true],
      [0x1_ffff, 0x8000, false],
    ] as const) {
      const { sender, receiver } = pair();
      // The sender goes by way of a packet in between, which the receiver never sees.
      const path = [0xfff0, 0x1_0000, 0x1_4000, 0x1_8000, 0x1_c000].filter((index) => index < from);
      const all = packets(sender, [...path, from, from + 0x4000, from + jump]);
      for (const index of [...path, from]) assert(arrives(receiver, all.get(index)!), `from ${from}`);
      assert.equal(arrives(receiver, all.get(from + jump)!), isFollowed, `from ${from} by ${jump}`);
    }
  });

  test('before the first wrap there is no past: a first jump may be longer', () => {
    const { sender, receiver } = pair();
    const all = packets(sender, [10, 20_000, 40_000, 60_000]);
    assert(arrives(receiver, all.get(10)!));
    assert(arrives(receiver, all.get(60_000)!));
    assert(arrives(receiver, all.get(40_000)!));
    assert.equal(receiver.rollOverCounter(SSRC), 0);
  });

  test('a receiver that joins late opens nothing until it is told the roll-over counter', () => {
    const { sender, receiver } = pair();
    const all = packets(sender, [65_535, 65_536, 90_000, 90_001]);
    assert(!arrives(receiver, all.get(90_000)!));
    assert.deepEqual([receiver.drops.forged, receiver.streamCount], [1, 0]);
    receiver.setRollOverCounter(SSRC, 1);
    assert(arrives(receiver, all.get(90_000)!));
    assert(arrives(receiver, all.get(90_001)!));
    assert.equal(receiver.streamCount, 1);
  });

  test('the roll-over counter reaches 2^32 - 1, and then the master key is used up (§9.2)', () => {
    const { sender, receiver } = pair();
    sender.resumeStream(SSRC, 0xffff_ffff, 0);
    receiver.setRollOverCounter(SSRC, 0xffff_ffff);
    for (const sequence of [0xfffe, 0xffff])
      assert(arrives(receiver, protectedRtp(sender, rtp(sequence, LENGTH))));
    assert.equal(receiver.rollOverCounter(SSRC), 0xffff_ffff);
    assert.equal(protectedRtp(sender, rtp(0, LENGTH)).length, 0);
    assert.equal(sender.drops['key-exhausted'], 1);
    const other = new SrtpSender(options);
    assert(!arrives(receiver, protectedRtp(other, rtp(0, LENGTH))));
    assert.equal(receiver.drops['key-exhausted'], 1);
  });

  test('sources have roll-over counters of their own', () => {
    const { sender, receiver } = pair();
    for (let i = 0; i < 10; i++)
      for (const ssrc of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
        const index = 65_530 + i + (ssrc & 3);
        assert(arrives(receiver, protectedRtp(sender, rtp(index, LENGTH, { ssrc }))));
        assert.equal(receiver.rollOverCounter(ssrc), index >> 16);
      }
    assert.equal(receiver.streamCount, 5);
    assert(receiver.removeStream(0xffff_ffff));
    assert(!receiver.removeStream(0xffff_ffff));
    assert.equal(receiver.streamCount, 4);
  });
});
