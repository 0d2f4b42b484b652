// Encoded frames in at one end and out at the other, over loopback.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Interceptor } from '@millrace/rtp/interceptors';
import { type EncodedFrame, FrameReader, FrameWriter, MediaStreamTrack } from 'millrace';
import { LOOPBACK, makePair, negotiate } from '../peer-connection/pair.ts';
import { collect, connected, rtpPacket, until } from './packets.ts';

/** Frames that a packetizer takes for what they say they are; what is behind the header is anything. */
const HEADERS = {
  'video/VP8': [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01],
  'video/VP9': [0x82, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf0, 0x16, 0x70],
  'video/H264': [0, 0, 0, 1, 0x65, 0x88],
  'video/AV1': [0x12, 0x00, 0x0a, 0x01, 0x01, 0x30],
  'audio/opus': [0xfc],
} as const;

function frame(mimeType: keyof typeof HEADERS, length: number, number: number): Uint8Array {
  const header = HEADERS[mimeType];
  return Uint8Array.from({ length }, (_, i) => header[i] ?? 2 + ((i * 7 + number) % 250));
}

/** As it comes out: AV1 OBUs get their sizes back. */
function asRead(mimeType: keyof typeof HEADERS, sent: Uint8Array): Uint8Array {
  if (mimeType !== 'video/AV1') return sent;
  const payload = sent.subarray(6);
  const size =
    payload.length < 128 ? [payload.length] : [(payload.length & 0x7f) | 0x80, payload.length >> 7];
  return Uint8Array.from([...sent.subarray(0, 5), 0x32, ...size, ...payload]);
}

