import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { putU16, u16 } from '@millrace/sans-io';
import { crc32c } from '@millrace/sctp';
import fc from 'fast-check';
import { CHUNK, MIN_CHUNK_LENGTH, makeChunk } from '../../src/packet/chunks.ts';
import * as Data from '../../src/packet/data.ts';
import {
  firstCause,
  makeAbortChunk,
  makeTextCause,
  staleCookieMeasure,
} from '../../src/packet/error-causes.ts';
import { writeForwardTsn } from '../../src/packet/forward-tsn.ts';
import { type Init, makeInit, parseInit } from '../../src/packet/init.ts';
import {
  makeIncomingReset,
  makeOutgoingReset,
  makeReconfigChunk,
  makeReconfigResponse,
  parseReconfig,
} from '../../src/packet/re-config.ts';
import { isSackSound } from '../../src/packet/sack.ts';
import {
  bareChunk,
  bytes,
  dataChunk,
  forwardTsnChunk,
  initChunk,
  PEER_TSN,
  packetOf,
  ScriptedPeer,
  sackChunk,
} from '../scripted-peer.ts';

/** What Chromium 156 (dcSCTP) sends; from its offer with a=sctp-init. */
const CHROMIUM_INIT = Uint8Array.from(Buffer.from('AQAAHshkPiIAUAAA/////3INnmfAAAAEgAgABoLA', 'base64'));
const u32s = fc.integer({ min: 0, max: 0xffff_ffff });
const u16s = fc.integer({ min: 0, max: 0xffff });

describe('RFC 9260 §6.8 and Appendix A: CRC32c', () => {
  test('gives the values of RFC 3720 B.4', () => {
    const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
    const descending = ascending.slice().reverse();
    assert.equal(crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array(32).fill(0xff), 0, 32), 0x62a8ab43);
    assert.equal(crc32c(ascending, 0, 32), 0x46dd794e);
    assert.equal(crc32c(descending, 0, 32), 0x113fdb5c);
    assert.equal(crc32c(Uint8Array.from(Buffer.from('123456789')), 0, 9), 0xe3069283);
  });

  test('gives the same for every offset and length as a bit at a time', () => {
    const bitwise = (all: Uint8Array, at: number, end: number): number => {
      let crc = 0xffff_ffff;
      for (; at < end; at++) {
        crc ^= all[at]!;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
      }
      return ~crc >>> 0;
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(20), (all, skip) => {
        const at = Math.min(skip, all.length);
        assert.equal(crc32c(all, at, all.length), bitwise(all, at, all.length));
      }),
    );
  });

  test('a packet with a wrong checksum is dropped and counted', () => {
    const peer = new ScriptedPeer().connect();
    const packet = packetOf([dataChunk({ tsn: PEER_TSN })], peer.tag);
    packet[packet.length - 1]! ^= 1;
    peer.sendRaw(packet);
    assert.equal(peer.association.stats.drops['bad-checksum'], 1);
    assert.deepEqual(peer.seen.messages, []);
  });
});

describe('RFC 9260 §3.1 common header', () => {
  test('other ports are not ours', () => {
    const peer = new ScriptedPeer().connect();
    const packet = packetOf([dataChunk({ tsn: PEER_TSN })], peer.tag);
    putU16(packet, 2, 5001);
    packet.fill(0, 8, 12);
    const crc = crc32c(packet, 0, packet.length);
    packet.set([crc, crc >>> 8, crc >>> 16, crc >>> 24], 8);
    peer.sendRaw(packet);
    assert.equal(peer.association.stats.drops['wrong-port'], 1);
  });

  test('a packet shorter than a header and a chunk header is dropped', () => {
    const peer = new ScriptedPeer().connect();
    for (let length = 0; length < 16; length++) peer.sendRaw(new Uint8Array(length));
    assert.equal(peer.association.stats.drops['too-short'], 16);
  });

  test('ports, tag, checksum and chunks lie where they should in what is sent', () => {
    const peer = new ScriptedPeer({ localPort: 0x1234, remotePort: 0x5678, initiateTag: 0xdeadbeef });
    peer.association.connect(0);
    const out = new Uint8Array(200).fill(0xee);
    const length = peer.association.transmit(out, 21, 200, 0);
    assert.equal(Buffer.from(out.subarray(21, 29)).toString('hex'), '1234567800000000');
    assert.equal(out[33], CHUNK.INIT);
    assert.equal(Buffer.from(out.subarray(37, 41)).toString('hex'), 'deadbeef');
    assert.ok(
      out.subarray(21 + length).every((byte) => byte === 0xee) &&
        out.subarray(0, 21).every((b) => b === 0xee),
    );
  });
});

