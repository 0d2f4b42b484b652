// Two sockets on loopback tell what the kernel really does: that layouts are as we believe, and that a run which is to
// be cut arrives as its datagrams, merged or not.

import { nameBytes } from './addresses.ts';
import { AF_INET, SOL_UDP, UDP_GRO, UDP_SEGMENT } from './libc.ts';
import type { UdpParts } from './parts.ts';
import type { ReceivePath, SendPath } from './port.ts';

export interface Findings {
  readonly sendPath: SendPath;
  readonly receivePath: ReceivePath;
}

const SEGMENT_BYTES = 100;
const RUN_BYTES = 250;
const WAIT_MS = 20;

/** What works, or why nothing does. `report` hears about each step that does not. */
export function testSockets(
  parts: UdpParts,
  without: ReadonlySet<string>,
  report: (name: string, wrong: string | undefined) => void,
): Findings | string {
  const { descriptors } = parts;
  const opened: number[] = [];
  try {
    const receiver = descriptors.open({ address: '127.0.0.1', port: 0 }, AF_INET);
    opened.push(receiver);
    const sender = descriptors.open({ address: '127.0.0.1', port: 0 }, AF_INET);
    opened.push(sender);
    if (!isLoopbackUp(parts, sender, receiver)) return 'a datagram on loopback did not come back';

    let gro = without.has('gro') ? 'switched off' : refusalOf(parts, receiver, UDP_GRO, 1);
    let gso = without.has('gso') ? 'switched off' : refusalOf(parts, sender, UDP_SEGMENT, 0);
    if (gso === undefined) {
      const seen = exchange(parts, sender, receiver, 'gso');
      if (seen !== '100 100 50' && seen !== '100+100+50') gso = `a run of 100, 100 and 50 came as ${seen}`;
      if (gro === undefined && seen === '100 100 50') gro = undefined; // nothing merged is nothing wrong
    }
    report('udp-gso', gso);
    report('udp-gro', gro);
    let sendPath: SendPath = gso === undefined ? 'gso' : 'sendmmsg';
    if (sendPath === 'sendmmsg') {
      const seen = without.has('sendmmsg')
        ? 'not tried: switched off'
        : exchange(parts, sender, receiver, sendPath);
      const isGood = seen === '100 100 50';
      report('udp-sendmmsg', isGood ? undefined : `a run of 100, 100 and 50 came as ${seen}`);
      if (!isGood) sendPath = 'plain';
    }
    return { sendPath, receivePath: gro === undefined ? 'gro' : 'plain' };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const descriptor of opened) descriptors.close(descriptor);
  }
}

function refusalOf(parts: UdpParts, descriptor: number, option: number, value: number): string | undefined {
  const errno = parts.descriptors.set(descriptor, SOL_UDP, option, value);
  return errno === 0 ? undefined : parts.ffi.errorName(errno);
}

function isLoopbackUp(parts: UdpParts, from: number, to: number): boolean {
  return exchange(parts, from, to, 'plain') === '100';
}

/** Sends a run and says what came: `100 100 50`, with `+` where segments came merged. */
function exchange(parts: UdpParts, from: number, to: number, path: SendPath): string {
  const { sender, receiver, addresses, descriptors } = parts;
  const run = new Uint8Array(RUN_BYTES).map((_, i) => (i * 7) & 0xff);
  addresses.write(descriptors.localAddress(to), AF_INET, sender.names, sender.nameAt);
  const name = nameBytes(AF_INET);
  const length = path === 'plain' ? SEGMENT_BYTES : RUN_BYTES;
  const result =
    path === 'plain'
      ? sender.sendOne(from, run, 0, length, name)
      : path === 'gso'
        ? sender.sendGroup(from, run, 0, length, SEGMENT_BYTES, name)
        : sender.sendMany(from, run, 0, length, SEGMENT_BYTES, name);
  if (result < 0) return parts.ffi.errorName(-result);
  const seen: string[] = [];
  let at = 0;
  while (at < length && descriptors.waitReadable(to, WAIT_MS)) {
    const count = receiver.receive(to);
    if (count <= 0) break;
    for (let slot = 0; slot < count; slot++) {
      const slotBytes = receiver.lengthIn(slot);
      const segmentBytes = receiver.segmentBytesIn(slot, slotBytes);
      const slotAt = receiver.startOf(slot);
      for (let i = 0; i < slotBytes; i++)
        if (receiver.bytes[slotAt + i] !== run[at + i]) return 'other bytes';
      const segments: number[] = [];
      for (let i = 0; i < slotBytes; i += segmentBytes) segments.push(Math.min(segmentBytes, slotBytes - i));
      seen.push(segments.join('+'));
      at += slotBytes;
      receiver.reset(slot);
    }
  }
  return seen.length === 0 ? 'nothing' : seen.join(' ');
}
