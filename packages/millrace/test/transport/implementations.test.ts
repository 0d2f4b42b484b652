// One behaviour, whatever a connection runs on: the suites that the native ciphers and sockets pass, run on the
// portable ones. (The native ones run them in their own package.)
import { createAeadKey, nodeAeadKey, slab } from '@millrace/crypto';
import { aeadSuite, udpSuite } from '@millrace/native/testing';
import { openDgramPort } from '../../src/transport/datagram-port.ts';

const algorithms = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'] as const;
const ordinary = ['an ordinary array', (bytes: number) => new Uint8Array(bytes)] as const;

aeadSuite({
  name: 'portable',
  algorithms,
  createKey: createAeadKey,
  memories: [ordinary, ['its slab', slab]],
});
aeadSuite({ name: 'node:crypto', algorithms, createKey: nodeAeadKey, memories: [ordinary] });
udpSuite({ name: 'the port on node:dgram', open: openDgramPort, memories: [ordinary] });