describe('RFC 9260 §3.2 chunk field descriptions', () => {
  const cases: Array<[name: string, type: number, deliversData: boolean, reports: boolean]> = [
    ['00xxxxxx unknown: stop, stay silent', 0x3f, false, false],
    ['01xxxxxx unknown: stop and report', 0x7f, false, true],
    ['10xxxxxx unknown: skip, stay silent', 0xbf, true, false],
    ['11xxxxxx unknown: skip and report', 0xff, true, true],
  ];
  for (const [name, type, deliversData, reports] of cases)
    test(name, () => {
      const peer = new ScriptedPeer().connect();
      peer.send([makeChunk(type, 0, bytes(5)), dataChunk({ tsn: PEER_TSN })]);
      assert.equal(peer.seen.messages.length, deliversData ? 1 : 0);
      const errors = peer.takeChunks().filter((chunk) => chunk.type === CHUNK.ERROR);
      assert.equal(errors.length, reports ? 1 : 0);
      if (!reports) return;
      const cause = errors[0]!.bytes;
      assert.equal(u16(cause, 4), 6, 'cause: unrecognized chunk type');
      assert.deepEqual(cause.subarray(8, 17), makeChunk(type, 0, bytes(5)).subarray(0, 9), 'the whole chunk');
    });

  test('a chunk whose length is below four or beyond the packet ends the packet', () => {
    for (const length of [0, 1, 2, 3, 200, 0xffff]) {
      const peer = new ScriptedPeer().connect();
      const bad = dataChunk({ tsn: PEER_TSN, payload: bytes(20) });
      putU16(bad, 2, length);
      peer.send([bad]);
      assert.equal(peer.association.stats.drops['bad-chunk-length'], 1, `length ${length}`);
      assert.deepEqual(peer.seen.messages, []);
    }
  });

  test('padding of the last chunk may be missing', () => {
    const peer = new ScriptedPeer().connect();
    const chunk = dataChunk({ tsn: PEER_TSN, payload: bytes(5) });
    peer.send([chunk.subarray(0, 21)]);
    assert.deepEqual(peer.seen.messages[0]?.bytes, bytes(5));
  });
});

describe('RFC 9260 §3.2.1 parameters', () => {
  const cases: Array<[name: string, type: number, goesOn: boolean, reports: boolean]> = [
    ['00 unknown: stop, stay silent', 0x3ffe, false, false],
    ['01 unknown: stop and report', 0x7ffe, false, true],
    ['10 unknown: skip, stay silent', 0xbffe, true, false],
    ['11 unknown: skip and report', 0xfffe, true, true],
  ];
  for (const [name, type, goesOn, reports] of cases)
    test(`${name}, of INIT`, () => {
      const unknown = Uint8Array.of(type >>> 8, type, 0, 6, 1, 2, 0, 0);
      const known = Uint8Array.of(0xc0, 0, 0, 4);
      const plain = initChunk({ extensions: [], forwardTsn: false });
      const chunk = makeChunk(CHUNK.INIT, 0, Uint8Array.of(...plain.subarray(4), ...unknown, ...known));
      const peer = new ScriptedPeer();
      peer.send([chunk], 0);
      const [initAck] = peer.takeChunks();
      const theirs = initAck!.bytes;
      const reported = Buffer.from(theirs).includes(
        Buffer.from([0, 8, 0, 10, type >>> 8, type & 0xff, 0, 6, 1, 2]),
      );
      assert.equal(reported, reports);
      const parsed = parseInit(chunk, 0, chunk.length)!;
      assert.equal(parsed.forwardTsn, goesOn);
    });

  test('what INIT ACK has that we do not know is reported behind the COOKIE ECHO', () => {
    const peer = new ScriptedPeer();
    peer.association.connect(0);
    peer.take();
    const plain = initChunk({ cookie: bytes(20) }, CHUNK.INIT_ACK).subarray(4);
    const unknown = Uint8Array.of(0xff, 0xfe, 0, 4);
    const body = new Uint8Array(((plain.length + 3) & ~3) + 4);
    body.set(plain);
    body.set(unknown, body.length - 4);
    peer.send([makeChunk(CHUNK.INIT_ACK, 0, body)]);
    const chunks = peer.takeChunks();
    assert.deepEqual(
      chunks.map((chunk) => chunk.type),
      [CHUNK.COOKIE_ECHO, CHUNK.ERROR],
    );
    assert.equal(Buffer.from(chunks[1]!.bytes.subarray(4)).toString('hex'), '00080008fffe0004');
  });
});

