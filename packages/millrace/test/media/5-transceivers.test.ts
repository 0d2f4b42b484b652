// What descriptions make of transceivers, without a packet: W3C webrtc-pc §5, RFC 8829.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import {
  MediaStream,
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpReceiver,
  RTCRtpSender,
  type RTCTrackEvent,
} from 'millrace';
import { makePair, negotiate } from '../peer-connection/pair.ts';
import { collect, connected, rtpPacket, until } from './packets.ts';

const SILENT = { millrace: { addressFilter: () => false } };
const pair = () => makePair(SILENT);
const audio = (): MediaStreamTrack => new MediaStreamTrack({ kind: 'audio' });
const video = (): MediaStreamTrack => new MediaStreamTrack({ kind: 'video' });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const sections = (pc: RTCPeerConnection): string[] =>
  [...(pc.localDescription?.sdp ?? '').matchAll(/m=(\w+) (\d+)/g)].map(([, kind, port]) => `${kind} ${port}`);
const directions = (pc: RTCPeerConnection): unknown =>
  pc.getTransceivers().map(({ mid, direction, currentDirection }) => [mid, direction, currentDirection]);

/** How often a connection asks for negotiation from here on. */
function asked(pc: RTCPeerConnection): { count: number } {
  const seen = { count: 0 };
  pc.addEventListener('negotiationneeded', () => {
    seen.count++;
  });
  return seen;
}

