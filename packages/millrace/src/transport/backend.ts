// Which cryptography and which sockets a connection runs on: what @millrace/native offers, where it works and is
// wanted, else what Node has. Chosen once for the process, at the first connection.
import {
  createAeadKey,
  createCrc32c,
  createSequenceMask,
  describeAead,
  portableMlKem768,
  slab,
  srtpCryptos,
} from '@millrace/crypto';
import type { DtlsCrypto } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { loadNative, type Native, type Probe } from '@millrace/native';
import { crc32c } from '@millrace/sctp';
import type { SrtpCryptos } from '@millrace/srtp';
import { type DatagramPort, openDgramPort, type PortHandlers } from './datagram-port.ts';
import { SendBatch } from './send-batch.ts';
import { spareKeys } from './spare-keys.ts';

export interface Backend {
  /** One line for people: what is in use. */
  readonly description: string;
  /** What was tried, and why it is used or not. */
  readonly probes: readonly Probe[];
  readonly crypto: DtlsCrypto;
  /** For SRTP. */
  readonly srtpCryptos: SrtpCryptos;
  /** Cipher suites by preference: the one that is quickest here comes first. */
  readonly cipherSuites: readonly number[];
  /** Where the datagrams of all connections on this back end are put together. */
  readonly batch: SendBatch;
  /** @throws {Error} with Node's `code`, when the address can't be bound */
  openPort(address: string, port: number, handlers: PortHandlers): Promise<DatagramPort>;
}

/**
 * Of DTLS 1.3 (RFC 8446 §B.4) and of 1.2 (RFC 5289 §3.2, RFC 7905 §2: ECDHE with ECDSA, then with RSA). Every peer known
 * speaks the first of either.
 */
const GCM_FIRST: readonly number[] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030];

/** Checksums of SCTP packets whose peer wants some (RFC 9653 is for doing without). */
export const checksum: typeof crc32c = createCrc32c(crc32c);

/** Ciphers in WebAssembly, and node:crypto for the handshake. */
const portableCrypto: DtlsCrypto = spareKeys({
  ...nodeDtlsCrypto,
  createAeadKey,
  createSequenceMask,
  mlKem768: nodeDtlsCrypto.mlKem768 ?? portableMlKem768(),
}).crypto;

let portable: Backend | undefined;
let accelerated: Backend | undefined;

/** The back end of a connection that wants native speed, or not. */
export function chooseBackend(wantsNative: boolean): Backend {
  if (wantsNative) {
    const loaded = loadNative();
    if (loaded) return (accelerated ??= nativeBackend(loaded));
  }
  return (portable ??= {
    description: `portable: ${describeAead()}, node:dgram`,
    probes: [],
    crypto: portableCrypto,
    srtpCryptos,
    cipherSuites: GCM_FIRST,
    batch: new SendBatch(slab),
    openPort: openDgramPort,
  });
}

function nativeBackend(native: Native): Backend {
  const { description, probes, aead, ciphers, udp } = native;
  return {
    description,
    probes,
    crypto: {
      ...portableCrypto,
      createAeadKey: (algorithm, key, salt) =>
        aead?.algorithms.includes(algorithm)
          ? aead.createAeadKey(algorithm, key)
          : createAeadKey(algorithm, key, salt),
      createRecordKey: (algorithm, key, fixedNonce, direction) =>
        aead?.algorithms.includes(algorithm)
          ? aead.createRecordKey(algorithm, key, fixedNonce, direction)
          : undefined,
      createRecordKey13: (algorithm, key, iv, direction) =>
        aead?.algorithms.includes(algorithm)
          ? aead.createRecordKey13(algorithm, key, iv, direction)
          : undefined,
      createSequenceMask: (algorithm, key) =>
        ciphers === undefined || algorithm === 'chacha20-poly1305'
          ? createSequenceMask(algorithm, key)
          : ciphers.createMask(key),
    },
    srtpCryptos: native.srtp ?? srtpCryptos,
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
