// What a peer, or a stranger, can do with RTP: counted drops, bounded tables, nothing thrown.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXTENSION_URIS, ExtensionMap, RtpPacket, writeRtpHeader } from '@millrace/rtp';
import { MediaChain } from '@millrace/rtp/interceptors';
import { SeededRandom } from '@millrace/sans-io/testing';
import type { RtpCodec, RtpDescription } from '@millrace/sdp';
import {
  type IncomingSection,
  type IncomingStream,
  IncomingTable,
  MAX_STREAMS_PER_SECTION,
} from '../../src/media/incoming.ts';
import { RtpPath } from '../../src/media/media-path.ts';
import { numbersOf } from '../../src/media/packet-numbers.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);
const MID = { id: 1, uri: EXTENSION_URIS.mid };
const RID = { id: 2, uri: EXTENSION_URIS.rid };
const REPAIRED = { id: 3, uri: EXTENSION_URIS.repairedRid };
const EXTENSIONS = new ExtensionMap([MID, RID, REPAIRED].map(({ id, uri }) => [id, uri] as const));

function codec(payloadType: number, name: string, parameters = ''): RtpCodec {
  return { payloadType, name, clockRate: 90_000, channels: undefined, parameters, feedback: ['nack'] };
}

function section(
  mid: string,
  codecs: readonly RtpCodec[],
  remote: Partial<RtpDescription> = {},
): IncomingSection {
  const rtp: RtpDescription = {
    codecs,
    extensions: [MID, RID, REPAIRED],
    allowMixedExtensions: true,
    rtcpMux: true,
    rtcpReducedSize: true,
    msids: [],
    sources: [],
    sourceGroups: [],
    rids: [],
    simulcastSend: [],
    simulcastReceive: [],
  };
  return {
    mid,
    kind: 'video',
    rtp,
    remote: { ...rtp, ...remote },
    numbers: numbersOf(codecs, rtp.extensions),
    onRtp: () => {},
  };
}

function packet(ssrc: number, payloadType: number, texts: Readonly<Record<number, string>> = {}): RtpPacket {
  const bytes = new Uint8Array(200);
  const length = writeRtpHeader(bytes, 60, 200, false, payloadType, 1, 1, ssrc);
  const view = new RtpPacket();
  assert.ok(view.read(bytes, 60, 60 + length, 0, 200));
  for (const [id, text] of Object.entries(texts)) {
    const data = new TextEncoder().encode(text);
    assert.ok(view.setExtension(Number(id), data, 0, data.length));
  }
  return view;
}

function table(...sections: IncomingSection[]): { table: IncomingTable; chain: MediaChain['chain'] } {
  const { chain } = new MediaChain({ random: new SeededRandom(seed), cname: 'x' });
  const incoming = new IncomingTable(chain);
  incoming.setSections(sections, EXTENSIONS);
  return { table: incoming, chain };
}

const VP8 = [codec(96, 'VP8'), codec(97, 'rtx', 'apt=96')];

