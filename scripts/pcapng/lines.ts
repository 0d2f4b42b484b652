// Lines of a packet trace, as `packetLine` of @millrace/sctp writes them and text2pcap reads them, back to packets.
import type { Packet } from './writer.ts';

const LINE = /^([IO]) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{1,9}) 0000((?: [0-9a-f]{2})+)(?: # (.*))?$/;

/** The packet that a line shows; undefined if it shows none. Whatever stands before the direction is passed over. */
export function parseLine(line: string): Packet | undefined {
  const start = line.search(/[IO] \d{4}-/);
  const match = start < 0 ? null : LINE.exec(line.slice(start).trimEnd());
  if (match === null) return undefined;
  const [, letter, seconds, fraction, hex, comment] = match;
  const micros = BigInt(fraction!.padEnd(6, '0').slice(0, 6));
  return {
    direction: letter === 'I' ? 'in' : 'out',
    time: BigInt(Date.parse(`${seconds}Z`)) * 1_000n + micros,
    bytes: Uint8Array.from(hex!.trim().split(' '), (byte) => Number.parseInt(byte, 16)),
    ...(comment === undefined ? {} : { comment }),
  };
}
