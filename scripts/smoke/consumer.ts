// What a consumer writes in TypeScript, compiled against the packed declarations with each kind of resolution.
import { RTCPeerConnection } from 'millrace';

const connection: RTCPeerConnection = new RTCPeerConnection();
const channel = connection.createDataChannel('typed', { ordered: false, maxRetransmits: 0 });
channel.onmessage = (event) => {
  const text: string = typeof event.data === 'string' ? event.data : 'binary';
  channel.send(text);
};
export const label: string = channel.label;
connection.close();
