// Two peer connections in one process that exchange descriptions and candidates in memory and meet over loopback.
import { once } from 'node:events';
import {
  type RTCConfiguration,
  type RTCDataChannel,
  type RTCDataChannelEvent,
  RTCPeerConnection,
} from 'millrace';

export interface PeerPair {
  readonly a: RTCPeerConnection;
  readonly b: RTCPeerConnection;
  close(): void;
}

/** Loopback alone: no test depends on the network the machine has. */
export const LOOPBACK: RTCConfiguration = {
  millrace: { loopback: true, addressFilter: (address) => address === '127.0.0.1' },
};

export function makePair(
  configA: RTCConfiguration = LOOPBACK,
  configB: RTCConfiguration = configA,
): PeerPair {
  const a = new RTCPeerConnection(configA);
  const b = new RTCPeerConnection(configB);
  trickle(a, b);
  trickle(b, a);
  return {
    a,
    b,
    close() {
      a.close();
      b.close();
    },
  };
}

/** Candidates travel as JSON, as they would over a network. */
function trickle(from: RTCPeerConnection, to: RTCPeerConnection): void {
  from.onicecandidate = ({ candidate }) => {
    const text = JSON.stringify(candidate);
    if (to.signalingState !== 'closed') to.addIceCandidate(JSON.parse(text)).catch(() => {});
  };
}

export async function negotiate(offerer: RTCPeerConnection, answerer: RTCPeerConnection): Promise<void> {
  await offerer.setLocalDescription();
  await answerer.setRemoteDescription(JSON.parse(JSON.stringify(offerer.localDescription)));
  await answerer.setLocalDescription();
  await offerer.setRemoteDescription(JSON.parse(JSON.stringify(answerer.localDescription)));
}

/** A pair with an open channel at each end. */
export async function connectedPair(
  configA?: RTCConfiguration,
  configB?: RTCConfiguration,
): Promise<PeerPair & { readonly channelA: RTCDataChannel; readonly channelB: RTCDataChannel }> {
  const pair = makePair(configA, configB);
  const channelA = pair.a.createDataChannel('first');
  const announced = once(pair.b, 'datachannel') as Promise<[RTCDataChannelEvent]>;
  await negotiate(pair.a, pair.b);
  const [{ channel: channelB }] = await announced;
  if (channelA.readyState !== 'open') await once(channelA, 'open');
  return { ...pair, channelA, channelB };
}
