// Native sockets, along each way that is left when a better one is missing, and node:dgram, under the one suite.
import { loadNative } from '../src/index.ts';
import { udpSuite } from '../src/testing/index.ts';
import { openDgram } from './dgram-socket.ts';

const ordinary = ['an ordinary array', (bytes: number) => new Uint8Array(bytes)] as const;

udpSuite({ name: 'node:dgram', open: openDgram, memories: [ordinary] });

const WAYS: readonly string[][] = [[], ['gro'], ['gso'], ['gso', 'sendmmsg', 'gro'], ['low-memory']];

for (const without of WAYS) {
  const native = loadNative({ without });
  if (!native?.udp) continue;
  const { udp } = native;
  udpSuite({
    name: ['native', ...without].join(' without '),
    open: (address, port, handlers) => udp.open(address, port, handlers),
    memories: [ordinary, ['a slab', native.slab]],
  });
}
