// Finds out whether sockets work here, and opens them.
import { NativeError } from '../errors.ts';
import type { Ffi } from '../ffi.ts';
import type { Memory } from '../memory.ts';
import { Addresses } from './addresses.ts';
import { Descriptors } from './descriptor.ts';
import { AF_INET, AF_INET6, findLibc } from './libc.ts';
import { MessageBatch } from './message-batch.ts';
import type { UdpParts } from './parts.ts';
import type { NativeSocket, NativeUdp, ReceivePath, SendPath, UdpHandlers } from './port.ts';
import { Receiver } from './receiver.ts';
import { testSockets } from './self-test.ts';
import { Sender } from './sender.ts';
import { UdpSocket } from './socket.ts';

/** Sockets, or why there are none. `report` hears about each step. */
export function openUdp(
  ffi: Ffi,
  memory: Memory,
  without: ReadonlySet<string>,
  report: (name: string, wrong: string | undefined) => void,
): NativeUdp | string {
  // Layouts and numbers are those of Linux; elsewhere nothing of this has been run.
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64'))
    return `not for ${process.platform} ${process.arch}`;
  if (!ffi.canWatch) return 'this koffi cannot watch descriptors';
  const libc = findLibc(ffi);
  if (typeof libc === 'string') return libc;
  try {
    const addresses = new Addresses(libc, memory);
    const parts: UdpParts = {
      ffi,
      addresses,
      descriptors: new Descriptors(ffi, libc, memory, addresses),
      sender: new Sender(ffi, libc, memory),
      messages: new MessageBatch(ffi, libc, memory),
      receiver: new Receiver(ffi, libc, memory),
    };
    const findings = testSockets(parts, without, report);
    if (typeof findings === 'string') return findings;
    return new LinuxUdp(parts, findings.sendPath, findings.receivePath);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

class LinuxUdp implements NativeUdp {
  readonly sendPath: SendPath;
  readonly receivePath: ReceivePath;
  readonly #parts: UdpParts;

  constructor(parts: UdpParts, sendPath: SendPath, receivePath: ReceivePath) {
    this.#parts = parts;
    this.sendPath = sendPath;
    this.receivePath = receivePath;
  }

  open(address: string, port: number, handlers: UdpHandlers): NativeSocket {
    if (typeof address !== 'string') throw new NativeError('BAD_ADDRESS', String(address));
    if (typeof handlers?.onDatagram !== 'function') throw new NativeError('BAD_ARGUMENT', 'no onDatagram');
    const family = address.includes(':') ? AF_INET6 : AF_INET;
    const { descriptors } = this.#parts;
    const descriptor = descriptors.open({ address, port }, family);
    descriptors.growBuffers(descriptor);
    try {
      return new UdpSocket(this.#parts, descriptor, family, handlers, this.sendPath, this.receivePath);
    } catch (error) {
      descriptors.close(descriptor);
      throw error;
    }
  }
}
