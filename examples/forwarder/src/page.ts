// Both pages: a video, and the connection behind it.

export function page(path: '/send' | '/watch'): string {
  return `<!doctype html>
<title>forwarder ${path}</title>
<video autoplay playsinline muted controls style="width: 100%"></video>
<p></p>
<script type="module">
const video = document.querySelector('video');
const pc = new RTCPeerConnection();
pc.onconnectionstatechange = () => { document.querySelector('p').textContent = pc.connectionState; };
if (${path === '/send'}) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  video.srcObject = stream;
} else {
  for (const kind of ['audio', 'video']) pc.addTransceiver(kind, { direction: 'recvonly' });
  const stream = new MediaStream();
  pc.ontrack = ({ track }) => { stream.addTrack(track); video.srcObject = stream; };
}
await pc.setLocalDescription();
while (pc.iceGatheringState !== 'complete')
  await new Promise((resolve) => pc.addEventListener('icegatheringstatechange', resolve, { once: true }));
const response = await fetch('${path}', { method: 'POST', body: pc.localDescription.sdp });
const text = await response.text();
if (response.ok) await pc.setRemoteDescription({ type: 'answer', sdp: text });
else document.querySelector('p').textContent = text;
</script>
`;
}
