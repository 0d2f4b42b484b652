// What the targets of the payload formats have in common. An input is a run of payloads, each behind its length.
import type { Depacketizer, Packetizer } from '@millrace/rtp/payload';
import { type FuzzTarget, invariant } from './target.ts';

const MAX_FRAME_BYTES = 2_000;
const ROOM = 100;

export function payloadTarget(
  name: string,
  packetizer: Packetizer,
  makeDepacketizer: (maxFrameBytes: number) => Depacketizer,
  frames: readonly Uint8Array[],
): FuzzTarget {
  const depacketizer = makeDepacketizer(MAX_FRAME_BYTES);
  return {
    name,
    seeds: [...frames.map((frame) => seedOf(packetizer, frame)), ...frames],
    run(input, random) {
      depacketizer.reset();
      let isSpoilt = false;
      for (let at = 0; at < input.length; ) {
        const length = input[at++]!;
        const end = Math.min(at + length, input.length);
        // In memory of its own, so that nothing behind it can be read.
        const payload = input.slice(at, end);
        const isTaken = depacketizer.push(payload, 0, payload.length);
        invariant(!(isTaken && isSpoilt), 'a spoilt frame takes nothing');
        isSpoilt ||= !isTaken;
        invariant(!(isSpoilt && depacketizer.isWhole), 'a spoilt frame is not whole');
        invariant(depacketizer.length <= MAX_FRAME_BYTES, 'a frame stays below its cap');
        if (random.chance(0.1)) depacketizer.reset();
        if (depacketizer.length === 0) isSpoilt = false;
        at = end;
      }
      repacketize(packetizer, input);
    },
  };
}

/** The same bytes as a frame: an error with a code, or payloads. */
function repacketize(packetizer: Packetizer, frame: Uint8Array): void {
  const out = new Uint8Array(Math.max(ROOM, frame.length));
  try {
    packetizer.begin(frame, 0, frame.length);
  } catch (error) {
    invariant((error as { code?: string }).code !== undefined, `begin threw ${String(error)}`);
    return;
  }
  const room = packetizer.isLast ? out.length : ROOM;
  let payloads = 0;
  while (packetizer.write(out, 0, room) > 0) {
    invariant(++payloads <= frame.length + 1, 'a frame comes to an end');
  }
}

function seedOf(packetizer: Packetizer, frame: Uint8Array): Uint8Array {
  const parts: number[] = [];
  const out = new Uint8Array(Math.max(ROOM, frame.length));
  packetizer.begin(frame, 0, frame.length);
  const room = packetizer.isLast ? out.length : ROOM;
  for (let length: number; (length = packetizer.write(out, 0, room)) > 0; ) {
    parts.push(length, ...out.subarray(0, length));
  }
  return Uint8Array.from(parts);
}
