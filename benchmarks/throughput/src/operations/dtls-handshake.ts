// Whole handshakes, both sides in one process: ECDHE, both certificates checked, nothing lost; `millrace` is DTLS 1.2, as
// werift's is, beside 1.3 with X25519, with X25519MLKEM768, and with X25519 and a session that is resumed each time. OpenSSL's own TLS 1.2
// stands beside it as what the mathematics costs, by way of node:tls over streams in memory. node-datachannel cannot:
// it shows no DTLS of its own, only connections with ICE below and SCTP above; see latency's `e2e/open`.
import { duplexPair } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import type { Operation, Prepared } from '@millrace/bench-harness';
import { CERTIFICATE_PEM, PRIVATE_KEY_PEM } from '@millrace/bench-harness/dtls-identity';
import { SessionCache } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { DtlsSum, type HandshakeOptions, handshake } from './dtls-pair.ts';
import { type WeriftDtls, weriftHandshake } from './dtls-werift.ts';

const X25519 = 29;
const X25519_ML_KEM_768 = 0x11ec;

function ours(wanted: HandshakeOptions): Prepared {
  let seed = 0;
  const sum = new DtlsSum();
  return {
    run(times) {
      let datagrams = 0;
      for (let i = 0; i < times; i++)
        datagrams += handshake(nodeDtlsCrypto, (seed += 2), sum, wanted).datagrams;
      return datagrams;
    },
  };
}

export const operation: Operation = {
  subjects: {
    millrace: () => ours({ maxVersion: '1.2' }),
    'millrace-1.3': () => ours({ minVersion: '1.3', maxVersion: '1.3', groups: [X25519], keyShares: 1 }),
    'millrace-1.3-ml-kem': () =>
      ours({ minVersion: '1.3', maxVersion: '1.3', groups: [X25519_ML_KEM_768], keyShares: 1 }),
    'millrace-1.3-resumed': () =>
      ours({
        ...{ minVersion: '1.3', maxVersion: '1.3', groups: [X25519], keyShares: 1 },
        sessions: new SessionCache(),
      }),
    async werift(): Promise<Prepared> {
      const werift = (await import('werift')) as unknown as WeriftDtls;
      return {
        async run(times) {
          let bytes = 0;
          for (let i = 0; i < times; i++) bytes += await weriftHandshake(werift);
          return bytes;
        },
      };
    },
    'node:tls'(): Prepared {
      const secureContext = createSecureContext({
        cert: CERTIFICATE_PEM,
        key: PRIVATE_KEY_PEM,
        ca: [CERTIFICATE_PEM],
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.2',
        ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
      });
      return {
        async run(times) {
          let sum = 0;
          for (let i = 0; i < times; i++) {
            const [near, far] = duplexPair();
            const server = new TLSSocket(far, {
              isServer: true,
              secureContext,
              requestCert: true,
              rejectUnauthorized: true,
            });
            const client = connect({
              socket: near,
              secureContext,
              checkServerIdentity: () => undefined,
            });
            await Promise.all([
              new Promise((resolve) => server.once('secure', resolve)),
              new Promise((resolve, reject) => {
                client.once('secureConnect', resolve);
                client.once('error', reject);
              }),
            ]);
            sum += client.getFinished()!.length;
            client.destroy();
            server.destroy();
          }
          return sum;
        },
      };
    },
  },
};
