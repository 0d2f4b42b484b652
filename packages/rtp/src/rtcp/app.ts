// Application-defined packets. RFC 3550 §6.7: | header with subtype | SSRC | name (4 ASCII) | data |
import { copyBytes, putU32, u32 } from '@millrace/sans-io';
import { RtpError } from '../errors.ts';
import { MAX_RTCP_COUNT, RTCP_TYPE, writeRtcpHeader } from './rtcp-header.ts';
import type { RtcpReader } from './rtcp-reader.ts';

const APP_HEADER_BYTES = 12;
const NO_BYTES = new Uint8Array(0);

/** A view of an APP packet. RFC 3550 §6.7 */
export class AppPacket {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  subtype = 0;
  /** Where the data begins and ends. */
  dataAt = 0;
  dataEnd = 0;

  /** False if the packet is something else, or malformed. */
  read(packet: RtcpReader): boolean {
    if (packet.type !== RTCP_TYPE.app || packet.end - packet.at < APP_HEADER_BYTES) return false;
    this.bytes = packet.bytes;
    this.at = packet.at;
    this.subtype = packet.count;
    this.dataAt = packet.at + APP_HEADER_BYTES;
    this.dataEnd = packet.end;
    return true;
  }

  get ssrc(): number {
    return u32(this.bytes, this.at + 4);
  }

  /** The name's four bytes as a number, for comparing; see `appName`. */
  get name(): number {
    return u32(this.bytes, this.at + 8);
  }
}

/** The number that `AppPacket.name` is for a name of four ASCII characters. */
export function appName(name: string): number {
  if (!/^[\x20-\x7e]{4}$/.test(name)) throw new RtpError('BAD_VALUE', `the name ${JSON.stringify(name)}`);
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + name.charCodeAt(i);
  return value;
}

/** Writes a packet with the data `from[start, stop)`, a multiple of four bytes, into `out[at, end)`. Returns its length; 0 = no room. */
export function writeApp(
  out: Uint8Array,
  at: number,
  end: number,
  subtype: number,
  ssrc: number,
  name: number,
  from: Uint8Array,
  start: number,
  stop: number,
): number {
  if (!(subtype >= 0 && subtype <= MAX_RTCP_COUNT)) throw new RtpError('BAD_VALUE', `subtype ${subtype}`);
  // RFC 3550 §6.7: the data is a multiple of 32 bits long.
  if ((stop - start) % 4 !== 0) throw new RtpError('BAD_VALUE', `data of ${stop - start} bytes`);
  const length = APP_HEADER_BYTES + stop - start;
  if (end > out.length || at + length > end || length > 0x4_0000) return 0;
  writeRtcpHeader(out, at, subtype, RTCP_TYPE.app, length);
  putU32(out, at + 4, ssrc);
  putU32(out, at + 8, name);
  copyBytes(out, at + APP_HEADER_BYTES, from, start, stop);
  return length;
}
