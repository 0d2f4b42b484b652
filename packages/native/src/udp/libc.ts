// The system calls of a UDP socket, and the numbers they go by: Linux on 64-bit little-endian machines, where glibc
// and musl agree on every layout used here (what musl pads is zero).
import type { Ffi, FfiType, ForeignFunction } from '../ffi.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

export const SOL_SOCKET = 1;
export const SO_ERROR = 4;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const IPPROTO_IP = 0;
export const IP_MTU_DISCOVER = 10;
export const IPPROTO_IPV6 = 41;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_V6ONLY = 26;
/** Sets "don't fragment" and takes no notice of what the kernel believes the path to carry. */
export const PMTUDISC_PROBE = 3;
/** Leaves it unset: this host and, with IPv4, routers may cut what is too long. */
export const PMTUDISC_DONT = 0;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

export const MSG_CTRUNC = 0x08;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const POLLIN = 1;

/** `struct mmsghdr`: a `struct msghdr` with the number of bytes that went. */
export const MESSAGE = {
  BYTES: 64,
  NAME: 0,
  NAME_LENGTH: 8,
  IOV: 16,
  IOV_COUNT: 24,
  CONTROL: 32,
  CONTROL_LENGTH: 40,
  FLAGS: 48,
  SENT_OR_RECEIVED: 56,
} as const;
/** `struct iovec` */
export const IOVEC = { BYTES: 16, BASE: 0, LENGTH: 8 } as const;
/** `struct cmsghdr` with an integer behind it */
export const CONTROL = { BYTES: 24, LENGTH: 0, LEVEL: 8, TYPE: 12, DATA: 16 } as const;

type LibcFunction =
  | 'socket'
  | 'bind'
  | 'close'
  | 'getsockname'
  | 'setsockopt'
  | 'getsockopt'
  | 'sendto'
  | 'sendmsg'
  | 'sendmmsg'
  | 'recvmmsg'
  | 'poll'
  | 'inet_pton'
  | 'inet_ntop';

export type Libc = Readonly<Record<LibcFunction, ForeignFunction>>;

const FUNCTIONS: Readonly<Record<LibcFunction, readonly [result: FfiType, ...parameters: FfiType[]]>> = {
  socket: ['int', 'int', 'int', 'int'],
  bind: ['int', 'int', 'pointer', 'uint'],
  close: ['int', 'int'],
  getsockname: ['int', 'int', 'pointer', 'pointer'],
  setsockopt: ['int', 'int', 'int', 'int', 'pointer', 'uint'],
  getsockopt: ['int', 'int', 'int', 'int', 'pointer', 'pointer'],
  sendto: ['int', 'int', 'pointer', 'size', 'int', 'pointer', 'uint'],
  sendmsg: ['int', 'int', 'pointer', 'int'],
  sendmmsg: ['int', 'int', 'pointer', 'uint', 'int'],
  recvmmsg: ['int', 'int', 'pointer', 'uint', 'int', 'pointer'],
  poll: ['int', 'pointer', 'size', 'int'],
  inet_pton: ['int', 'int', 'pointer', 'pointer'],
  inet_ntop: ['pointer', 'int', 'pointer', 'pointer', 'uint'],
};

/** The functions, or what is missing. */
export function findLibc(ffi: Ffi): Libc | string {
  const libc: Partial<Record<LibcFunction, ForeignFunction>> = {};
  for (const [name, [result, ...parameters]] of Object.entries(FUNCTIONS)) {
    const found = ffi.find(name, result, ...parameters);
    if (!found) return `${name} is not to be found`;
    libc[name as LibcFunction] = found;
  }
  return libc as Libc;
}