describe('encoded frames through tracks', () => {
  for (const mimeType of Object.keys(HEADERS) as Array<keyof typeof HEADERS>) {
    test(`${mimeType}: frames of one and of many packets come out as they went in`, async (t) => {
      const { a, b, close } = makePair();
      t.after(close);
      const writer = new FrameWriter({ mimeType });
      a.addTrack(writer.track);
      await negotiate(a, b);
      // The writer's codec may not be the first of the list that was negotiated: its packets say so themselves.
      await connected(a, b);
      const reader = new FrameReader(b.getReceivers()[0]!.track);
      const frames: EncodedFrame[] = [];
      reader.onframe = (each) => void frames.push(each);
      const lengths = mimeType === 'audio/opus' ? [60, 200, 900] : [60, 1_000, 9_000, 14_000];
      const sent = lengths.map((length, i) => frame(mimeType, length, i));
      for (const [i, each] of sent.entries()) assert(writer.write(each, i * (writer.clockRate / 50)));
      await until('all frames', () => frames.length === sent.length);
      for (const [i, { data, isKeyFrame, mimeType: type, clockRate, isAfterLoss }] of frames.entries()) {
        assert.deepEqual(data, asRead(mimeType, sent[i]!));
        assert.deepEqual(
          [isKeyFrame, type, clockRate, isAfterLoss],
          [true, mimeType, writer.clockRate, false],
        );
      }
      const distance = (frames[1]!.timestamp - frames[0]!.timestamp) >>> 0;
      assert.equal(distance, writer.clockRate / 50);
      assert.equal(reader.framesDropped, 0);
      reader.close();
    });
  }

  test('a stream of frames ends with its track', async (t) => {
    const { a, b, close } = makePair();
    t.after(close);
    const writer = new FrameWriter({ mimeType: 'video/VP8' });
    a.addTrack(writer.track);
    await negotiate(a, b);
    await connected(a, b);
    const stream = new FrameReader(b.getReceivers()[0]!.track).readable.getReader();
    assert(writer.write(frame('video/VP8', 3_000, 1), 0));
    const { value } = await stream.read();
    assert.equal(value?.data.length, 3_000);
    b.close();
    assert.equal((await stream.read()).done, true);
  });

  test('a frame with a packet missing is given up, and a key frame asked for', async (t) => {
    const { a, b, close } = makePair();
    t.after(close);
    const track = new MediaStreamTrack({ kind: 'video' });
    a.addTrack(track);
    await negotiate(a, b);
    await connected(a, b);
    const requests: Array<string | null> = [];
    track.onkeyframerequest = (rid) => void requests.push(rid);
    const [vp8] = a.getSenders()[0]!.getParameters().codecs;
    const frames: EncodedFrame[] = [];
    const reader = new FrameReader(b.getReceivers()[0]!.track, { maxDelay: 30 });
    reader.onframe = (each) => void frames.push(each);
    const payload = (head: number): Uint8Array => Uint8Array.of(head, 1, 2, 3);
    // Packet 1 of the first frame never comes; the second frame is whole.
    track.writeRtp(rtpPacket(vp8!.payloadType, 0, payload(0x10), false));
    track.writeRtp(rtpPacket(vp8!.payloadType, 3, payload(0x10), true));
    await until('the second frame', () => frames.length === 1);
    assert.equal(frames[0]!.isAfterLoss, true);
    await until('a request', () => requests.length > 0);
    reader.close();
  });

  test('a codec whose packets are not understood gives no frames, and says so', async (t) => {
    const { a, b, close } = makePair();
    t.after(close);
    const track = new MediaStreamTrack({ kind: 'video' });
    a.addTrack(track);
    await negotiate(a, b);
    await connected(a, b);
    const codecs = a.getSenders()[0]!.getParameters().codecs;
    const h265 = codecs.find(({ mimeType }) => mimeType === 'video/H265')!;
    const reader = new FrameReader(b.getReceivers()[0]!.track);
    track.writeRtp(rtpPacket(h265.payloadType, 0, Uint8Array.of(1, 2, 3)));
    await until('a dropped frame', () => reader.framesDropped === 1);
    reader.close();
  });

  test('what can’t be written is refused', () => {
    for (const mimeType of ['video/H265', 'video', 'text/plain', 'video/rtx', '']) {
      assert.throws(() => new FrameWriter({ mimeType }), { name: 'NotSupportedError' });
    }
    assert.throws(() => new FrameWriter({ mimeType: 'video/VP8', maxPacketBytes: 100 }), TypeError);
    assert.throws(() => new FrameWriter({ mimeType: 'video/VP9' }).write(Uint8Array.of(0, 0, 0), 0), {
      code: 'BAD_FRAME',
    });
    assert.throws(
      () => new FrameWriter({ mimeType: 'audio/PCMU' }).write(new Uint8Array(2_000), 0),
      TypeError,
    );
    assert.equal(
      new FrameWriter({ mimeType: 'audio/PCMU' }).write(new Uint8Array(160), 0),
      true,
      'without a sender it is nobody’s',
    );
  });
});

describe('interceptors of the application', () => {
  test('see every packet that is sent and that comes, and may change or drop it', async (t) => {
    const seen: string[] = [];
    const watching = (name: string): Interceptor => ({
      name,
      sendRtp: (packet) => {
        seen.push(`${name} sends ${packet.payloadBytes}`);
        return true;
      },
      receiveRtp: (packet) => {
        seen.push(`${name} receives ${packet.payloadBytes}`);
        return packet.payloadBytes !== 5;
      },
    });
    const { a, b, close } = makePair(
      { millrace: { ...LOOPBACK.millrace, interceptors: () => [watching('a')] } },
      { millrace: { ...LOOPBACK.millrace, interceptors: () => [watching('b')] } },
    );
    t.after(close);
    const track = new MediaStreamTrack({ kind: 'audio' });
    a.addTrack(track);
    await negotiate(a, b);
    await connected(a, b);
    const received = collect(b.getReceivers()[0]!.track);
    const [opus] = a.getSenders()[0]!.getParameters().codecs;
    for (const [i, length] of [4, 5, 6].entries()) {
      track.writeRtp(rtpPacket(opus!.payloadType, i, new Uint8Array(length)));
    }
    await until('the last packet', () => received.length === 2);
    assert.deepEqual(
      received.map(({ payload }) => payload.length),
      [4, 6],
    );
    assert.deepEqual(
      [4, 5, 6].map((length) => seen.filter((each) => each.endsWith(` ${length}`))),
      [4, 5, 6].map((length) => [`a sends ${length}`, `b receives ${length}`]),
    );
  });
});
