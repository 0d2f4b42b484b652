// The stream that is forwarded: frames of equal size, each of some packets that leave at once. A payload holds the
// packet's number and when its frame was written, on the clock that all processes of a machine share.

/** Of the whole RTP packet, before SRTP: seven of them thirty times a second are 2 Mbit/s. */
export const PACKET_BYTES = 1_200;
export const PACKETS_PER_FRAME = 7;
export const FRAMES_PER_SECOND = 30;
export const CLOCK_RATE = 90_000;

const clockOffset = closestOffset();

/** Milliseconds on the machine's monotonic clock. */
export function machineNow(): number {
  return performance.now() + clockOffset;
}

/** Of some pairs of readings the two that were taken next to each other: between others the process may have stood still. */
function closestOffset(): number {
  let [offset, least] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < 20; i++) {
    const before = performance.now();
    const machine = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before < least) [offset, least] = [machine - (before + after) / 2, after - before];
  }
  return offset;
}

const scratch = new Float64Array(2);
const scratchBytes = new Uint8Array(scratch.buffer);

export function writeStamp(bytes: Uint8Array, at: number, index: number, writtenAt: number): void {
  scratch[0] = index;
  scratch[1] = writtenAt;
  bytes.set(scratchBytes, at);
}

/** The packet's number; when it was written is `stampedAt()` until the next call. */
export function readStamp(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < scratchBytes.length; i++) scratchBytes[i] = bytes[at + i]!;
  return scratch[0]!;
}

export function stampedAt(): number {
  return scratch[1]!;
}