describe('RFC 9260 §3.3.2 INIT', () => {
  test('reads what Chromium sends', () => {
    assert.deepEqual(parseInit(CHROMIUM_INIT, 0, 30), {
      initiateTag: 0xc8643e22,
      window: 5 * 1024 * 1024,
      outboundStreams: 65_535,
      inboundStreams: 65_535,
      initialTsn: 0x720d9e67,
      extensions: [CHUNK.RE_CONFIG, CHUNK.FORWARD_TSN],
      forwardTsn: true,
      unrecognized: [],
    });
  });

  test('is written, for the same values, byte for byte as Chromium writes it', () => {
    const parsed = parseInit(CHROMIUM_INIT, 0, 30)!;
    const written = makeInit(CHUNK.INIT, parsed);
    assert.deepEqual(written.subarray(0, 30), CHROMIUM_INIT);
    assert.equal(written.length, 32);
  });

  test('round trip', () => {
    const inits: fc.Arbitrary<Init> = fc.record(
      {
        initiateTag: u32s,
        window: u32s,
        outboundStreams: u16s,
        inboundStreams: u16s,
        initialTsn: u32s,
        extensions: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 8 }),
        forwardTsn: fc.boolean(),
        cookie: fc.uint8Array({ minLength: 1, maxLength: 40 }),
        unrecognized: fc.constant([]),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(inits, (init) => {
        const chunk = makeInit(CHUNK.INIT_ACK, init);
        assert.deepEqual(parseInit(chunk, 0, u16(chunk, 2)), init);
      }),
    );
  });

  test('every truncation is refused or read within its bounds', () => {
    const chunk = makeInit(CHUNK.INIT_ACK, { ...parseInit(CHROMIUM_INIT, 0, 30)!, cookie: bytes(33) });
    for (let end = 0; end < chunk.length; end++) parseInit(chunk.subarray(0, end), 0, end);
    assert.equal(parseInit(chunk, 0, 19), undefined);
  });
});

describe('RFC 9260 §3.3.1 DATA', () => {
  test('round trip', () => {
    fc.assert(
      fc.property(
        u32s,
        u16s,
        u16s,
        u32s,
        fc.integer({ min: 0, max: 15 }),
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        (tsn, stream, ssn, ppid, flags, payload) => {
          const out = new Uint8Array(200).fill(0xee);
          const end = Data.writeData(out, 3, flags, tsn, stream, ssn, ppid, payload, 0, payload.length);
          assert.equal((end - 3) % 4, 0);
          assert.deepEqual(
            out.subarray(3, end),
            dataChunk({ tsn, stream, ssn, ppid, flags, payload }),
            'also as written by hand',
          );
          assert.deepEqual(
            [Data.dataTsn(out, 3), Data.dataStream(out, 3), Data.dataSsn(out, 3), Data.dataPpid(out, 3)],
            [tsn, stream, ssn, ppid],
          );
        },
      ),
    );
  });

  test('the example of a whole ordered message, byte for byte', () => {
    const out = new Uint8Array(24);
    Data.writeData(out, 0, Data.BEGIN | Data.END, 1, 2, 3, 51, Uint8Array.of(0xaa, 0xbb, 0xcc), 0, 3);
    assert.equal(
      Buffer.from(out).toString('hex'),
      `00030013${'00000001'}${'00020003'}${'00000033'}aabbcc0000000000`,
    );
  });
});