describe('RFC 9143 §9.2 whose packet it is', () => {
  const sectionOf = ({ chain }: ReturnType<typeof table>, ssrc: number): string | undefined =>
    (chain.remoteStream(ssrc)?.tag as IncomingStream | undefined)?.section.mid;

  test('the mid decides, then the SSRC of the description, then the payload type', () => {
    const source = { sources: [{ ssrc: 5, cname: 'x' }] };
    const all = table(section('a', VP8), section('b', VP8, source), section('c', [codec(100, 'VP9')]));
    assert.ok(all.table.learn(packet(1, 96, { 1: 'a' }), 0));
    assert.ok(all.table.learn(packet(5, 96), 0));
    assert.ok(all.table.learn(packet(7, 100), 0));
    assert.ok(!all.table.learn(packet(8, 96), 0), 'a payload type of two sections says nothing');
    assert.ok(!all.table.learn(packet(9, 101, { 1: 'a' }), 0), 'a payload type that was not agreed on');
    assert.ok(all.table.learn(packet(10, 96, { 1: 'b' }), 0));
    assert.deepEqual(
      [1, 5, 7, 8, 9, 10].map((ssrc) => sectionOf(all, ssrc)),
      ['a', 'b', 'c', undefined, undefined, 'b'],
    );
  });

  test('RFC 8852: a layer that comes under another SSRC leaves the old one; retransmissions find theirs', () => {
    const one = section('a', VP8);
    const all = table(one);
    assert.ok(all.table.learn(packet(1, 96, { 1: 'a', 2: 'h' }), 0));
    assert.ok(all.table.learn(packet(2, 96, { 1: 'a', 2: 'l' }), 0));
    assert.ok(all.table.learn(packet(3, 97, { 1: 'a', 3: 'l' }), 0));
    assert.equal(all.chain.remoteStream(3), all.chain.remoteStream(2));
    assert.ok(!all.table.learn(packet(4, 97, { 1: 'a', 3: 'x' }), 0));
    assert.ok(all.table.learn(packet(5, 96, { 1: 'a', 2: 'h' }), 0));
    assert.equal(all.chain.remoteStream(1), undefined);
    assert.equal([...all.table.streamsOf(one)].length, 2);
  });

  test(`a section has ${MAX_STREAMS_PER_SECTION} streams: one more is refused until one has been silent for long`, () => {
    const one = section('a', VP8);
    const all = table(one);
    for (let ssrc = 1; ssrc <= MAX_STREAMS_PER_SECTION; ssrc++)
      assert.ok(all.table.learn(packet(ssrc, 96), 1000));
    for (const stream of all.table.streamsOf(one))
      (stream.tag as IncomingStream).note(packet(stream.ssrc, 96), 1000);
    const late = packet(MAX_STREAMS_PER_SECTION + 1, 96);
    assert.ok(!all.table.learn(late, 1000));
    assert.ok(all.table.learn(late, 7000));
    assert.equal([...all.table.streamsOf(one)].length, MAX_STREAMS_PER_SECTION);
  });

  test('an SSRC that the description gives two meanings is refused, not thrown', () => {
    const group = { sources: [{ ssrc: 1, cname: 'x' }], sourceGroups: [{ semantics: 'FID', ssrcs: [1, 1] }] };
    const all = table(section('a', VP8, group));
    assert.ok(!all.table.learn(packet(1, 96), 0));
  });
});

describe('RFC 5764 §5.1.2 before and behind SRTP', () => {
  const random = new SeededRandom(seed);

  test('packets that come before the keys are dropped and counted', () => {
    const path = new RtpPath({ cname: 'x', random, wallClockOffset: 0 });
    path.receive(new Uint8Array(100).fill(0x80), 0, 100, 0);
    assert.equal(path.drops.counts['not-secured'], 1);
    assert.equal(path.deadline(), Number.POSITIVE_INFINITY);
    assert.equal(path.transmit(new Uint8Array(2000), 0, 2000, 0), 0);
  });

  test(`random bytes are dropped, whatever they look like (SEED=${seed})`, async () => {
    const { srtpCryptos } = await import('@millrace/crypto');
    const path = new RtpPath({ cname: 'x', random, wallClockOffset: 0 });
    const key = new Uint8Array(16);
    const salt = new Uint8Array(12);
    path.secure(
      { profile: 7, localKey: key, localSalt: salt, remoteKey: key, remoteSalt: salt },
      srtpCryptos,
    );
    path.setSections([section('a', VP8)], EXTENSIONS);
    const bytes = new Uint8Array(300);
    for (let i = 0; i < 20_000; i++) {
      random.fill(bytes);
      bytes[0] = 0x80 | (bytes[0]! & 0x3f);
      path.receive(bytes, 0, bytes[299]!, i);
    }
    assert.equal([...path.incoming.streamsOf(section('a', VP8))].length, 0);
    assert.equal(path.chain.drops.counts['malformed-rtp'], 0);
  });
});
