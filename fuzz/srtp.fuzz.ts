// SRTP and SRTCP (RFC 3711, 7714): whatever comes is opened or dropped and counted, never more than the cap of sources is
// remembered, nothing outside of a packet is touched, and nothing opens that was not protected.
import { srtpCryptos } from '@millrace/crypto';
import { DROP_REASONS, PROFILES, type SrtpProfile, SrtpReceiver, SrtpSender } from '@millrace/srtp';
import { type FuzzTarget, invariant } from './target.ts';

const MAX_STREAMS = 4;
const GUARD = 0xee;
const names = Object.keys(PROFILES) as SrtpProfile[];

// Keys of their own: the short tag is the beginning of the long one.
const ends = names.map((profile, i) => {
  const { keyBytes, saltBytes } = PROFILES[profile];
  const masterKey = new Uint8Array(keyBytes).fill(i);
  const masterSalt = new Uint8Array(saltBytes).fill(2);
  const options = { profile, masterKey, masterSalt, cryptos: srtpCryptos, maxStreams: MAX_STREAMS };
  return { sender: new SrtpSender(options), receiver: new SrtpReceiver({ ...options, replayWindow: 64 }) };
});
/** What has been protected, as text; nothing else may open. */
const authentic = new Set<string>();
const seeds: Uint8Array[] = [];
for (const [i, { sender }] of ends.entries())
  for (let sequence = 65_530; sequence < 65_550; sequence++) {
    const rtp = new Uint8Array(80).fill(sequence);
    rtp.set([sequence % 3 === 0 ? 0x90 : 0x80, 96, (sequence >> 8) & 0xff, sequence & 0xff]);
    rtp.set([0, 0, 0, i], 8);
    rtp.set([0xbe, 0xde, 0, 1], 12);
    keep(rtp, sender.protectRtp(rtp, 0, 40));
    const rtcp = new Uint8Array(80).fill(sequence);
    rtcp.set([0x81, 201, 0, 7, 0, 0, 0, i]);
    keep(rtcp, sender.protectRtcp(rtcp, 0, 32));
  }

export const target: FuzzTarget = {
  name: 'srtp',
  seeds,
  run(input, random) {
    const { receiver } = ends[random.below(ends.length)]!;
    const isRtcp = random.chance(0.5);
    const at = random.below(8);
    const bytes = new Uint8Array(at + input.length + random.below(8)).fill(GUARD);
    bytes.set(input, at);
    const end = at + input.length;
    const before = dropped(receiver);
    const opened = isRtcp ? receiver.unprotectRtcp(bytes, at, end) : receiver.unprotectRtp(bytes, at, end);
    invariant(dropped(receiver) === before + (opened === 0 ? 1 : 0), 'every drop is counted, once');
    invariant(opened === 0 || authentic.has(text(input)), 'what opens has been protected');
    invariant(opened === 0 || (opened > at && opened < end), 'what opens becomes shorter');
    invariant(receiver.streamCount <= MAX_STREAMS, 'no more sources than the cap');
    invariant(
      bytes.every((byte, i) => (i >= at && i < end) || byte === GUARD),
      'nothing outside of the packet is touched',
    );
  },
};

function keep(bytes: Uint8Array, end: number): void {
  const packet = bytes.slice(0, end);
  seeds.push(packet);
  authentic.add(text(packet));
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function dropped(receiver: SrtpReceiver): number {
  return DROP_REASONS.reduce((sum, reason) => sum + receiver.drops[reason], 0);
}