describe('W3C webrtc-pc §5.1 transceivers', () => {
  test('addTransceiver makes one that has no mid until a description with it has been set', async (t) => {
    const { a, b, close } = pair();
    t.after(close);
    const transceiver = a.addTransceiver('audio', { direction: 'recvonly' });
    assert.deepEqual(
      [transceiver.mid, transceiver.direction, transceiver.currentDirection],
      [null, 'recvonly', null],
    );
    assert.equal(transceiver.sender.transport, null);
    assert.equal(transceiver.receiver.track.kind, 'audio');
    assert.equal(transceiver.sender.dtmf, null);
    await negotiate(a, b);
    assert.deepEqual(directions(a), [['0', 'recvonly', 'inactive']]);
    assert.deepEqual(directions(b), [['0', 'recvonly', 'inactive']]);
  });

  test('addTransceiver refuses what is no kind, no track, no direction, and encodings that contradict each other', () => {
    const pc = new RTCPeerConnection(SILENT);
    const refused: Array<() => unknown> = [
      () => pc.addTransceiver('text'),
      () => pc.addTransceiver({} as MediaStreamTrack),
      () => pc.addTransceiver('video', { direction: 'both' as never }),
      () => pc.addTransceiver('video', { sendEncodings: [{ rid: 'a' }, { rid: 'a' }] }),
      () => pc.addTransceiver('video', { sendEncodings: [{ rid: 'a' }, {}] }),
      () => pc.addTransceiver('video', { sendEncodings: [{ rid: 'a-b' }] }),
      () => pc.addTransceiver('audio', { sendEncodings: [{ rid: 'a' }, { rid: 'b' }] }),
    ];
    for (const call of refused) assert.throws(call, TypeError, call.toString());
    assert.throws(
      () => pc.addTransceiver('video', { sendEncodings: [{ scaleResolutionDownBy: 0.5 }] }),
      RangeError,
    );
    assert.equal(pc.getTransceivers().length, 0);
    pc.close();
    assert.throws(() => pc.addTransceiver('audio'), { name: 'InvalidStateError' });
  });

  test('a connection has at most 256', () => {
    const pc = new RTCPeerConnection(SILENT);
    for (let i = 0; i < 256; i++) pc.addTransceiver('audio');
    assert.throws(() => pc.addTransceiver('audio'), RangeError);
    pc.close();
  });

  test('addTrack uses a sender that has never sent, and refuses a track twice', async (t) => {
    const { a, b, close } = pair();
    t.after(close);
    a.addTransceiver('audio', { direction: 'recvonly' });
    const track = audio();
    const sender = a.addTrack(track);
    assert.equal(a.getSenders().length, 1);
    assert.equal(a.getTransceivers()[0]?.direction, 'sendrecv');
    assert.throws(() => a.addTrack(track), { name: 'InvalidAccessError' });
    a.removeTrack(sender);
    assert.equal(sender.track, null);
    assert.equal(a.getTransceivers()[0]?.direction, 'recvonly');
    assert.throws(() => b.removeTrack(sender), { name: 'InvalidAccessError' });
  });

  test('§4.7.3 negotiation is asked for when there is something to negotiate, and only then', async (t) => {
    const { a, b, close } = pair();
    t.after(close);
    const seen = asked(a);
    const sender = a.addTrack(video());
    a.addTransceiver('audio');
    await turn();
    assert.equal(seen.count, 1, 'once for both');
    await negotiate(a, b);
    await turn();
    assert.equal(seen.count, 1, 'it has been done');
    a.removeTrack(sender);
    await turn();
    assert.equal(seen.count, 2);
    await negotiate(a, b);
    sender.setStreams(new MediaStream());
    await turn();
    assert.equal(seen.count, 2, 'who does not send names no streams');
    a.getTransceivers()[1]!.direction = 'sendonly';
    await turn();
    assert.equal(seen.count, 2, 'it is what has been negotiated');
    a.getTransceivers()[1]!.direction = 'recvonly';
    await turn();
    assert.equal(seen.count, 3);
    await negotiate(a, b);
    a.getTransceivers()[0]!.stop();
    await turn();
    assert.equal(seen.count, 4);
    await negotiate(a, b);
    await turn();
    assert.equal(seen.count, 4);
  });

  test('§5.4 a stopped transceiver is refused, goes at both ends, and its section is used again', async (t) => {
    const { a, b, close } = pair();
    t.after(close);
    const first = a.addTransceiver(video());
    a.addTransceiver(audio());
    await negotiate(a, b);
    const [theirs] = b.getTransceivers();
    const ended = once(theirs!.receiver.track, 'ended');
    first.stop();
    assert.deepEqual([first.direction, first.currentDirection], ['stopped', 'sendonly']);
    assert.throws(
      () => {
        first.direction = 'sendonly';
      },
      { name: 'InvalidStateError' },
    );
    await assert.rejects(first.sender.replaceTrack(null), { name: 'InvalidStateError' });
    await negotiate(a, b);
    await ended;
    assert.deepEqual([first.mid, first.currentDirection], [null, 'stopped']);
    assert.deepEqual([a.getTransceivers().length, b.getTransceivers().length], [1, 1]);
    assert.equal(theirs?.receiver.track.readyState, 'ended');
    assert.deepEqual(sections(a), ['video 0', 'audio 9']);
    a.addTransceiver(audio());
    await negotiate(a, b);
    assert.deepEqual(sections(a), ['audio 9', 'audio 9']);
    assert.equal(b.getTransceivers().length, 2);
  });

  test('track events name the streams, once; muting tells that the peer has stopped sending', async (t) => {
    const { a, b, close } = pair();
    t.after(close);
    const events: RTCTrackEvent[] = [];
    b.ontrack = (event) => events.push(event);
    const stream = new MediaStream();
    const sender = a.addTrack(video(), stream);
    await negotiate(a, b);
    await negotiate(a, b);
    assert.equal(events.length, 1);
    const [{ track, streams, transceiver, receiver } = {} as RTCTrackEvent] = events;
    assert.deepEqual(
      streams.map(({ id }) => id),
      [stream.id],
    );
    assert.deepEqual(streams[0]?.getTracks(), [track]);
    assert.equal(transceiver.receiver, receiver);
    assert.equal(track, receiver.track);
    a.removeTrack(sender);
    await negotiate(a, b);
    assert.deepEqual(streams[0]?.getTracks(), []);
    a.addTrack(video());
    a.getTransceivers()[0]!.direction = 'sendrecv';
    await negotiate(a, b);
    assert.equal(events.length, 3, 'the section is sent on again, and there is a new one');
  });

  test('§4.4.1.5 rollback takes away what the offer has brought', async (t) => {
    const { a, b, close } = pair();
    t.after(close);
    a.addTransceiver('video');
    await a.setLocalDescription();
    assert.equal(a.getTransceivers()[0]?.mid, '0');
    await b.setRemoteDescription(a.localDescription!);
    assert.equal(b.getTransceivers().length, 1);
    await b.setRemoteDescription({ type: 'rollback' });
    await a.setLocalDescription({ type: 'rollback' });
    assert.equal(b.getTransceivers().length, 0);
    assert.equal(a.getTransceivers()[0]?.mid, null);
    await negotiate(a, b);
    assert.deepEqual(directions(b), [['0', 'recvonly', 'recvonly']]);
  });

  test('RFC 8829 §5.10: what addTrack has made meets the offer, what addTransceiver has made does not', async (t) => {
    const { a, b, close } = pair();
    t.after(close);
    a.addTransceiver('audio');
    b.addTransceiver(audio());
    b.addTrack(audio());
    await negotiate(a, b);
    assert.deepEqual(directions(b), [
      [null, 'sendrecv', null],
      ['0', 'sendrecv', 'sendrecv'],
    ]);
  });
});

