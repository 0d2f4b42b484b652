// Compiled, never run: millrace's connections where the DOM's are expected, and code written for a browser on
// millrace's. Media is not part of it: only what data channels need.
import * as millrace from '../../src/index.ts';

/**
 * The members of RTCPeerConnection that have to do with data channels; the two handlers whose events carry objects of
 * millrace's own classes are shown below from the other side: they take handlers written for the DOM's events. The
 * five methods that lib.dom also declares with callbacks (webrtc-pc §4.4.3, legacy) are called below in the form
 * with promises, the only one here.
 */
type DataMembers =
  | 'canTrickleIceCandidates'
  | 'close'
  | 'connectionState'
  | 'createDataChannel'
  | 'currentLocalDescription'
  | 'currentRemoteDescription'
  | 'getConfiguration'
  | 'iceConnectionState'
  | 'iceGatheringState'
  | 'localDescription'
  | 'onconnectionstatechange'
  | 'onicecandidateerror'
  | 'oniceconnectionstatechange'
  | 'onicegatheringstatechange'
  | 'onnegotiationneeded'
  | 'onsignalingstatechange'
  | 'pendingLocalDescription'
  | 'pendingRemoteDescription'
  | 'remoteDescription'
  | 'restartIce'
  | 'sctp'
  | 'setConfiguration'
  | 'signalingState';
type DataConnection = Pick<globalThis.RTCPeerConnection, DataMembers>;

declare const connection: millrace.RTCPeerConnection;
export const domConnection: DataConnection = connection;
export const target: EventTarget = connection;
export const description: globalThis.RTCSessionDescription = new millrace.RTCSessionDescription({
  type: 'offer',
});
export const candidate: globalThis.RTCIceCandidate = new millrace.RTCIceCandidate({ sdpMid: '0' });
export const domDescriptionInit: globalThis.RTCSessionDescriptionInit =
  {} as millrace.RTCSessionDescriptionInit;
export const descriptionInit: millrace.RTCSessionDescriptionInit = {} as globalThis.RTCSessionDescriptionInit;
export const candidateInit: millrace.RTCIceCandidateInit = {} as globalThis.RTCIceCandidateInit;
declare const domConfiguration: Omit<globalThis.RTCConfiguration, 'certificates'>;
export const configuration: millrace.RTCConfiguration = domConfiguration;
export const sctp: globalThis.RTCSctpTransport | null = connection.sctp;

/** Written for a browser: with `RTCPeerConnection` imported from millrace nothing else changes. */
export async function browserCode(send: (message: string) => void): Promise<void> {
  const { RTCPeerConnection } = millrace;
  const pc = new RTCPeerConnection({
    iceServers: [{ urls: 'stun:stun.example.org' }],
    bundlePolicy: 'max-bundle',
  });
  pc.onnegotiationneeded = async () => {
    await pc.setLocalDescription();
    send(JSON.stringify({ description: pc.localDescription }));
  };
  pc.onicecandidate = ({ candidate }) => send(JSON.stringify({ candidate }));
  pc.addEventListener('icecandidate', (event) => send(event.candidate?.candidate ?? ''));
  pc.addEventListener('datachannel', ({ channel }) => channel.send(channel.label));
  pc.onconnectionstatechange = () => {
    if (pc.connectionState === 'failed' || pc.connectionState === 'closed') pc.close();
  };
  pc.ondatachannel = (event: globalThis.RTCDataChannelEvent) => send(event.channel.label);
  pc.onicecandidate = (event: globalThis.RTCPeerConnectionIceEvent) => send(event.candidate?.candidate ?? '');
  const offer = await pc.createOffer();
  await pc.setLocalDescription(offer);
  await pc.setLocalDescription(await pc.createAnswer());
  await pc.setRemoteDescription({ type: 'answer', sdp: offer.sdp ?? '' });
  await pc.addIceCandidate({ candidate: '', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null });
  const channel = pc.createDataChannel('data', {
    ordered: false,
    maxRetransmits: 0,
    negotiated: true,
    id: 3,
  });
  channel.onopen = () => channel.send('hello');
  const stats = await pc.getStats();
  for (const [id, report] of stats) send(`${id} ${report.type}`);
  // @ts-expect-error: read-only
  pc.connectionState = 'connected';
  // @ts-expect-error: no such state
  if (pc.signalingState === 'open') pc.close();
}
