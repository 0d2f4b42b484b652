import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import {
  type Interceptor,
  InterceptorChain,
  type Pacer,
  type RtpStream,
} from '../../src/interceptors/index.ts';
import { AUDIO, ChainEnd, rtp, VIDEO } from './chain-end.ts';

const seed = Number(process.env.SEED ?? Date.now() & 0xffffff);

const random = new SeededRandom(1);

function spy(name: string, seen: string[], passes = true): Interceptor {
  return {
    name,
    receiveRtp: () => {
      seen.push(`${name} receives`);
      return passes;
    },
    sendRtp: () => {
      seen.push(`${name} sends`);
      return passes;
    },
    leaveRtp: () => {
      seen.push(`${name} leaves`);
    },
    addStream: (stream) => {
      seen.push(`${name} adds ${stream.slot}`);
    },
    removeStream: (stream) => {
      seen.push(`${name} removes ${stream.slot}`);
    },
  };
}

describe('a chain of interceptors', () => {
  test('packets meet interceptors in order from the wire, and in the reverse order to it', () => {
    const seen: string[] = [];
    const chain = new InterceptorChain([spy('a', seen), spy('b', seen)], { random });
    chain.addRemoteStream(VIDEO, 0);
    chain.addLocalStream(AUDIO, 0);
    assert.deepEqual(seen.splice(0), ['a adds 0', 'b adds 0', 'a adds 0', 'b adds 0']);
    assert.equal(chain.receiveRtp(rtp(VIDEO, 1, 0), 0)?.ssrc, VIDEO.ssrc);
    assert.deepEqual(seen.splice(0), ['a receives', 'b receives']);
    assert.ok(chain.sendRtp(rtp(AUDIO, 1, 0), 0));
    assert.deepEqual(seen.splice(0), ['b sends', 'a sends']);
    const out = new Uint8Array(1_500);
    assert.equal(chain.transmit(out, 0, out.length, 0), 120);
    assert.deepEqual(seen.splice(0), ['b leaves', 'a leaves']);
    assert.equal(chain.transmit(out, 0, out.length, 0), 0);
  });

  test('an interceptor that says no ends a packet', () => {
    const seen: string[] = [];
    const chain = new InterceptorChain([spy('a', seen, false), spy('b', seen)], { random });
    chain.addRemoteStream(VIDEO, 0);
    chain.addLocalStream(AUDIO, 0);
    seen.length = 0;
    assert.equal(chain.receiveRtp(rtp(VIDEO, 1, 0), 0), undefined);
    assert.equal(chain.sendRtp(rtp(AUDIO, 1, 0), 0), false);
    assert.deepEqual(seen, ['a receives', 'b sends', 'a sends']);
    assert.equal(chain.queuedPackets, 0);
  });

  test("a user's interceptor writes packets of its own, which leave through those nearer to the wire", () => {
    const seen: string[] = [];
    const packet = rtp(VIDEO, 7, 0);
    let wanted = 1;
    const own: Interceptor = {
      name: 'own',
      attach: (context) => context.wantRtp(),
      writeRtp: (out, at) => {
        if (wanted-- <= 0) return 0;
        out.set(packet.bytes.subarray(0, packet.end), at);
        return packet.end;
      },
    };
    const chain = new InterceptorChain([spy('a', seen), own], { random });
    chain.addLocalStream(VIDEO, 0);
    seen.length = 0;
    const out = new Uint8Array(1_500);
    assert.equal(chain.transmit(out, 10, out.length, 0), packet.end);
    assert.deepEqual(seen, ['a leaves']);
    assert.equal(chain.transmit(out, 0, out.length, 0), 0);
  });

  test('audio goes before video and is not paced', () => {
    let open = false;
    const pacer: Pacer = { maySend: () => open, onSent: () => {}, deadline: () => 5 };
    const chain = new InterceptorChain([], { random, pacer });
    chain.addLocalStream(VIDEO, 0);
    chain.addLocalStream(AUDIO, 0);
    chain.sendRtp(rtp(VIDEO, 1, 0, 200), 0);
    chain.sendRtp(rtp(AUDIO, 1, 0), 0);
    assert.equal(chain.deadline(), 5);
    const out = new Uint8Array(1_500);
    assert.equal(chain.transmit(out, 0, out.length, 0), 120);
    assert.equal(chain.transmit(out, 0, out.length, 0), 0);
    open = true;
    assert.equal(chain.transmit(out, 0, out.length, 5), 220);
    assert.equal(chain.deadline(), Number.POSITIVE_INFINITY);
  });

  test('packets of no stream are dropped and counted, however many SSRCs come', () => {
    const end = new ChainEnd();
    end.chain.addRemoteStream(VIDEO, 0);
    const packet = rtp(VIDEO, 1, 0);
    for (let i = 0; i < 10_000; i++) {
      packet.ssrc = i;
      assert.equal(end.chain.receiveRtp(packet, i), undefined);
    }
    assert.equal(end.chain.drops.counts['unknown-stream'], 10_000);
    assert.equal(end.chain.sendRtp(packet, 0), false);
    assert.equal(end.chain.drops.counts['unknown-local-stream'], 1);
  });

  test('there are as many streams as the options allow, and slots are used again', () => {
    const chain = new InterceptorChain([], { random, maxStreams: 3 });
    const streams: RtpStream[] = [];
    const info = (ssrc: number) => ({ ...VIDEO, ssrc, rtxSsrc: undefined });
    for (let ssrc = 1; ssrc <= 3; ssrc++) streams.push(chain.addRemoteStream(info(ssrc), 0));
    assert.throws(() => chain.addRemoteStream(info(4), 0), { code: 'TOO_MANY_STREAMS' });
    chain.removeStream(streams[1]!);
    assert.equal(chain.remoteStream(2), undefined);
    assert.throws(() => chain.addRemoteStream(info(3), 0), { code: 'DUPLICATE_SSRC' });
    assert.equal(chain.addRemoteStream(info(4), 0).slot, 1);
    chain.removeStream(streams[1]!); // again: it is not in the table any more
    assert.equal(chain.remoteStream(4)?.slot, 1);
  });

  test('the queue is bounded in packets and bytes, and forgets a stream that is removed', () => {
    const chain = new InterceptorChain([], { random, queuePackets: 4, queueBytes: 4_096 });
    const stream = chain.addLocalStream(VIDEO, 0);
    for (let i = 0; i < 4; i++) assert.ok(chain.sendRtp(rtp(VIDEO, i, 0, 500), 0));
    assert.equal(chain.sendRtp(rtp(VIDEO, 5, 0, 500), 0), false);
    assert.equal(chain.sendRtp(rtp(VIDEO, 6, 0, 1_490), 0), false);
    assert.deepEqual({ ...chain.drops.counts }['queue-full'], 1);
    assert.deepEqual({ ...chain.drops.counts }['too-long'], 1);
    assert.equal(chain.queuedPackets, 4);
    chain.removeStream(stream);
    assert.equal(chain.transmit(new Uint8Array(1_500), 0, 1_500, 0), 0);
    assert.equal(chain.queuedPackets, 0);
  });

  test(`the ring of the queue keeps every byte over many rounds of different lengths (SEED=${seed})`, () => {
    const dice = new SeededRandom(seed);
    const chain = new InterceptorChain([], { random, queueBytes: 5_000, queuePackets: 64 });
    chain.addLocalStream({ ...VIDEO, transportSequenceId: 0 }, 0);
    const expected: Uint8Array[] = [];
    const out = new Uint8Array(1_500);
    for (let i = 0; i < 20_000; i++) {
      if (dice.chance(0.55)) {
        const packet = rtp({ ...VIDEO, transportSequenceId: 0 }, i & 0xffff, i, dice.below(1_000));
        if (chain.sendRtp(packet, 0)) expected.push(packet.bytes.slice(0, packet.end));
      } else {
        const length = chain.transmit(out, 3, out.length, 0);
        assert.deepEqual(out.slice(3, 3 + length), expected.shift() ?? new Uint8Array(0));
      }
    }
    assert.equal(chain.queuedPackets, expected.length);
  });

  test('what a stream is said to be is checked before anything changes', () => {
    const chain = new InterceptorChain([], { random });
    for (const wrong of [
      { ...VIDEO, ssrc: -1 },
      { ...VIDEO, ssrc: 2 ** 32 },
      { ...VIDEO, payloads: [] },
      { ...VIDEO, payloads: [{ payloadType: 128, clockRate: 1 }] },
      { ...VIDEO, payloads: [{ payloadType: 96, clockRate: 0 }] },
      { ...VIDEO, absSendTimeId: 256 },
    ])
      assert.throws(() => chain.addLocalStream(wrong, 0), { code: 'BAD_STREAM' });
    assert.throws(() => new InterceptorChain([], { random, maxStreams: 0 }), { code: 'BAD_OPTION' });
  });
});

