// Whether names that end in .local can be asked for here: a question is sent to everybody on the network, and has to be
// heard by ourselves. RFC 6762 §5. Browsers hide their addresses behind such names.
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { MdnsFinding } from './findings.ts';

const GROUP = '224.0.0.251';
const PORT = 5353;
const PATIENCE = 1_000; // ms

export async function probeMdns(): Promise<MdnsFinding> {
  const question = questionFor(`doctor-${randomBytes(6).toString('hex')}`);
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  const { promise, resolve } = Promise.withResolvers<MdnsFinding>();
  const timer = setTimeout(
    () => resolve({ works: false, reason: 'what is sent to the group is not heard' }),
    PATIENCE,
  );
  socket.on('error', ({ message }) => resolve({ works: false, reason: message }));
  socket.on('message', (message) => {
    if (message.equals(question)) resolve({ works: true });
  });
  socket.bind(PORT, () => {
    try {
      socket.addMembership(GROUP);
      socket.send(question, PORT, GROUP);
    } catch (error) {
      resolve({ works: false, reason: (error as Error).message });
    }
  });
  const finding = await promise;
  clearTimeout(timer);
  socket.close();
  return finding;
}

/** A header with one question, then the name, type A, class IN. RFC 1035 §4.1. */
function questionFor(label: string): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(1, 4);
  const labels = [label, 'local'].map((each) => Buffer.from([each.length, ...Buffer.from(each)]));
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}
