// werift falls back to a public STUN server when told to use none, and waits 5 s for it where that is out of reach:
// it gets a responder of ours.

import { RTCPeerConnection } from 'werift';
import { serve } from '../agent/process.ts';
import type { PeerConnectionClass } from '../agent/w3c.ts';
import { stunResponder } from './stun-responder.ts';

const { port } = await stunResponder();

serve({
  RTCPeerConnection: RTCPeerConnection as unknown as PeerConnectionClass,
  toSend: (bytes) => Buffer.from(bytes),
  configuration: { iceServers: [{ urls: `stun:127.0.0.1:${port}` }] },
});
