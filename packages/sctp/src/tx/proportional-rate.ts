// Hot: how much may be in flight during fast recovery (PRR, RFC 6937 with the safe-ACK rule of RFC 9937): sending follows
// what arrives, in the ratio of the new window to the flight at the loss, so that there is neither a burst nor a pause.

export class ProportionalRate {
  /** Bytes that may be in flight until the next SACK. */
  limit = 0;
  #threshold = 0;
  #flightAtLoss = 0;
  #delivered = 0;
  #sent = 0;

  /** Recovery begins with `flight` bytes in flight, lost ones included; it is to end with `threshold` bytes. */
  begin(flight: number, threshold: number): void {
    this.#flightAtLoss = Math.max(flight, 1);
    this.#threshold = threshold;
    this.#delivered = 0;
    this.#sent = 0;
  }

  /** A SACK delivers `acked` bytes and leaves `flight`. It is safe if it moves on without news of further losses. */
  onAck(acked: number, flight: number, isSafe: boolean, mtu: number): void {
    this.#delivered += acked;
    let allowance: number;
    if (flight > this.#threshold) {
      allowance = Math.ceil((this.#delivered * this.#threshold) / this.#flightAtLoss) - this.#sent;
    } else {
      const behind = this.#delivered - this.#sent;
      allowance = Math.min(this.#threshold - flight, isSafe ? Math.max(behind, acked) + mtu : behind);
    }
    // RFC 6937 §3: the first retransmission goes whatever the count says.
    if (this.#sent === 0) allowance = Math.max(allowance, mtu);
    this.limit = flight + Math.max(0, allowance);
  }

  onSent(bytes: number): void {
    this.#sent += bytes;
  }
}
