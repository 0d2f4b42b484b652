// Audio and video between two connections of ours, over loopback.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { MediaStream, MediaStreamTrack, type RTCTrackEvent } from 'millrace';
import { LOOPBACK, makePair, negotiate } from '../peer-connection/pair.ts';
import { collect, connected, rtpPacket, until } from './packets.ts';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const PORTABLE = { millrace: { ...LOOPBACK.millrace, native: false } };

describe('W3C webrtc-pc §5 packets from track to track', () => {
  for (const [name, configuration] of [
    ['native where there is', LOOPBACK],
    ['portable', PORTABLE],
  ] as const) {
    test(`audio and video without data channels, ${name}`, async (t) => {
      const { a, b, close } = makePair(configuration);
      t.after(close);
      const stream = new MediaStream();
      const tracks = [new MediaStreamTrack({ kind: 'audio' }), new MediaStreamTrack({ kind: 'video' })];
      for (const track of tracks) a.addTrack(track, stream);
      const events: RTCTrackEvent[] = [];
      b.ontrack = (event) => events.push(event);
      await negotiate(a, b);
      await connected(a, b);
      assert.deepEqual(
        events.map(({ track, streams }) => [track.kind, track.muted, streams[0]?.id]),
        [
          ['audio', true, stream.id],
          ['video', true, stream.id],
        ],
      );
      assert.equal(events[0]?.streams[0], events[1]?.streams[0]);
      const received = events.map(({ track }) => collect(track));
      const [opus] = a.getSenders()[0]!.getParameters().codecs;
      const [vp8] = a.getSenders()[1]!.getParameters().codecs;
      assert.deepEqual([opus?.mimeType, vp8?.mimeType], ['audio/opus', 'video/VP8']);
      for (let i = 0; i < 20; i++) {
        assert.ok(tracks[0]!.writeRtp(rtpPacket(opus!.payloadType, i, text(`audio ${i}`))));
        assert.ok(tracks[1]!.writeRtp(rtpPacket(vp8!.payloadType, i, text(`video ${i}`))));
      }
      await until('all packets', () => received.every(({ length }) => length === 20));
      assert.deepEqual(
        received.map((all) => all.map(({ payload }) => payload)),
        [
          Array.from({ length: 20 }, (_, i) => `audio ${i}`),
          Array.from({ length: 20 }, (_, i) => `video ${i}`),
        ],
      );
      assert.equal(events[0]!.track.muted, false);
      const [sent] = [...(await a.getStats()).values()].filter(({ type }) => type === 'outbound-rtp');
      assert.equal(sent?.packetsSent, 20);
      const [source] = events[1]!.receiver.getSynchronizationSources();
      assert.equal(source?.source, received[1]![0]?.ssrc);
    });
  }

  test('beside a data channel, both ways, on one transport', async (t) => {
    const { a, b, close } = makePair();
    t.after(close);
    const channel = a.createDataChannel('data');
    const [toB, toA] = [new MediaStreamTrack({ kind: 'video' }), new MediaStreamTrack({ kind: 'video' })];
    a.addTrack(toB);
    b.addTrack(toA);
    await negotiate(a, b);
    assert.equal(b.getTransceivers().length, 1, 'the offer makes use of what addTrack has made');
    await connected(a, b);
    if (channel.readyState !== 'open') await once(channel, 'open');
    const [atA, atB] = [a, b].map((pc) => collect(pc.getReceivers()[0]!.track));
    assert.deepEqual(
      a.getTransceivers().map(({ mid, currentDirection }) => [mid, currentDirection]),
      [['0', 'sendrecv']],
    );
    const { payloadType } = a.getSenders()[0]!.getParameters().codecs[0]!;
    toB.writeRtp(rtpPacket(payloadType, 0, text('to b')));
    toA.writeRtp(rtpPacket(payloadType, 0, text('to a')));
    await until('both packets', () => atA!.length + atB!.length === 2);
    assert.deepEqual([atA![0]?.payload, atB![0]?.payload], ['to a', 'to b']);
  });

  test('a remote track is forwarded by giving it to another connection, with the numbers of that one', async (t) => {
    const first = makePair();
    const second = makePair();
    t.after(first.close);
    t.after(second.close);
    const track = new MediaStreamTrack({ kind: 'video' });
    first.a.addTransceiver(track, { direction: 'sendonly' });
    await negotiate(first.a, first.b);
    const remote = first.b.getReceivers()[0]!.track;
    const { sender } = second.a.addTransceiver(remote, { direction: 'sendonly' });
    const codecs = [...second.a.getTransceivers()[0]!.receiver.getParameters().codecs];
    assert.deepEqual(codecs, []);
    // Other payload types than the first pair's: the answerer offers first.
    second.b.addTransceiver('audio');
    await negotiate(second.a, second.b);
    await connected(first.a, first.b, second.a, second.b);
    const received = collect(second.b.getReceivers().find(({ track: { kind } }) => kind === 'video')!.track);
    const { payloadType } = first.a.getSenders()[0]!.getParameters().codecs[0]!;
    const asked: Array<string | null> = [];
    track.onkeyframerequest = (rid) => asked.push(rid);
    for (let i = 0; i < 5; i++) track.writeRtp(rtpPacket(payloadType, i, text(`${i}`)));
    await until('forwarded', () => received.length === 5);
    assert.deepEqual(
      received.map(({ payload }) => payload),
      ['0', '1', '2', '3', '4'],
    );
    assert.equal(received[0]!.payloadType, sender.getParameters().codecs[0]!.payloadType);
    await until('whoever begins to receive needs a key frame', () => asked.length > 0);
    const before = asked.length;
    // A receiver at the far end asks for a key frame; who makes the frames hears of it.
    second.b
      .getReceivers()
      .find(({ track: { kind } }) => kind === 'video')!
      .requestKeyFrame();
    await until('the request has come through', () => asked.length > before);
    assert.ok(asked.every((rid) => rid === null));
  });

  test('RFC 8853: layers of simulcast are told apart by their rid', async (t) => {
    const { a, b, close } = makePair();
    t.after(close);
    const track = new MediaStreamTrack({ kind: 'video' });
    const rids = ['h', 'm', 'l'];
    a.addTransceiver(track, { direction: 'sendonly', sendEncodings: rids.map((rid) => ({ rid })) });
    await negotiate(a, b);
    await connected(a, b);
    const received = collect(b.getReceivers()[0]!.track);
    const { payloadType } = a.getSenders()[0]!.getParameters().codecs[0]!;
    for (const rid of rids) track.writeRtp(rtpPacket(payloadType, 0, text(rid)), 0, undefined, rid);
    await until('each layer', () => received.length === 3);
    assert.deepEqual(received.map(({ rid }) => rid).sort(), ['h', 'l', 'm']);
    for (const { rid, payload } of received) assert.equal(rid, payload);
    assert.equal(new Set(received.map(({ ssrc }) => ssrc)).size, 3);
  });
});
