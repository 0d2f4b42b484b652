// What all sockets of a thread share: each system call ends before the next begins.
import type { Ffi } from '../ffi.ts';
import type { Addresses } from './addresses.ts';
import type { Descriptors } from './descriptor.ts';
import type { MessageSender } from './message-batch.ts';
import type { Receiver } from './receiver.ts';
import type { DatagramSender } from './sender.ts';

export interface UdpParts {
  readonly ffi: Ffi;
  readonly addresses: Addresses;
  readonly descriptors: Descriptors;
  readonly sender: DatagramSender;
  readonly messages: MessageSender;
  readonly receiver: Receiver;
}
