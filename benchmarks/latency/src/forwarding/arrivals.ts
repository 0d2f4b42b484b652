// When which packet came on which connection. Lane 0 is the one past the forwarder, the receivers' follow.
import { LatencyRecorder, type Settings } from '@millrace/bench-harness';
import type { Report } from './messages.ts';
import { machineNow, readStamp, stampedAt } from './stream.ts';

export class Arrivals {
  readonly #lanes: number;
  readonly #warmUp: number;
  readonly #packets: number;
  /** By lane and packet; 0: it has not come. */
  readonly #arrivedAt: Float64Array;
  readonly #writtenAt: Float64Array;

  /** Of `packets` that count, after `warmUpPackets` that do not. */
  constructor({ receivers, packets, warmUpPackets }: Settings) {
    this.#lanes = receivers! + 1;
    this.#warmUp = warmUpPackets!;
    this.#packets = packets!;
    this.#arrivedAt = new Float64Array(this.#lanes * this.#packets);
    this.#writtenAt = new Float64Array(this.#packets);
  }

  note(lane: number, bytes: Uint8Array, payloadAt: number): void {
    const index = readStamp(bytes, payloadAt) - this.#warmUp;
    if (index < 0 || index >= this.#packets) return;
    this.#arrivedAt[lane * this.#packets + index] = machineNow();
    this.#writtenAt[index] = stampedAt();
  }

  report(): Report {
    const [added, whole, direct] = [new LatencyRecorder(), new LatencyRecorder(), new LatencyRecorder()];
    let received = 0;
    let least = this.#packets;
    for (let lane = 0; lane < this.#lanes; lane++) {
      let ofLane = 0;
      for (let index = 0; index < this.#packets; index++) {
        const at = this.#arrivedAt[lane * this.#packets + index]!;
        if (at === 0) continue;
        ofLane++;
        (lane === 0 ? direct : whole).recordMillis(at - this.#writtenAt[index]!);
        const past = this.#arrivedAt[index]!;
        if (lane > 0 && past > 0) added.recordMillis(at - past);
      }
      if (lane === 0) continue;
      received += ofLane;
      least = Math.min(least, ofLane);
    }
    return {
      received,
      least,
      added: added.encode(),
      whole: whole.encode(),
      direct: direct.encode(),
    };
  }
}
