// Socket addresses (`struct sockaddr_in`, `sockaddr_in6`) from and to what people write. The system's own inet_pton
// and inet_ntop do the reading and writing, once for each address; results are kept, within bounds.
import { networkInterfaces } from 'node:os';
import { NativeError } from '../errors.ts';
import type { Pointer } from '../ffi.ts';
import type { Memory } from '../memory.ts';
import { MAX_DESTINATIONS } from '../options.ts';
import { AF_INET, AF_INET6, type Libc } from './libc.ts';
import type { UdpAddress } from './port.ts';

export type Family = typeof AF_INET | typeof AF_INET6;

/** `struct sockaddr_in6`, the longer one. */
export const MAX_NAME_BYTES = 28;

export function nameBytes(family: Family): number {
  return family === AF_INET ? 16 : 28;
}

const PORT_AT = 2;
const V4_AT = 4;
const V6_AT = 8;
const V6_SCOPE_AT = 24;
const TEXT_ROOM = 64;

export class Addresses {
  readonly #libc: Libc;
  /** Text, then the parsed address. */
  readonly #room: Uint8Array;
  readonly #roomAddress: Pointer;
  readonly #parsed = new Map<string, Uint8Array>();

  constructor(libc: Libc, memory: Memory) {
    this.#libc = libc;
    this.#room = memory.allocate(TEXT_ROOM + 16);
    this.#roomAddress = memory.addressOf(this.#room);
  }

  /**
   * Writes the socket address of `remote` to `out` at `at`.
   *
   * @throws {NativeError} `BAD_ADDRESS` if it is not a numeric one of that family, with a port
   */
  write(remote: UdpAddress, family: Family, out: Uint8Array, at: number): void {
    const { port } = remote;
    const name = this.find(remote, family);
    for (let i = 0; i < name.length; i++) out[at + i] = name[i]!;
    out[at + PORT_AT] = port >> 8;
    out[at + PORT_AT + 1] = port;
  }

  /**
   * The socket address of `remote`, but for its port.
   *
   * @throws {NativeError} `BAD_ADDRESS` if it is not a numeric one of that family, with a port
   */
  find({ address, port }: UdpAddress, family: Family): Uint8Array {
    const name = this.#find(address, family);
    if (name === undefined || !(port >= 0 && port <= 65_535) || !Number.isInteger(port))
      throw new NativeError('BAD_ADDRESS', `${address} port ${port}`);
    return name;
  }

  /** `read`, as a function: one for all sockets. */
  readonly reader = (bytes: Uint8Array, at: number): UdpAddress => this.read(bytes, at);

  /** The socket address at `at`. */
  read(bytes: Uint8Array, at: number): UdpAddress {
    const family = bytes[at]! | (bytes[at + 1]! << 8);
    const port = (bytes[at + PORT_AT]! << 8) | bytes[at + PORT_AT + 1]!;
    const isV4 = family === AF_INET;
    const from = at + (isV4 ? V4_AT : V6_AT);
    for (let i = 0; i < (isV4 ? 4 : 16); i++) this.#room[TEXT_ROOM + i] = bytes[from + i]!;
    const result: Pointer = this.#libc.inet_ntop(
      isV4 ? AF_INET : AF_INET6,
      this.#roomAddress + TEXT_ROOM,
      this.#roomAddress,
      TEXT_ROOM,
    );
    if (result === 0) return { address: '', port }; // another family: nothing that a UDP socket receives from
    let address = '';
    for (let i = 0; this.#room[i] !== 0; i++) address += String.fromCharCode(this.#room[i]!);
    const scope = isV4 ? 0 : u32LittleEndian(bytes, at + V6_SCOPE_AT);
    return { address: scope === 0 ? address : `${address}%${interfaceName(scope)}`, port };
  }

  /** The socket address with port 0. */
  #find(text: string, family: Family): Uint8Array | undefined {
    const known = this.#parsed.get(text);
    if (known) return known[0] === family ? known : undefined;
    const name = typeof text === 'string' ? this.#parse(text, family) : undefined;
    if (!name) return undefined;
    if (this.#parsed.size >= MAX_DESTINATIONS) {
      for (const oldest of this.#parsed.keys()) {
        this.#parsed.delete(oldest);
        break;
      }
    }
    this.#parsed.set(text, name);
    return name;
  }

  #parse(text: string, family: Family): Uint8Array | undefined {
    const percent = text.indexOf('%');
    const numeric = percent === -1 ? text : text.slice(0, percent);
    if (numeric.length >= TEXT_ROOM) return undefined;
    for (let i = 0; i < numeric.length; i++) {
      const code = numeric.charCodeAt(i);
      if (code === 0 || code > 127) return undefined;
      this.#room[i] = code;
    }
    this.#room[numeric.length] = 0;
    if (this.#libc.inet_pton(family, this.#roomAddress, this.#roomAddress + TEXT_ROOM) !== 1)
      return undefined;
    const name = new Uint8Array(nameBytes(family));
    name[0] = family;
    const isV4 = family === AF_INET;
    name.set(this.#room.subarray(TEXT_ROOM, TEXT_ROOM + (isV4 ? 4 : 16)), isV4 ? V4_AT : V6_AT);
    if (percent !== -1) {
      const scope = isV4 ? undefined : scopeOf(text.slice(percent + 1));
      if (scope === undefined) return undefined;
      for (let i = 0; i < 4; i++) name[V6_SCOPE_AT + i] = scope >>> (8 * i);
    }
    return name;
  }
}

/** RFC 4007 §11: the zone of an address is the number or the name of an interface. */
function scopeOf(zone: string): number | undefined {
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  return networkInterfaces()[zone]?.find((each) => each.family === 'IPv6')?.scopeid;
}

function interfaceName(scope: number): string {
  for (const [name, addresses] of Object.entries(networkInterfaces()))
    if (addresses?.some((each) => each.family === 'IPv6' && each.scopeid === scope)) return name;
  return String(scope);
}

function u32LittleEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