describe('RFC 3550 §6.1 RTCP packet format', () => {
  test('a compound with a malformed packet in it is dropped and counted', () => {
    const seen: number[] = [];
    const spying: Interceptor = { name: 'spy', receiveRtcp: (rtcp) => void seen.push(rtcp.type) };
    const chain = new InterceptorChain([spying], { random });
    const rr = [0x80, 201, 0, 1, 0, 0, 0, 1];
    for (const [bytes, expected, drops] of [
      [rr, [201], 0],
      [[...rr, ...rr], [201, 201], 0],
      [[...rr, 0x80, 202, 0, 2, 0, 0, 0, 0], [], 1],
      [[...rr, 0x40, 202, 0, 0], [], 1],
      [[...rr, 0x80], [], 1],
      [[0xa0, 201, 0, 1, 0, 0, 0, 4], [201], 0],
      [[0xa0, 201, 0, 1, 0, 0, 0, 5], [], 1],
      [[], [], 1],
    ] as const) {
      seen.length = 0;
      const before = chain.drops.total;
      chain.receiveRtcp(Uint8Array.from(bytes), 0, bytes.length, 0);
      assert.deepEqual(seen, expected);
      assert.equal(chain.drops.total - before, drops, String(bytes));
    }
  });

  test('feedback follows a report and a CNAME unless reduced size was agreed on', () => {
    for (const reducedSize of [false, true]) {
      const end = new ChainEnd({ reports: { reducedSize, cname: 'abc' } });
      end.chain.addRemoteStream(VIDEO, 0);
      end.chain.receiveRtp(rtp(VIDEO, 1, 0), 10);
      end.chain.receiveRtp(rtp(VIDEO, 3, 0), 10);
      const sent = end.flush(10);
      assert.equal(sent.length, 1);
      const types: number[] = [];
      for (let at = 0; at < sent[0]!.length; at += 4 * (1 + sent[0]![at + 3]!)) types.push(sent[0]![at + 1]!);
      assert.deepEqual(types, reducedSize ? [205] : [201, 202, 205]);
    }
  });
});
