// A piggyback that a test tells what to say, and that writes down what it hears.
import type { Piggyback } from '@millrace/ice';
import { type Millis, NEVER } from '@millrace/sans-io';

export interface Heard {
  readonly data: Uint8Array | undefined;
  readonly ack: Uint8Array | undefined;
}

export class Carrier implements Piggyback {
  isOn = true;
  flight = 1;
  pending = 0;
  checkDueAt: Millis = NEVER;
  acknowledgements: Uint8Array = Uint8Array.of(1, 2, 3, 4);
  datagrams: Uint8Array[] = [];
  readonly heard: Heard[] = [];
  readonly rooms: number[] = [];
  #turn = 0;

  next(room: number): Uint8Array | undefined {
    this.rooms.push(room);
    this.checkDueAt = NEVER;
    const datagram = this.datagrams[this.#turn++ % this.datagrams.length];
    return datagram !== undefined && datagram.length <= room ? datagram : undefined;
  }

  receive(bytes: Uint8Array, dataAt: number, dataEnd: number, ackAt: number, ackEnd: number): void {
    this.heard.push({
      data: dataAt < 0 ? undefined : bytes.slice(dataAt, dataEnd),
      ack: ackAt < 0 ? undefined : bytes.slice(ackAt, ackEnd),
    });
  }
}

/** A datagram of `length` bytes that begins as a handshake's does. */
export function datagram(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i === 0 ? 22 : (i * 7 + seed) & 0xff));
}