describe('W3C webrtc-pc §5.2 parameters and preferences', () => {
  test('capabilities name codecs and header extensions, and null for no kind', () => {
    for (const side of [RTCRtpSender, RTCRtpReceiver]) {
      assert.ok(side.getCapabilities('audio')?.codecs.some(({ mimeType }) => mimeType === 'audio/opus'));
      assert.ok(side.getCapabilities('video')?.headerExtensions.some(({ uri }) => uri.endsWith('sdes:mid')));
      assert.equal(side.getCapabilities('text'), null);
    }
  });

  test('preferred codecs are those that are negotiated, in their order', async (t) => {
    const { a, b, close } = pair();
    t.after(close);
    const { codecs } = RTCRtpSender.getCapabilities('video')!;
    const wanted = ['video/AV1', 'video/VP8'].map(
      (name) => codecs.find(({ mimeType }) => mimeType === name)!,
    );
    const transceiver = a.addTransceiver('video');
    transceiver.setCodecPreferences(wanted);
    assert.throws(() => transceiver.setCodecPreferences([{ mimeType: 'video/none', clockRate: 1 }]), {
      name: 'InvalidModificationError',
    });
    await negotiate(a, b);
    assert.match(a.localDescription?.sdp ?? '', /m=video 9 UDP\/TLS\/RTP\/SAVPF 45 96\r\n/);
    assert.match(
      b.localDescription?.sdp ?? '',
      /m=video 9 UDP\/TLS\/RTP\/SAVPF 96 45\r\n/,
      'in its own order',
    );
  });

  test('setParameters needs those of getParameters, changes active and what is kept, and nothing else', async () => {
    const pc = new RTCPeerConnection(SILENT);
    const { sender } = pc.addTransceiver('video', { sendEncodings: [{ rid: 'a' }, { rid: 'b' }] });
    const parameters = sender.getParameters();
    assert.deepEqual<unknown>(parameters.encodings, [
      { active: true, rid: 'a' },
      { active: true, rid: 'b' },
    ]);
    const changed = { ...parameters, encodings: [{ rid: 'b' }, { rid: 'a' }] };
    await assert.rejects(sender.setParameters(changed), { name: 'InvalidModificationError' });
    parameters.encodings[1] = { rid: 'b', active: false, maxBitrate: 1000 };
    await sender.setParameters(parameters);
    await assert.rejects(sender.setParameters(parameters), { name: 'InvalidStateError' });
    assert.deepEqual(sender.getParameters().encodings[1], { rid: 'b', active: false, maxBitrate: 1000 });
    pc.close();
  });

  test('a section that the peer offers beside data gets its numbers from the peer', async (t) => {
    const { a, b, close } = pair();
    t.after(close);
    await b.setRemoteDescription({
      type: 'offer',
      sdp: `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 111 112\r
c=IN IP4 0.0.0.0\r\na=ice-ufrag:9cOZ\r\na=ice-pwd:LGQEDIJAmE0A93igS1khUVCu\r
a=fingerprint:sha-256 ${'3C:'.repeat(31)}3C\r\na=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r
a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=rtpmap:111 VP8/90000\r\na=rtpmap:112 rtx/90000\r\na=fmtp:112 apt=111\r\n`,
    });
    b.addTransceiver('audio');
    await b.setLocalDescription();
    assert.match(b.localDescription?.sdp ?? '', /SAVPF 111 112\r\n/);
    assert.match(b.localDescription?.sdp ?? '', /a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid/);
    const later = (await b.createOffer()).sdp ?? '';
    assert.doesNotMatch(later, /rtpmap:111 opus/, 'a number keeps its meaning');
    assert.equal(new Set([...later.matchAll(/extmap:(\d+) \S+mid\r/g)].map(([, id]) => id)).size, 1);
    a.addTransceiver('audio');
  });
});

