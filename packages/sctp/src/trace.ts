// Packets as others may see them: a hook that is told of each, and the line of text that text2pcap (and so Wireshark) and
// `scripts/pcapng.ts` understand. Packets are plain SCTP, as they are before DTLS seals and after it has opened them.

export type TraceDirection = 'in' | 'out';

/** Told of every packet that is sent, and of every one received before anything is known of it. */
export interface PacketTrace {
  /** While false `onPacket` is not called, and the trace costs a look at this. */
  readonly isOn: boolean;
  /** `bytes[at, end)` is borrowed for the call. */
  onPacket(direction: TraceDirection, bytes: Uint8Array, at: number, end: number): void;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * One line for `text2pcap -D -n -l 248 -t ISO`: direction, time in UTC, offset, the bytes in hexadecimal,
 * and a comment that names the association. `time` is as `2026-11-22T13:04:41.123456`.
 */
export function packetLine(
  direction: TraceDirection,
  time: string,
  bytes: Uint8Array,
  at: number,
  end: number,
  association: string,
): string {
  let line = `${direction === 'in' ? 'I' : 'O'} ${time} 0000`;
  for (let i = at; i < end; i++) line += ` ${HEX[bytes[i]!]}`;
  return `${line} # SCTP_PACKET ${association}`;
}