describe('RFC 9260 §3.3.4 SACK', () => {
  test('blocks that overlap, touch the cumulative TSN, run backwards or exceed the length are unsound', () => {
    const sound = sackChunk({
      cumulative: 1,
      gaps: [
        [2, 3],
        [5, 5],
      ],
      duplicates: [7],
    });
    assert.ok(isSackSound(sound, 0, sound.length));
    assert.ok(!isSackSound(sound, 0, sound.length - 4));
    for (const gaps of [
      [[1, 3]],
      [[0, 0]],
      [[4, 3]],
      [
        [2, 5],
        [5, 6],
      ],
      [
        [5, 6],
        [2, 3],
      ],
    ] as Array<Array<[number, number]>>) {
      const chunk = sackChunk({ cumulative: 1, gaps });
      assert.ok(!isSackSound(chunk, 0, chunk.length), JSON.stringify(gaps));
    }
    for (const at of [12, 14])
      for (const count of [2, 3, 0xffff]) {
        const chunk = sackChunk({ cumulative: 1, gaps: [[2, 3]] });
        putU16(chunk, at, count);
        assert.ok(!isSackSound(chunk, 0, chunk.length), `${count} at ${at}`);
      }
  });
});

describe('RFC 9260 §3.3.10 error causes', () => {
  test('an abort reason comes through; binary causes have no text', () => {
    const chunk = makeAbortChunk(0, makeTextCause(12, 'gone fishing'));
    assert.deepEqual(firstCause(chunk, 0, u16(chunk, 2)), { code: 12, text: 'gone fishing' });
    const stale = makeChunk(CHUNK.ERROR, 0, Uint8Array.of(0, 3, 0, 8, 0, 0, 1, 0));
    assert.deepEqual(firstCause(stale, 0, 12), { code: 3, text: '' });
    assert.equal(staleCookieMeasure(stale, 0, 12), 256);
  });

  test('every truncation and every length of a cause is survived', () => {
    const chunk = makeAbortChunk(0, makeTextCause(12, 'gone fishing'));
    for (let end = 4; end <= chunk.length; end++) firstCause(chunk, 0, end);
    for (const length of [0, 1, 3, 4, 5, 16, 17, 0xffff]) {
      putU16(chunk, 6, length);
      firstCause(chunk, 0, u16(chunk, 2));
      staleCookieMeasure(chunk, 0, u16(chunk, 2));
    }
  });
});

describe('RFC 3758 §3.2 and RFC 6525 §4: FORWARD TSN and RE-CONFIG', () => {
  test('FORWARD TSN is written as by hand', () => {
    const out = new Uint8Array(16);
    assert.equal(
      writeForwardTsn(
        out,
        0,
        0xffff_fffe,
        new Map([
          [3, 9],
          [4, 0],
        ]),
      ),
      16,
    );
    assert.deepEqual(
      out,
      forwardTsnChunk(0xffff_fffe, [
        [3, 9],
        [4, 0],
      ]),
    );
  });

  test('RE-CONFIG round trip', () => {
    fc.assert(
      fc.property(
        u32s,
        u32s,
        u32s,
        fc.array(u16s, { maxLength: 9 }),
        (requestSequence, responseSequence, lastTsn, streams) => {
          const chunk = makeReconfigChunk([
            makeOutgoingReset({ requestSequence, responseSequence, lastTsn, streams }),
            makeIncomingReset(requestSequence, streams),
          ]);
          assert.deepEqual(parseReconfig(chunk, 0, u16(chunk, 2)), [
            { kind: 'outgoing-reset', requestSequence, responseSequence, lastTsn, streams },
            { kind: 'incoming-reset', requestSequence, streams },
          ]);
          const response = makeReconfigChunk([makeReconfigResponse(responseSequence, 6)]);
          assert.deepEqual(parseReconfig(response, 0, u16(response, 2)), [
            { kind: 'response', responseSequence, result: 6 },
          ]);
        },
      ),
    );
  });

  test('the outgoing reset of one stream, byte for byte', () => {
    const chunk = makeReconfigChunk([
      makeOutgoingReset({ requestSequence: 1, responseSequence: 2, lastTsn: 3, streams: [4] }),
    ]);
    assert.equal(
      Buffer.from(chunk).toString('hex'),
      `82000016${'000d0012'}${'00000001'}${'00000002'}${'00000003'}00040000`,
    );
  });

  test('three parameters, or none, are malformed', () => {
    const one = makeReconfigResponse(1, 1);
    const three = makeReconfigChunk([one, one, one]);
    assert.equal(parseReconfig(three, 0, u16(three, 2)), undefined);
    assert.equal(parseReconfig(bareChunk(CHUNK.RE_CONFIG), 0, 4), undefined);
  });
});

