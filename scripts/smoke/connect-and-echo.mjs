// Two peers in one process connect over loopback, echo a message and close. Plain JavaScript, run on every Node that
// the packed tarball claims to support; the process has to end by itself.
import { RTCPeerConnection } from 'millrace';

const configuration = { millrace: { loopback: true } };
const caller = new RTCPeerConnection(configuration);
const callee = new RTCPeerConnection(configuration);
caller.onicecandidate = ({ candidate }) => callee.addIceCandidate(candidate ?? undefined);
callee.onicecandidate = ({ candidate }) => caller.addIceCandidate(candidate ?? undefined);
callee.ondatachannel = ({ channel }) => {
  channel.onmessage = ({ data }) => channel.send(data);
};

const channel = caller.createDataChannel('echo');
const echoed = new Promise((resolve, reject) => {
  channel.onopen = () => channel.send('through the mill');
  channel.onmessage = ({ data }) => resolve(data);
  channel.onclose = () => reject(new Error('the channel closed before the echo came'));
});

await caller.setLocalDescription();
await callee.setRemoteDescription(caller.localDescription);
await callee.setLocalDescription();
await caller.setRemoteDescription(callee.localDescription);

const answer = await echoed;
channel.onclose = null;
caller.close();
callee.close();
console.log(`Node ${process.versions.node}: ${answer}`);
