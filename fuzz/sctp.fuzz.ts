// SCTP packets (RFC 9260, with messages interleaved as in RFC 8260 or not) for one of two associations that are busy with each other. With the right tag and checksum
// a packet may do what a peer may, so only the association's own bookkeeping must hold; with a wrong tag it must do
// nothing: everything that was sent still arrives, once and whole.
import { createHmac } from 'node:crypto';
import { putU32, u32 } from '@millrace/sans-io';
import { Pair, SeededRandom } from '@millrace/sans-io/testing';
import { SctpAssociation, SctpError, type SctpSink } from '@millrace/sctp';
import { connectedPair, Recorder } from '@millrace/sctp/testing';
import { type FuzzTarget, invariant } from './target.ts';

const TAG_A = 0x0a0a_0a0a;
const TAG_B = 0x0b0b_0b0b;
const PPID = 53;
const HEADER_BYTES = 12;
/** The real checksum has its own tests; a constant one lets changed packets through. */
const options = { checksum: () => 0, initialTsn: 100 };

export const target: FuzzTarget = {
  name: 'sctp',
  seeds: [...recordPackets(false), ...recordPackets(true)],
  run(input, random) {
    const interleaving = random.chance(0.6);
    const a = associationOf(TAG_A, interleaving);
    const b = associationOf(TAG_B, interleaving);
    const [atA, atB] = [new Recorder(), new Recorder()];
    const pair = new Pair<SctpSink>({ a, b, sinkA: atA, sinkB: atB, wire: { delay: 5 } });
    const isForged = random.chance(0.3);
    const when = random.below(6);
    a.connect(0);
    if (random.chance(0.8)) b.connect(0);
    for (let step = 0; step < 6; step++) {
      if (step === when) {
        const [victim, tag] = random.chance(0.5) ? ([a, TAG_A] as const) : ([b, TAG_B] as const);
        give(victim, input, isForged ? forgedTag(random) : tag, pair.now, random);
        // A second one, so that what the first has left behind is met.
        if (random.chance(0.5)) give(victim, input, isForged ? forgedTag(random) : tag, pair.now, random);
      }
      operate(a, step, random, pair.now);
      operate(b, step, random, pair.now);
      pair.run(step < 2 ? 12 : 40);
      check(a);
      check(b);
    }
    if (!isForged) return;
    invariant(a.state === 'connected' && b.state === 'connected', `forged: ${a.state} and ${b.state}`);
    pair.run(60_000, () => a.totalBuffered + b.totalBuffered === 0);
    pair.run(2_000);
    checkMessages(atA);
    checkMessages(atB);
  },
};

function associationOf(initiateTag: number, interleaving: boolean): SctpAssociation {
  return new SctpAssociation({
    ...options,
    interleaving,
    initiateTag,
    random: new SeededRandom(initiateTag),
    cookieMac: (bytes) => new Uint8Array(createHmac('sha256', 'a key').update(bytes).digest()),
  });
}

/** Wrong, and not 0: INIT has that. */
function forgedTag(random: SeededRandom): number {
  const tag = random.u32() | 1;
  return tag === TAG_A || tag === TAG_B ? 1 : tag;
}

function give(to: SctpAssociation, input: Uint8Array, tag: number, now: number, random: SeededRandom): void {
  const packet = input.slice();
  if (packet.length >= HEADER_BYTES) {
    putU32(packet, 0, (5000 << 16) | 5000);
    // Most chunks want our tag; INIT wants 0, and some may have the peer's own.
    if (tag !== TAG_A && tag !== TAG_B) putU32(packet, 4, tag);
    else if (random.chance(0.9)) putU32(packet, 4, random.chance(0.9) ? tag : 0);
    putU32(packet, 8, 0);
  }
  to.receive(packet, 0, packet.length, now);
}

/** What an application does: messages that tell who they are, now and then a reset. */
function operate(each: SctpAssociation, step: number, random: SeededRandom, now: number): void {
  if (each.state === 'closed') return;
  try {
    for (let i = random.below(4); i > 0; i--) {
      const message = new Uint8Array(4 + random.below(random.chance(0.1) ? 9_000 : 300)).fill(step);
      putU32(message, 0, message.length);
      const ordered = random.chance(0.7);
      each.send(random.below(4), PPID, message, 0, message.length, { ordered }, now);
    }
    if (step > 2 && random.chance(0.1)) each.resetStreams([random.below(4)], now);
  } catch (error) {
    if (!(error instanceof SctpError)) throw error;
  }
}

function check(each: SctpAssociation): void {
  let buffered = 0;
  for (let stream = 0; stream < 4; stream++) {
    const amount = each.bufferedAmount(stream);
    invariant(amount >= 0, `${amount} bytes buffered on stream ${stream}`);
    buffered += amount;
  }
  invariant(
    buffered === each.totalBuffered,
    `${each.totalBuffered} bytes buffered, ${buffered} over the streams`,
  );
  const { bytesInFlight, receiveWindow } = each.stats;
  invariant(bytesInFlight >= 0, `${bytesInFlight} bytes in flight`);
  invariant(receiveWindow >= 0, `a window of ${receiveWindow}`);
  invariant(!Number.isNaN(each.deadline()), 'the deadline is a number');
}

function checkMessages({ messages }: Recorder): void {
  for (const { ppid, bytes } of messages)
    invariant(
      ppid === PPID && u32(bytes, 0) === bytes.length,
      `a message of ${bytes.length} bytes nobody sent`,
    );
}

/** Every packet of a session that has all a session can have: setup, data, gaps, resets, abandoning, shutdown. */
function recordPackets(interleaving: boolean): Uint8Array[] {
  const packets: Uint8Array[] = [];
  const a = associationOf(TAG_A, interleaving);
  const b = associationOf(TAG_B, interleaving);
  const pair = new Pair<SctpSink>({
    a,
    b,
    sinkA: new Recorder(),
    sinkB: new Recorder(),
    wire: { delay: 5 },
    onDatagram: (_from, bytes) => {
      if (packets.length < 200) packets.push(bytes.slice());
    },
  });
  a.connect(0);
  pair.run(200);
  let lost = 0;
  pair.ab.lose = () => lost++ % 4 === 1;
  const message = new Uint8Array(3_000).fill(1);
  for (const limits of [{}, { maxRetransmits: 0 }, { maxPacketLifeTime: 20 }])
    for (const ordered of [true, false]) {
      a.send(1, PPID, message, 0, message.length, { ordered, ...limits }, pair.now);
      a.send(2, PPID, message, 0, 10, { ordered, ...limits }, pair.now);
      b.send(1, PPID, message, 0, 200, { ordered, ...limits }, pair.now);
    }
  pair.run(5_000);
  a.resetStreams([1], pair.now);
  b.resetStreams([2], pair.now);
  pair.run(40_000); // long enough for heartbeats
  a.shutdown(pair.now);
  pair.run(5_000);
  const aborted = connectedPair({ both: options });
  aborted.a.abort('done', aborted.now);
  const slot = new Uint8Array(2048);
  packets.push(slot.slice(0, aborted.a.transmit(slot, 0, slot.length, aborted.now)));
  return packets;
}
