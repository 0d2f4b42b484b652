// SCTP packets for whoever subscribes to `millrace:sctp:packet` of node:diagnostics_channel: plain, outside DTLS, as
// lines that text2pcap understands. While nobody does it costs one look at a flag for each packet.
import { channel } from 'node:diagnostics_channel';
import { type PacketTrace, packetLine, type TraceDirection } from '@millrace/sctp';

/** What subscribers are given. */
export interface PacketMessage {
  /** Names the association within this process. */
  readonly association: string;
  readonly direction: TraceDirection;
  /** Direction, time and bytes in hexadecimal, on one line. */
  readonly line: string;
}

const packets = channel('millrace:sctp:packet');
let associations = 0;

/** The trace of one more association. */
export function packetTrace(): PacketTrace {
  return new AssociationTrace();
}

class AssociationTrace implements PacketTrace {
  readonly #association = String(++associations);

  get isOn(): boolean {
    return packets.hasSubscribers;
  }

  onPacket(direction: TraceDirection, bytes: Uint8Array, at: number, end: number): void {
    const association = this.#association;
    const line = packetLine(direction, timeStamp(), bytes, at, end, association);
    packets.publish({ association, direction, line } satisfies PacketMessage);
  }
}

/** Now in UTC, to the microsecond. */
function timeStamp(): string {
  const now = performance.timeOrigin + performance.now();
  const whole = Math.floor(now);
  const micros = String(Math.floor((now - whole) * 1_000)).padStart(3, '0');
  return `${new Date(whole).toISOString().slice(0, -1)}${micros}`;
}
