// werift's handshake over a transport in memory. Its flights wait on timers of half a second even when nothing is lost;
// they hold nobody up, but the timers outlive the handshake. It takes any certificate that the peer shows: comparing
// fingerprints is left to whoever uses it, and is no part of what is measured.
import { CERTIFICATE_PEM, PRIVATE_KEY_PEM } from '@millrace/bench-harness/dtls-identity';

interface Transport {
  readonly type: string;
  readonly address: object;
  closed: boolean;
  onData: (bytes: Buffer) => void;
  send(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

interface WeriftSocket {
  readonly onConnect: { once(listener: () => void): void };
  readonly onError: { once(listener: (error: Error) => void): void };
  readonly remoteCertificate: Buffer | undefined;
}

export interface WeriftDtls {
  DtlsClient: new (options: object) => WeriftSocket & { connect(): Promise<void> };
  DtlsServer: new (options: object) => WeriftSocket;
}

/** SHA-256 with ECDSA, by their numbers in RFC 5246 §7.4.1.4.1. */
const SIGNATURE_HASH = { hash: 4, signature: 3 } as const;

class MemoryTransport implements Transport {
  readonly type = 'memory';
  readonly address: object = {};
  closed = false;
  onData: (bytes: Buffer) => void = () => {};
  peer: MemoryTransport | undefined;

  /** Later, as a socket would: an answer must not arrive before the question has been sent to its end. */
  async send(bytes: Buffer): Promise<void> {
    queueMicrotask(() => this.peer?.onData(bytes));
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** Shakes hands once; gives the bytes of the certificates that crossed. */
export async function weriftHandshake({ DtlsClient, DtlsServer }: WeriftDtls): Promise<number> {
  const [near, far] = [new MemoryTransport(), new MemoryTransport()];
  near.peer = far;
  far.peer = near;
  const options = {
    cert: CERTIFICATE_PEM,
    key: PRIVATE_KEY_PEM,
    signatureHash: SIGNATURE_HASH,
    certificateRequest: true,
    extendedMasterSecret: true,
  };
  const server = new DtlsServer({ ...options, transport: far });
  const client = new DtlsClient({ ...options, transport: near });
  const connected = Promise.all([server, client].map(isConnected));
  // It settles when its last timer has run; the connection is there long before.
  client.connect().catch(() => {});
  await connected;
  return client.remoteCertificate!.length + server.remoteCertificate!.length;
}

function isConnected(socket: WeriftSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.onConnect.once(resolve);
    socket.onError.once(reject);
  });
}