describe('W3C webrtc-pc §5.2 replaceTrack and direction, with packets', () => {
  test('numbers go on where the track before has left off', async (t) => {
    const { a, b, close } = makePair();
    t.after(close);
    const [first, second] = [video(), video()];
    const { sender } = a.addTransceiver(first, { direction: 'sendonly' });
    await negotiate(a, b);
    await connected(a, b);
    const received = collect(b.getReceivers()[0]!.track);
    const { payloadType } = sender.getParameters().codecs[0]!;
    const payload = new Uint8Array([1]);
    for (let i = 0; i < 3; i++) first.writeRtp(rtpPacket(payloadType, i, payload));
    await sender.replaceTrack(second);
    assert.equal(sender.track, second);
    assert.ok(first.writeRtp(rtpPacket(payloadType, 3, payload)), 'nobody takes it, nobody refuses it');
    for (let i = 40_000; i < 40_003; i++) second.writeRtp(rtpPacket(payloadType, i, payload));
    await until('all six', () => received.length === 6);
    assert.deepEqual(
      received.map(({ sequenceNumber }) => sequenceNumber),
      [1000, 1001, 1002, 1003, 1004, 1005],
    );
    assert.ok(received[3]!.timestamp > received[2]!.timestamp);
    assert.equal(new Set(received.map(({ ssrc }) => ssrc)).size, 1);
    await assert.rejects(sender.replaceTrack(audio()), TypeError);
  });

  test('data comes to a connection of media, and media to one of data', async (t) => {
    for (const dataFirst of [true, false]) {
      const { a, b, close } = makePair();
      t.after(close);
      const track = audio();
      let channel = dataFirst ? a.createDataChannel('data') : undefined;
      if (!dataFirst) a.addTrack(track);
      await negotiate(a, b);
      await connected(a, b);
      if (dataFirst) a.addTrack(track);
      else {
        assert.equal(a.sctp, null);
        channel = a.createDataChannel('data');
      }
      await negotiate(a, b);
      if (channel?.readyState !== 'open') await once(channel!, 'open');
      const received = collect(b.getReceivers()[0]!.track);
      const { payloadType } = a.getSenders()[0]!.getParameters().codecs[0]!;
      await until('a packet', () => track.writeRtp(rtpPacket(payloadType, 0, new Uint8Array([1]))));
      await until('it has come', () => received.length > 0);
      assert.equal(sections(a).length, 2);
    }
  });

  test('max-bundle offers one transport from the start, and connects', async (t) => {
    const { a, b, close } = makePair({ bundlePolicy: 'max-bundle', millrace: { loopback: true } });
    t.after(close);
    a.addTrack(audio());
    a.addTrack(video());
    await a.setLocalDescription();
    assert.deepEqual(sections(a), ['audio 9', 'video 0']);
    await negotiate(a, b);
    await connected(a, b);
    assert.deepEqual(directions(b), [
      ['0', 'recvonly', 'recvonly'],
      ['1', 'recvonly', 'recvonly'],
    ]);
  });
});
