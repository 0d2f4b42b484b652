// A wire between two connections that a test can touch: a UDP relay of its own for each direction's candidates,
// through which everything goes.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type RTCDataChannel, type RTCDataChannelEvent, RTCPeerConnection } from 'millrace';
import { LOOPBACK } from './pair.ts';

/** Called with each datagram on its way; what it returns is delivered, in order. */
export type Tamper = (datagram: Buffer) => readonly Uint8Array[];

export interface Middle {
  readonly a: RTCPeerConnection;
  readonly b: RTCPeerConnection;
  readonly channelA: RTCDataChannel;
  readonly channelB: RTCDataChannel;
  /** What happens to datagrams from a to b; at first nothing. */
  tamper: Tamper;
  close(): void;
}

const pass: Tamper = (datagram) => [datagram];

/** A connected pair whose datagrams all pass through the middle. */
export async function connectThroughMiddle(): Promise<Middle> {
  const [a, b] = [new RTCPeerConnection(LOOPBACK), new RTCPeerConnection(LOOPBACK)];
  // One socket stands before each side: `before.a` has a's address towards b, and the other way round.
  const before = { a: createSocket('udp4'), b: createSocket('udp4') };
  const target = { a: 0, b: 0 };
  const middle = { tamper: pass };
  before.b.on('message', (datagram) => {
    for (const bytes of middle.tamper(datagram)) before.a.send(bytes, target.b, '127.0.0.1');
  });
  before.a.on('message', (datagram) => before.b.send(datagram, target.a, '127.0.0.1'));
  for (const socket of [before.a, before.b]) await bound(socket);
  const relay = (side: 'a' | 'b', to: RTCPeerConnection) => {
    return ({
      candidate,
    }: {
      candidate: { readonly candidate: string; readonly port: number | null } | null;
    }): void => {
      if (!candidate?.port) return;
      target[side] = candidate.port;
      const text = candidate.candidate.replace(` ${candidate.port} `, ` ${before[side].address().port} `);
      void to.addIceCandidate({ candidate: text, sdpMLineIndex: 0 });
    };
  };
  a.onicecandidate = relay('a', b);
  b.onicecandidate = relay('b', a);
  const channelA = a.createDataChannel('first');
  const announced = once(b, 'datachannel') as Promise<[RTCDataChannelEvent]>;
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription as never);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription as never);
  const [{ channel: channelB }] = await announced;
  if (channelA.readyState !== 'open') await once(channelA, 'open');
  return Object.assign(middle, {
    a,
    b,
    channelA,
    channelB,
    close() {
      a.close();
      b.close();
      before.a.close();
      before.b.close();
    },
  });
}

async function bound(socket: Socket): Promise<void> {
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
}
