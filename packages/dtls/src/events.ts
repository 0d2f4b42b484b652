// Hot: what waits for `drain`: the connection's opening, plaintexts in the order of their records, its end. The
// arrays live as long as the connection, so that a record costs no object.
import type { CloseReason } from './close-reason.ts';
import type { DtlsSink } from './sink.ts';

const NOTHING = new Uint8Array(0);

export class Events {
  #halfConnected = false;
  #connected = false;
  #closed: CloseReason | undefined;
  // Of one record, as it mostly stays; an empty array grows to seventeen at its first.
  readonly #bytes: Uint8Array[] = [NOTHING];
  readonly #bounds: number[] = [0, 0];
  #count = 0;

  onHalfConnected(): void {
    this.#halfConnected = true;
  }

  onConnected(): void {
    this.#connected = true;
  }

  onApplicationData(bytes: Uint8Array, at: number, end: number): void {
    const i = this.#count++;
    this.#bytes[i] = bytes;
    this.#bounds[2 * i] = at;
    this.#bounds[2 * i + 1] = end;
  }

  onClosed(reason: CloseReason): void {
    this.#closed = reason;
  }

  drain(sink: DtlsSink, keyLog: string[]): boolean {
    const any = this.#connected || this.#count > 0 || this.#closed !== undefined || keyLog.length > 0;
    if (!any && !this.#halfConnected) return false;
    if (keyLog.length > 0) for (const line of keyLog.splice(0)) sink.onKeyLog?.(line);
    if (this.#halfConnected) {
      this.#halfConnected = false;
      if (this.#closed === undefined) sink.onHalfConnected?.();
    }
    if (this.#connected) {
      this.#connected = false;
      sink.onConnected();
    }
    for (let i = 0; i < this.#count; i++) {
      const bytes = this.#bytes[i]!;
      this.#bytes[i] = NOTHING; // the slab is not kept alive
      sink.onApplicationData(bytes, this.#bounds[2 * i]!, this.#bounds[2 * i + 1]!);
    }
    this.#count = 0;
    const reason = this.#closed;
    if (reason !== undefined) {
      this.#closed = undefined;
      sink.onClosed(reason);
    }
    return true;
  }
}