describe('RFC 9260 §3: every chunk, cut short and with every wrong length, disturbs nothing', () => {
  const samples: Array<[name: string, chunk: Uint8Array]> = [
    ['DATA', dataChunk({ tsn: PEER_TSN + 50, payload: bytes(9) })],
    ['INIT', initChunk()],
    ['INIT ACK', initChunk({ cookie: bytes(30) }, CHUNK.INIT_ACK)],
    ['SACK', sackChunk({ cumulative: 99, gaps: [[2, 3]], duplicates: [4] })],
    ['HEARTBEAT', makeChunk(CHUNK.HEARTBEAT, 0, Uint8Array.of(0, 1, 0, 8, 1, 2, 3, 4))],
    ['HEARTBEAT ACK', makeChunk(CHUNK.HEARTBEAT_ACK, 0, Uint8Array.of(0, 1, 0, 8, 1, 2, 3, 4))],
    ['ERROR', makeChunk(CHUNK.ERROR, 0, Uint8Array.of(0, 3, 0, 8, 0, 0, 1, 0))],
    ['COOKIE ECHO', makeChunk(CHUNK.COOKIE_ECHO, 0, bytes(80))],
    ['COOKIE ACK', bareChunk(CHUNK.COOKIE_ACK)],
    ['SHUTDOWN ACK', bareChunk(CHUNK.SHUTDOWN_ACK)],
    ['SHUTDOWN COMPLETE', bareChunk(CHUNK.SHUTDOWN_COMPLETE)],
    [
      'RE-CONFIG',
      makeReconfigChunk([
        makeOutgoingReset({ requestSequence: 9, responseSequence: 9, lastTsn: 9, streams: [1, 2] }),
      ]),
    ],
    ['FORWARD TSN', forwardTsnChunk(PEER_TSN - 1, [[1, 0]])],
  ];
  for (const [name, chunk] of samples)
    test(name, () => {
      const peer = new ScriptedPeer().connect();
      const tag = name === 'INIT' ? 0 : peer.tag;
      for (let end = 4; end <= chunk.length; end++) {
        const cut = chunk.slice(0, end);
        peer.send([cut], tag); // the length field says more than there is
        putU16(cut, 2, end);
        peer.send([cut], tag); // and now it agrees
      }
      for (const length of [
        0,
        1,
        3,
        4,
        5,
        MIN_CHUNK_LENGTH[chunk[0]!]! - 1,
        u16(chunk, 2) - 1,
        u16(chunk, 2) + 1,
        0xffff,
      ]) {
        const wrong = chunk.slice();
        putU16(wrong, 2, length);
        peer.send([wrong], tag);
        peer.take();
      }
      // Inner lengths: parameters and causes begin at 4, or at 20 in INIT.
      for (const at of [6, 22])
        for (const length of [0, 1, 3, 4, 5, 0x7fff, 0xffff]) {
          if (at + 2 > chunk.length || name === 'FORWARD TSN') continue; // that one has a TSN there
          const wrong = chunk.slice();
          putU16(wrong, at, length);
          peer.send([wrong], tag);
          peer.take();
        }
      assert.equal(peer.association.phase, 'established');
      peer.seen.messages.length = 0;
      peer.send([dataChunk({ tsn: PEER_TSN, stream: 40_000 })]);
      assert.equal(peer.seen.messages.length, 1);
    });
});
