// Which stream ids are in use and which comes next (RFC 8832 §6). An id is in use until both of its directions
// have been reset.

export type DtlsRole = 'client' | 'server';

/** RFC 8831 §6.2: 65535 streams; W3C webrtc-pc forbids the id 65535. */
export const MAX_ID = 65_534;

export class StreamIds {
  readonly #used = new Set<number>();
  /** Every id below it of that parity is in use. */
  readonly #lowest: [even: number, odd: number] = [0, 1];

  has(id: number): boolean {
    return this.#used.has(id);
  }

  /** Takes `id`, which must be free. */
  take(id: number): void {
    this.#used.add(id);
  }

  /** Takes the lowest free id below `limit` that `role` may choose; `undefined` if there is none. */
  next(role: DtlsRole, limit: number): number | undefined {
    // RFC 8832 §6: the DTLS client chooses even ids, the server odd ones.
    const parity = role === 'client' ? 0 : 1;
    let id = this.#lowest[parity];
    while (this.#used.has(id)) id += 2;
    this.#lowest[parity] = id;
    if (id > MAX_ID || id >= limit) return undefined;
    this.#used.add(id);
    return id;
  }

  free(id: number): void {
    this.#used.delete(id);
    const parity = id % 2 === 0 ? 0 : 1;
    this.#lowest[parity] = Math.min(this.#lowest[parity], id);
  }

  clear(): void {
    this.#used.clear();
    this.#lowest[0] = 0;
    this.#lowest[1] = 1;
  }
}
