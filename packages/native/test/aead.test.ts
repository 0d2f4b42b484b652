// The native AEAD and node:crypto's, under the one suite.
import { loadNative } from '../src/index.ts';
import { aeadSuite, nodeKey } from '../src/testing/index.ts';

const ALL = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'] as const;
const ordinary = ['an ordinary array', (bytes: number) => new Uint8Array(bytes)] as const;

aeadSuite({ name: 'node:crypto', algorithms: ALL, createKey: nodeKey, memories: [ordinary] });

const native = loadNative();
const high = loadNative({ without: ['low-memory'] });
if (native?.aead && high?.aead) {
  const { aead } = native;
  aeadSuite({
    name: 'native',
    algorithms: aead.algorithms,
    createKey: aead.createAeadKey,
    memories: [ordinary, ['a slab', (bytes) => native.slab(bytes)]],
  });
  aeadSuite({
    name: 'native without low memory',
    algorithms: high.aead.algorithms,
    createKey: high.aead.createAeadKey,
    memories: [['a slab', (bytes) => high.slab(bytes)]],
  });
}
