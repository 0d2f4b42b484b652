// The SCTP association of one connection: how it is made, and the INIT chunk that descriptions carry for it
// (draft-hancke-tsvwg-snap), which has to be known, and to stay, from the first description on.
import { createHmac, randomBytes } from 'node:crypto';
import { type Millis, randomU32 } from '@millrace/sans-io';
import { type FixedSctpOptions, SctpAssociation, signaledInit } from '@millrace/sctp';
import { checksum } from './backend.ts';
import { packetTrace } from './packet-trace.ts';
import { random } from './random.ts';
import { sharedMemory } from './shared-memory.ts';

export type AssociationOptions = Pick<
  FixedSctpOptions,
  'localPort' | 'maxMessageSize' | 'sendQueueLimit' | 'congestionControl'
>;

/** Four packets and probes in each direction are a fifth of what opening a connection sends; most never need longer packets. */
const PROBE_AFTER_BYTES = 8192;

export interface AssociationInit {
  readonly remotePort: number;
  /** The peer's INIT, if it has come by signaling. */
  readonly remoteInit: Uint8Array | undefined;
  readonly mtu: number;
  readonly roundTripTime: Millis | undefined;
}

export class AssociationMaker {
  readonly #options: FixedSctpOptions;
  #init: Uint8Array | undefined;
  #prepared: SctpAssociation | undefined;

  constructor(options: AssociationOptions) {
    this.#options = {
      ...options,
      random,
      cookieMac,
      checksum,
      zeroChecksum: true, // DTLS is below: RFC 9653 §7.2
      memory: sharedMemory,
      probeAfterBytes: PROBE_AFTER_BYTES,
      // RFC 9260 §5.3.1: random, and a tag is never 0. A TSN below 2^31 is what V8 counts fastest with.
      initiateTag: randomU32(random) || 1,
      initialTsn: randomU32(random) >>> 1,
    };
  }

  /** The INIT that the association sends, or that a description has in its place. */
  get init(): Uint8Array {
    return (this.#init ??= signaledInit(this.#options));
  }

  /**
   * Makes what `make` will give, while the handshake below waits for the peer: so that its end does not wait for this. It
   * can only wait to be attached. Where the round trip is not known yet, the peer's INIT has to be: no timer of a handshake
   * is set by it then.
   */
  prepare(init: AssociationInit, at: Millis): void {
    if (this.#prepared) return;
    this.#prepared = this.#new(init);
    if (init.remoteInit) this.#prepared.connect(at, init.remoteInit);
  }

  /** One that is connecting, or connected if the peer's INIT has come by signaling. */
  make(init: AssociationInit, at: Millis): SctpAssociation {
    const association = this.#prepared ?? this.#new(init);
    this.#prepared = undefined;
    if (association.phase === 'new') association.connect(at, init.remoteInit);
    return association;
  }

  #new({ remotePort, mtu, roundTripTime }: AssociationInit): SctpAssociation {
    return new SctpAssociation({
      ...this.#options,
      remotePort,
      mtu,
      trace: packetTrace(),
      ...(roundTripTime === undefined ? {} : { roundTripTime }),
    });
  }
}

/** Signs the state cookies of all associations of this process (RFC 9260 §5.1.3). */
const cookieKey = randomBytes(32);
const cookieMac = (bytes: Uint8Array): Uint8Array => createHmac('sha256', cookieKey).update(bytes).digest();
