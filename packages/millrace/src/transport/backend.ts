// Which cryptography and which sockets a connection runs on: what @millrace/native offers, where it works and is
// wanted, else what Node has. Chosen once for the process, at the first connection.
import type { DtlsCrypto } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { loadNative, type Native, type Probe } from '@millrace/native';
import { type DatagramPort, openDgramPort, type PortHandlers } from './datagram-port.ts';
import { SendBatch } from './send-batch.ts';

export interface Backend {
  /** One line for people: what is in use. */
  readonly description: string;
  /** What was tried, and why it is used or not. */
  readonly probes: readonly Probe[];
  readonly crypto: DtlsCrypto;
  /** Cipher suites by preference: the one that is quickest here comes first. */
  readonly cipherSuites: readonly number[];
  /** Where the datagrams of all connections on this back end are put together. */
  readonly batch: SendBatch;
  /** @throws {Error} with Node's `code`, when the address can't be bound */
  openPort(address: string, port: number, handlers: PortHandlers): Promise<DatagramPort>;
}

/** RFC 5289 §3.2, RFC 7905 §2: ECDHE with ECDSA, then with RSA. Every peer known speaks the first two. */
const GCM_FIRST: readonly number[] = [0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030];

let portable: Backend | undefined;
let accelerated: Backend | undefined;

/** The back end of a connection that wants native speed, or not. */
export function chooseBackend(wantsNative: boolean): Backend {
  if (wantsNative) {
    const loaded = loadNative();
    if (loaded) return (accelerated ??= nativeBackend(loaded));
  }
  return (portable ??= {
    description: 'portable: node:crypto, node:dgram',
    probes: [],
    crypto: nodeDtlsCrypto,
    cipherSuites: GCM_FIRST,
    batch: new SendBatch((bytes) => new Uint8Array(bytes)),
    openPort: openDgramPort,
  });
}

function nativeBackend(native: Native): Backend {
  const { description, probes, aead, udp } = native;
  return {
    description,
    probes,
    crypto: {
      ...nodeDtlsCrypto,
      createRecordKey: (algorithm, key, fixedNonce, direction) =>
        aead?.algorithms.includes(algorithm)
          ? aead.createRecordKey(algorithm, key, fixedNonce, direction)
          : undefined,
    },
    cipherSuites: GCM_FIRST,
    batch: new SendBatch((bytes) => native.slab(bytes)),
    openPort: udp
      ? (address, port, handlers) =>
          new Promise((resolve) => {
            resolve(udp.open(address, port, handlers));
          })
      : openDgramPort,
  };
}
