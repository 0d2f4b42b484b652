// RTP and RTCP packets, protected and unprotected. In place: what is protected is what the packet before has left
// behind, under the next sequence number; what is unprotected is copied in first, and after all packets the receiver forgets
// their source, since it would refuse them as replays.
import type { Operation, OperationSettings, Prepared } from '@millrace/bench-harness';
import { slab as portableSlab, srtpCryptos } from '@millrace/crypto';
import { loadNative } from '@millrace/native';
import { putU16, u16 } from '@millrace/sans-io';
import { PROFILES, type SrtpProfile, SrtpReceiver, SrtpSender } from '@millrace/srtp';
import { randomArrays } from './inputs.ts';
import { mediaPackets, RTP_HEADER_BYTES, SSRC } from './rtp-inputs.ts';
import { weriftSrtp } from './srtp-werift.ts';

/** What is unprotected before the receiver begins anew. */
const RING = 256;
const SLOT_BYTES = 2_048;

const by =
  (name: 'millrace' | 'millrace-portable') =>
  ({ kind, verb, bytes, profile }: OperationSettings): Prepared => {
    const native = name === 'millrace' ? loadNative() : undefined;
    const slab = native?.slab(SLOT_BYTES) ?? portableSlab(SLOT_BYTES);
    const { keyBytes, saltBytes } = PROFILES[profile as SrtpProfile];
    const options = {
      profile: profile as SrtpProfile,
      masterKey: randomArrays(1, keyBytes)[0]!,
      masterSalt: randomArrays(1, saltBytes, 2)[0]!,
      cryptos: native?.srtp ?? srtpCryptos,
    };
    const isRtp = kind === 'rtp';
    const plain = isRtp ? mediaPackets('rtp', bytes as number)[0]! : mediaPackets('sr', 0)[0]!;
    return verb === 'protect'
      ? protecting(new SrtpSender(options), slab, plain, isRtp)
      : unprotecting(new SrtpSender(options), new SrtpReceiver(options), slab, plain, isRtp);
  };

function protecting(sender: SrtpSender, slab: Uint8Array, plain: Uint8Array, isRtp: boolean): Prepared {
  slab.set(plain);
  const { length } = plain;
  let sequence = u16(plain, 2);
  return {
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) {
        let end: number;
        if (isRtp) {
          putU16(slab, 2, sequence++ & 0xffff);
          end = sender.protectRtp(slab, 0, length);
        } else {
          // The sender's SSRC lies in what is never encrypted.
          end = sender.protectRtcp(slab, 0, length);
        }
        sum += end + slab[end - 1]!;
      }
      return sum;
    },
    counters: () => ({ dropped: total(sender.drops) }),
    close: () => sender.close(),
  };
}

function unprotecting(
  sender: SrtpSender,
  receiver: SrtpReceiver,
  slab: Uint8Array,
  plain: Uint8Array,
  isRtp: boolean,
): Prepared {
  const first = u16(plain, 2);
  const sealed = Array.from({ length: RING }, (_, i) => {
    slab.set(plain);
    if (isRtp) putU16(slab, 2, (first + i) & 0xffff);
    const end = isRtp ? sender.protectRtp(slab, 0, plain.length) : sender.protectRtcp(slab, 0, plain.length);
    return slab.slice(0, end);
  });
  sender.close();
  let next = 0;
  return {
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) {
        const at = next++ % RING;
        if (at === 0) receiver.removeStream(SSRC);
        const packet = sealed[at]!;
        slab.set(packet);
        const end = isRtp
          ? receiver.unprotectRtp(slab, 0, packet.length)
          : receiver.unprotectRtcp(slab, 0, packet.length);
        sum += end + slab[RTP_HEADER_BYTES]!;
      }
      return sum;
    },
    counters: () => ({ dropped: total(receiver.drops) }),
    close: () => receiver.close(),
  };
}

function total(drops: Readonly<Record<string, number | undefined>>): number {
  return Object.values(drops).reduce((sum: number, count) => sum + (count ?? 0), 0);
}

export const operation: Operation = {
  subjects: { millrace: by('millrace'), 'millrace-portable': by('millrace-portable'), werift: weriftSrtp },
};
