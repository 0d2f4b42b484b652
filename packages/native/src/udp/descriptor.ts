// A UDP socket of the system: opened, bound, its options set, asked for what it has. Nothing per packet.
import type { Ffi } from '../ffi.ts';
import type { Memory } from '../memory.ts';
import { RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES } from '../options.ts';
import { type Addresses, type Family, MAX_NAME_BYTES, nameBytes } from './addresses.ts';
import {
  AF_INET,
  AF_INET6,
  IP_MTU_DISCOVER,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_V6ONLY,
  type Libc,
  PMTUDISC_DONT,
  PMTUDISC_PROBE,
  POLLIN,
  SO_ERROR,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from './libc.ts';
import { Structures } from './messages.ts';
import type { UdpAddress } from './port.ts';

const NAME_AT = 0;
const VALUE_AT = 32;
const LENGTH_AT = 40;

export class Descriptors {
  readonly #ffi: Ffi;
  readonly #libc: Libc;
  readonly #addresses: Addresses;
  readonly #room: Structures;

  constructor(ffi: Ffi, libc: Libc, memory: Memory, addresses: Addresses) {
    this.#ffi = ffi;
    this.#libc = libc;
    this.#addresses = addresses;
    this.#room = new Structures(memory, 64);
  }

  /**
   * A bound socket that never blocks and does not fragment.
   *
   * @throws {Error} as of node:dgram; {NativeError} `BAD_ADDRESS`
   */
  open(local: UdpAddress, family: Family): number {
    this.#addresses.write(local, family, this.#room.bytes, NAME_AT);
    const descriptor: number = this.#libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) throw this.errorOf('socket', this.#ffi.errno(), local);
    if (family === AF_INET6) this.set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    const result: number = this.#libc.bind(descriptor, this.#room.address + NAME_AT, nameBytes(family));
    if (result !== 0) {
      const error = this.errorOf('bind', this.#ffi.errno(), local);
      this.close(descriptor);
      throw error;
    }
    this.setFragmenting(descriptor, family, false);
    return descriptor;
  }

  /** Whether what is too long for a link may be cut up on its way. */
  setFragmenting(descriptor: number, family: Family, mayFragment: boolean): void {
    const value = mayFragment ? PMTUDISC_DONT : PMTUDISC_PROBE;
    if (family === AF_INET) this.set(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, value);
    else this.set(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, value);
  }

  /** Gives a socket room for bursts: with privilege beyond the system's limit, without it up to there. */
  growBuffers(descriptor: number): void {
    if (this.set(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES) !== 0)
      this.set(descriptor, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    if (this.set(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES) !== 0)
      this.set(descriptor, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
  }

  /** 0, or the error number. */
  set(descriptor: number, level: number, option: number, value: number): number {
    this.#room.putI32(VALUE_AT, value);
    const address = this.#room.address + VALUE_AT;
    return this.#libc.setsockopt(descriptor, level, option, address, 4) === 0 ? 0 : this.#ffi.errno();
  }

  /** The value of an option; 0 if there is none. */
  get(descriptor: number, level: number, option: number): number {
    this.#room.putI32(VALUE_AT, 0);
    this.#room.putI32(LENGTH_AT, 4);
    const { address } = this.#room;
    this.#libc.getsockopt(descriptor, level, option, address + VALUE_AT, address + LENGTH_AT);
    return this.#room.i32(VALUE_AT);
  }

  /** Bytes for what comes and what goes, as the system counts them. */
  receiveBufferBytes(descriptor: number): number {
    return this.get(descriptor, SOL_SOCKET, SO_RCVBUF);
  }

  sendBufferBytes(descriptor: number): number {
    return this.get(descriptor, SOL_SOCKET, SO_SNDBUF);
  }

  /** Takes the error that waits at the socket away from it. */
  takeError(descriptor: number): number {
    return this.get(descriptor, SOL_SOCKET, SO_ERROR);
  }

  localAddress(descriptor: number): UdpAddress {
    this.#room.putI32(LENGTH_AT, MAX_NAME_BYTES);
    const { address } = this.#room;
    this.#libc.getsockname(descriptor, address + NAME_AT, address + LENGTH_AT);
    return this.#addresses.read(this.#room.bytes, NAME_AT);
  }

  /** Blocks until there is something to read: only for self-tests. */
  waitReadable(descriptor: number, milliseconds: number): boolean {
    this.#room.putI32(VALUE_AT, descriptor);
    this.#room.putU16(VALUE_AT + 4, POLLIN);
    this.#room.putU16(VALUE_AT + 6, 0);
    return this.#libc.poll(this.#room.address + VALUE_AT, 1, milliseconds) > 0;
  }

  close(descriptor: number): void {
    this.#libc.close(descriptor);
  }

  /** An error with the fields that Node's own have. */
  errorOf(syscall: string, errno: number, local?: UdpAddress): NodeJS.ErrnoException {
    const code = this.#ffi.errorName(errno);
    const where = local ? ` ${local.address}${local.port === 0 ? '' : `:${local.port}`}` : '';
    return Object.assign(new Error(`${syscall} ${code}${where}`), {
      code,
      errno: -errno,
      syscall,
      ...local,
    });
  }
}
