// The room with peers of our own: what one sends, the others get, whoever sends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { MediaStreamTrack, RTCPeerConnection } from 'millrace';
import { Room } from '../src/room.ts';
import { createForwarder } from '../src/server.ts';

const LOOPBACK = {
  millrace: { loopback: true, addressFilter: (address: string) => address === '127.0.0.1' },
};

async function served(t: TestContext): Promise<{ room: Room; url: string }> {
  const room = new Room(LOOPBACK);
  const server = createForwarder(room).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    room.close();
    server.close();
  });
  return { room, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** What the pages do. */
async function joined(t: TestContext, pc: RTCPeerConnection, url: string): Promise<number> {
  t.after(() => pc.close());
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== 'complete') await once(pc, 'icegatheringstatechange');
  const response = await fetch(url, { method: 'POST', body: pc.localDescription?.sdp ?? '' });
  const sdp = await response.text();
  if (response.ok) await pc.setRemoteDescription({ type: 'answer', sdp });
  return response.status;
}

async function sender(t: TestContext, url: string): Promise<MediaStreamTrack> {
  const pc = new RTCPeerConnection(LOOPBACK);
  const track = new MediaStreamTrack({ kind: 'video' });
  pc.addTransceiver(track, { direction: 'sendonly' });
  assert.equal(await joined(t, pc, `${url}/send`), 201);
  return track;
}

function packet(sequence: number, text: string): Uint8Array {
  const bytes = Buffer.alloc(12 + text.length, text);
  bytes.set([0x80, 96, sequence >> 8, sequence & 0xff, 0, 0, 0, 1, 0, 0, 0, 1]);
  return Uint8Array.from(bytes.fill(text, 12));
}

describe('a forwarder', () => {
  test('one sends and two watch; another sender takes its place', async (t) => {
    const { room, url } = await served(t);
    const first = await sender(t, url);
    const seen: Array<Set<string>> = [new Set(), new Set()];
    for (const all of seen) {
      const pc = new RTCPeerConnection(LOOPBACK);
      const { receiver } = pc.addTransceiver('video', { direction: 'recvonly' });
      receiver.track.onrtp = ({ bytes, headerEnd, payloadEnd }) =>
        void all.add(Buffer.from(bytes.subarray(headerEnd, payloadEnd)).toString());
      assert.equal(await joined(t, pc, `${url}/watch`), 201);
    }
    assert.equal(room.watchers, 2);
    await sentUntil(first, 'first', () => seen.every((all) => all.has('first')));
    const second = await sender(t, url);
    await sentUntil(second, 'second', () => seen.every((all) => all.has('second')));
  });

  test('without a sender there is nothing to watch; nonsense is refused, and so are other paths', async (t) => {
    const { url } = await served(t);
    const pc = new RTCPeerConnection(LOOPBACK);
    pc.addTransceiver('video', { direction: 'recvonly' });
    assert.equal(await joined(t, pc, `${url}/watch`), 409);
    assert.equal((await fetch(`${url}/send`, { method: 'POST', body: 'nonsense' })).status, 400);
    assert.equal((await fetch(`${url}/other`)).status, 404);
    assert.match(await (await fetch(`${url}/watch`)).text(), /<video/);
  });
});

async function sentUntil(track: MediaStreamTrack, text: string, isSeen: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  for (let sequence = 0; !isSeen(); sequence++) {
    assert.ok(performance.now() < end, `${text} has not come`);
    track.writeRtp(packet(sequence, text));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
