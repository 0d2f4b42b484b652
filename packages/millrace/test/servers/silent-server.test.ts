// A server that never answers. The clock is in a hurry. W3C webrtc-pc §4.8.3, RFC 8489 §6.2.1.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { RTCPeerConnection, type RTCPeerConnectionIceErrorEvent } from 'millrace';
import { stopwatch } from '../peer-connection/stopwatch.ts';

for (const [scheme, transport] of [
  ['stun', ''],
  ['turn', ''],
] as const) {
  test(`W3C webrtc-pc §4.8.3 a ${scheme} server that never answers is told as error 701, once for each socket`, async () => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    let asked = 0;
    socket.on('message', () => asked++);
    const url = `${scheme}:127.0.0.1:${socket.address().port}${transport}`;
    const pc = new RTCPeerConnection({
      iceServers: [{ urls: url, username: 'u', credential: 'c' }],
      millrace: { loopback: true, addressFilter: (address) => address === '127.0.0.1' },
    });
    const errors: RTCPeerConnectionIceErrorEvent[] = [];
    pc.onicecandidateerror = (event) => void errors.push(event);
    pc.createDataChannel('any');
    const watch = stopwatch(5_000, 30_000);
    await pc.setLocalDescription();
    while (pc.iceGatheringState !== 'complete') await once(pc, 'icegatheringstatechange');
    assert.deepEqual(watch.gone, [5_000]);
    watch.stop();
    assert.deepEqual(
      errors.map(({ errorCode, url: from, address }) => [errorCode, from, address]),
      [[701, url, '127.0.0.1']],
    );
    assert.ok(asked > 3 && asked < 10, `${asked} requests`);
    pc.close();
    socket.close();
  });
}
