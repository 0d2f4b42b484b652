// What a caller can do wrong: a typed error, and nothing has happened.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  PROFILES,
  SrtpError,
  type SrtpErrorCode,
  SrtpReceiver,
  SrtpSender,
  type SrtpSenderOptions,
} from '@millrace/srtp';
import { BACK_ENDS } from './fixtures/back-ends.ts';
import { optionsOf, PROFILE_NAMES, rtcp, rtp } from './fixtures/packets.ts';

const code = (wanted: SrtpErrorCode) => (error: unknown) => {
  assert(error instanceof SrtpError, String(error));
  assert.equal(error.code, wanted);
  return true;
};

describe('mistakes of the caller', () => {
  for (const backEnd of BACK_ENDS)
    for (const profile of PROFILE_NAMES)
      test(`${backEnd.name}, ${profile}: too little room behind the packet, bad ranges, no packet`, () => {
        const { rtpOverhead, rtcpOverhead } = PROFILES[profile];
        const sender = new SrtpSender(optionsOf(profile, backEnd));
        const receiver = new SrtpReceiver(optionsOf(profile, backEnd));
        for (const [plain, overhead, verb] of [
          [rtp(1, 20), rtpOverhead, 'protectRtp'],
          [rtcp(20), rtcpOverhead, 'protectRtcp'],
        ] as const) {
          for (let room = 0; room < overhead; room++) {
            const bytes = new Uint8Array(plain.length + room);
            bytes.set(plain);
            assert.throws(() => sender[verb](bytes, 0, plain.length), code('NO_TAILROOM'));
            assert.deepEqual(bytes.subarray(0, plain.length), plain);
          }
          const bytes = new Uint8Array(100);
          for (const [at, end] of [
            [-1, 20],
            [0, 101],
            [30, 20],
            [Number.NaN, 20],
            [0, Number.NaN],
          ] as const)
            assert.throws(() => sender[verb](bytes, at, end), code('BAD_RANGE'));
          bytes.set(plain);
          bytes[0] = 0x40;
          assert.throws(() => sender[verb](bytes, 0, plain.length), code('BAD_PACKET'));
          bytes[0] = 0x80;
          for (let length = 0; length < (verb === 'protectRtp' ? 12 : 8); length++)
            assert.throws(() => sender[verb](bytes, 0, length), code('BAD_PACKET'));
        }
        assert.equal(sender.streamCount, 0);
        for (const verb of ['unprotectRtp', 'unprotectRtcp'] as const) {
          assert.throws(() => receiver[verb](new Uint8Array(50), 0, 51), code('BAD_RANGE'));
          assert.throws(() => receiver[verb](new Uint8Array(50), -1, 50), code('BAD_RANGE'));
        }
        receiver.close();
        sender.close();
        for (const verb of ['unprotectRtp', 'unprotectRtcp'] as const)
          assert.throws(() => receiver[verb](new Uint8Array(50), 0, 50), code('CLOSED'));
        for (const verb of ['protectRtp', 'protectRtcp'] as const)
          assert.throws(() => sender[verb](new Uint8Array(50), 0, 20), code('CLOSED'));
      });

  test('options outside their ranges', () => {
    const good = optionsOf('aead-aes-256-gcm', BACK_ENDS[0]!);
    const cases: Array<[SrtpErrorCode, object]> = [
      ['BAD_PROFILE', { profile: 'aes256-cm-hmac-sha1-80' }],
      ['BAD_KEY', { masterKey: new Uint8Array(16) }],
      ['BAD_KEY', { masterSalt: new Uint8Array(14) }],
      ['BAD_OPTION', { keyDerivationRate: 3 }],
      ['BAD_OPTION', { keyDerivationRate: -1 }],
      ['BAD_OPTION', { keyDerivationRate: 0.5 }],
      ['BAD_OPTION', { keyDerivationRate: 2 ** 25 }],
      ['BAD_OPTION', { maxStreams: 0 }],
      ['BAD_OPTION', { maxStreams: 1.5 }],
      ['BAD_OPTION', { replayWindow: 63 }],
      ['BAD_OPTION', { replayWindow: 32_769 }],
      ['BAD_OPTION', { mkiBytes: -1 }],
      ['BAD_OPTION', { mkiBytes: 129 }],
      ['BAD_OPTION', { allowRepeats: true }],
    ];
    for (const [wanted, change] of cases) {
      const options = { ...good, ...change } as SrtpSenderOptions;
      assert.throws(() => new SrtpSender(options), code(wanted), JSON.stringify(change));
      assert.throws(() => new SrtpReceiver(options), code(wanted), JSON.stringify(change));
    }
    const sender = new SrtpSender(good);
    assert.throws(() => sender.resumeStream(1, 0, 2 ** 31 + 1), code('BAD_OPTION'));
    assert.equal(sender.streamCount, 0);
  });
});
