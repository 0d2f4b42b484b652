// The error numbers of this system that sockets tell apart.
import type { Ffi } from '../ffi.ts';

export interface ErrorNumbers {
  readonly again: number;
  readonly messageSize: number;
  readonly io: number;
  readonly invalid: number;
  readonly refused: number;
  readonly badDescriptor: number;
  readonly notSocket: number;
}

let numbers: ErrorNumbers | undefined;

export function errorNumbers(ffi: Ffi): ErrorNumbers {
  return (numbers ??= {
    again: ffi.errorNumber('EAGAIN'),
    messageSize: ffi.errorNumber('EMSGSIZE'),
    io: ffi.errorNumber('EIO'),
    invalid: ffi.errorNumber('EINVAL'),
    refused: ffi.errorNumber('ECONNREFUSED'),
    badDescriptor: ffi.errorNumber('EBADF'),
    notSocket: ffi.errorNumber('ENOTSOCK'),
  });
}
