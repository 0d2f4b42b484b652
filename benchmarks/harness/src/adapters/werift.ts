// werift: TypeScript throughout. An empty list of ICE servers makes it ask a public STUN server, which costs seconds
// where there is none, so it is given one on this machine.
import type { Implementation } from '../implementation.ts';
import { installedVersion } from './installed-version.ts';
import {
  type StandardChannel,
  type StandardConstructor,
  StandardPeer,
  type StandardQuirks,
} from './standard.ts';

export async function load({ stunPort }: { stunPort: number }): Promise<Implementation> {
  const { RTCPeerConnection } = (await import('werift')) as unknown as {
    RTCPeerConnection: StandardConstructor;
  };
  const quirks: StandardQuirks = {
    configuration: { iceServers: [{ urls: `stun:127.0.0.1:${stunPort}` }] },
    sendsBuffers: true,
    listenLow: (channel, handler) => (channel as WeriftChannel).bufferedAmountLow.subscribe(handler),
  };
  return {
    name: 'werift',
    version: installedVersion('werift'),
    createPeer: (options) => new StandardPeer(RTCPeerConnection, quirks, options),
    shutdown() {},
  };
}

interface WeriftChannel extends StandardChannel {
  readonly bufferedAmountLow: { subscribe(handler: () => void): void };
}
