// What has become of the chunks that were taken for lost since a recovery or a timeout began. When every one of them
// turns out to have arrived after all, nothing was lost and congestion control takes its word back. In place of the
// timestamps of Eifel (RFC 3522) and beside F-RTO (RFC 5682) serve the duplicate TSNs that SCTP peers report (as DSACK
// does in RFC 3708): each tells of a sending too many.
import { after32 } from '@millrace/sans-io';

export class LossEpisode {
  /** Marks not yet taken back. */
  #pending = 0;
  #isOpen = false;
  /** TSNs sent again lie in this range. */
  #lowest = 0;
  #highest = 0;
  #repeats = 0;

  begin(): void {
    this.#isOpen = true;
    this.#pending = 0;
    this.#repeats = 0;
  }

  /** A chunk is taken for lost. */
  onLost(): void {
    this.#pending++;
  }

  /** A chunk taken for lost goes out again. */
  onRepeat(tsn: number): void {
    if (this.#repeats === 0 || after32(this.#lowest, tsn)) this.#lowest = tsn;
    if (this.#repeats === 0 || after32(tsn, this.#highest)) this.#highest = tsn;
    this.#repeats++;
  }

  /** A chunk taken for lost was acknowledged before it went out again. */
  onArrived(): void {
    this.#pending--;
  }

  /** The peer reports having got `tsn` twice. Returns whether a retransmission may be the cause. */
  onDuplicate(tsn: number): boolean {
    if (this.#repeats === 0 || after32(this.#lowest, tsn) || after32(tsn, this.#highest)) return false;
    this.#repeats--;
    this.#pending--;
    return true;
  }

  /** Whether all that was taken for lost had arrived; true only once. */
  takeSpurious(): boolean {
    if (!this.#isOpen || this.#pending > 0) return false;
    this.#isOpen = false;
    return true;
  }

  close(): void {
    this.#isOpen = false;
  }
}
