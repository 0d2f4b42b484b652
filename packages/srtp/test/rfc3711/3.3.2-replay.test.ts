import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SrtpReceiver, SrtpSender } from '@millrace/srtp';
import fc from 'fast-check';
import { ReplayWindow } from '../../src/replay-window.ts';
import { BACK_ENDS } from '../fixtures/back-ends.ts';
import {
  openedRtcp,
  openedRtp,
  optionsOf,
  PROFILE_NAMES,
  protectedRtcp,
  protectedRtp,
  rtcp,
  rtp,
} from '../fixtures/packets.ts';

describe('RFC 3711 §3.3.2: replay protection', () => {
  for (const backEnd of BACK_ENDS)
    for (const profile of PROFILE_NAMES)
      test(`${backEnd.name}, ${profile}: a packet opens once, RTP and RTCP`, () => {
        const options = optionsOf(profile, backEnd);
        const [sender, receiver] = [new SrtpSender(options), new SrtpReceiver(options)];
        const packets = [5, 6, 7, 9].map((sequence) => protectedRtp(sender, rtp(sequence, 50)));
        for (const packet of packets) assert(openedRtp(receiver, packet));
        for (const packet of packets) assert.equal(openedRtp(receiver, packet), undefined);
        const reports = [1, 2, 3].map(() => protectedRtcp(sender, rtcp(40)));
        for (const report of reports) assert(openedRtcp(receiver, report));
        for (const report of reports) assert.equal(openedRtcp(receiver, report), undefined);
        assert.deepEqual([receiver.drops.replayed, receiver.drops.forged], [7, 0]);
        sender.close();
        receiver.close();
      });

  for (const size of [64, 65, 100, 128, 1_024, 32_768])
    test(`a window of ${size} reaches back as far as that and no further`, () => {
      const options = { ...optionsOf('aead-aes-128-gcm', BACK_ENDS[0]!), replayWindow: size };
      const highest = 0x1_0005;
      for (const behind of [1, size - 1, size, size + 1].filter((each) => each < 0x7fff)) {
        const [sender, receiver] = [
          new SrtpSender({ ...options, replayWindow: 32_768 }),
          new SrtpReceiver(options),
        ];
        const path = [highest - 0x7fff, highest - behind, highest];
        const packets = path.map((index) => protectedRtp(sender, rtp(index, 10)));
        const old = packets[1]!;
        assert(openedRtp(receiver, packets[0]!));
        assert(openedRtp(receiver, packets.at(-1)!));
        assert.equal(openedRtp(receiver, old) !== undefined, behind < size, `${behind} behind`);
        assert.equal(receiver.drops['too-old'], behind < size ? 0 : 1);
      }
    });

  test('a forged packet far ahead does not move the window', () => {
    const options = optionsOf('aes128-cm-hmac-sha1-32', BACK_ENDS[0]!);
    const [sender, receiver] = [new SrtpSender(options), new SrtpReceiver(options)];
    const first = protectedRtp(sender, rtp(1, 50));
    const second = protectedRtp(sender, rtp(2, 50));
    const far = protectedRtp(sender, rtp(30_000, 50));
    assert(openedRtp(receiver, first));
    far[20]! ^= 1;
    assert.equal(openedRtp(receiver, far), undefined);
    assert(openedRtp(receiver, second));
    assert.deepEqual([receiver.drops.forged, receiver.drops['too-old']], [1, 0]);
  });

  test('a sender protects no sequence number twice, unless it is told to (§9.1)', () => {
    const options = optionsOf('aes128-cm-hmac-sha1-80', BACK_ENDS[0]!);
    const strict = new SrtpSender(options);
    assert(protectedRtp(strict, rtp(100, 50)).length > 0);
    assert(protectedRtp(strict, rtp(99, 50)).length > 0);
    for (const sequence of [100, 99]) assert.equal(protectedRtp(strict, rtp(sequence, 50)).length, 0);
    assert.equal(strict.drops.replayed, 2);
    assert(protectedRtp(strict, rtp(100 + 1_024, 50)).length > 0);
    assert.equal(protectedRtp(strict, rtp(98, 50)).length, 0);
    assert.equal(strict.drops['too-old'], 1);
    const lenient = new SrtpSender({ ...options, allowRepeats: true });
    assert.deepEqual(protectedRtp(lenient, rtp(100, 50)), protectedRtp(lenient, rtp(100, 50)));
  });

  test('the window agrees with a list of everything that came', () => {
    const size = fc.constantFrom(64, 96, 128, 1_024);
    const steps = fc.array(
      fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: -70, max: 40 }) },
        { weight: 1, arbitrary: fc.integer({ min: -1_100, max: 3_000 }) },
      ),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(size, steps, fc.integer({ min: 2_000, max: 0x7fff_0000 }), (reach, jumps, first) => {
        const window = new ReplayWindow(reach);
        const seen = new Set<number>([first]);
        window.accept(first, 1);
        let highest = first;
        for (const jump of jumps) {
          const index = highest + jump;
          const expected = highest - index >= reach ? 'too-old' : seen.has(index) ? 'replayed' : 'new';
          // The low bits of the index are enough.
          assert.equal(window.check(index & 0xffff, jump), expected);
          if (expected !== 'new') continue;
          window.accept(index & 0xffff, jump);
          seen.add(index);
          highest = Math.max(highest, index);
        }
      }),
    );
  });
});
