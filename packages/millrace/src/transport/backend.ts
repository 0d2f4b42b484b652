// Which cryptography and which sockets a connection runs on: what @millrace/native offers, where it works and is
// wanted, else what Node has. Chosen once for the process, at the first connection.
import type { DtlsCrypto } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { type DatagramPort, openDgramPort, type PortHandlers } from './datagram-port.ts';
import { SendBatch } from './send-batch.ts';

export interface Backend {
  /** One line for people: what is in use. */
  readonly description: string;
  readonly crypto: DtlsCrypto;
  /** Where the datagrams of all connections on this back end are put together. */
  readonly batch: SendBatch;
  /** @throws {Error} Node's own, when the address can't be bound */
  openPort(address: string, port: number, handlers: PortHandlers): Promise<DatagramPort>;
}

let portable: Backend | undefined;

export function portableBackend(): Backend {
  return (portable ??= {
    description: 'portable',
    crypto: nodeDtlsCrypto,
    batch: new SendBatch((bytes) => new Uint8Array(bytes)),
    openPort: openDgramPort,
  });
}
