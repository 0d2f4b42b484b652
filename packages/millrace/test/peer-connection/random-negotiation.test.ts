// Two connections that are told to do anything at any time, in any order. Whatever comes of it, only documented
// errors are seen, the states fit together, and two sides that have agreed have agreed on the same.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import {
  generateCertificate,
  MediaStream,
  MediaStreamTrack,
  type RTCConfiguration,
  RTCPeerConnection,
  type RTCSdpType,
} from 'millrace';

/** SEQUENCES=100000 for a long run, SEED for the first of them. */
const SEQUENCES = Number(process.env.SEQUENCES ?? 1_000);
const FIRST_SEED = Number(process.env.SEED ?? 1);
const LENGTH = 16;
/** Of a test: there is a time limit for each, and a slow machine takes a while for all. */
const PART = Math.ceil(SEQUENCES / 10);

/** What W3C webrtc-pc lets these methods reject with. */
const DOCUMENTED = new Set([
  'InvalidStateError',
  'InvalidAccessError',
  'InvalidModificationError',
  'OperationError',
  'NotSupportedError',
  'TypeError',
]);
const STATES = [
  'stable',
  'have-local-offer',
  'have-remote-offer',
  'have-local-pranswer',
  'have-remote-pranswer',
  'closed',
];
const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
const REVERSED: Readonly<Record<string, string>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
  stopped: 'stopped',
};
const TYPES: readonly RTCSdpType[] = ['offer', 'pranswer', 'answer', 'rollback'];

// No address at all: nothing here may depend on a network, or on time.
const configuration: RTCConfiguration = {
  certificates: [await generateCertificate('ECDSA')],
  millrace: { addressFilter: () => false },
};

describe('W3C webrtc-pc §4.3 negotiation', () => {
  for (let first = 0; first < SEQUENCES; first += PART)
    test(`survives random sequences of ${LENGTH} steps: ${first + 1} to ${Math.min(first + PART, SEQUENCES)}`, async () => {
      for (let i = first; i < Math.min(first + PART, SEQUENCES); i++) {
        const seed = FIRST_SEED + i;
        const peers = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)] as const;
        try {
          await runSequence(new SeededRandom(seed), peers);
        } catch (error) {
          throw new Error(`with SEED=${seed}`, { cause: error });
        } finally {
          for (const pc of peers) pc.close();
        }
      }
    });
});

type Peers = readonly [RTCPeerConnection, RTCPeerConnection];

async function runSequence(random: SeededRandom, peers: Peers): Promise<void> {
  if (random.chance(0.9)) peers[0].createDataChannel('c');
  const pending: Array<Promise<unknown>> = [];
  for (let i = 0; i < LENGTH; i++) {
    const side = random.below(2);
    const [pc, other] = side === 0 ? peers : [peers[1], peers[0]];
    const step = randomStep(random, pc, other).catch(onlyDocumented);
    // Sometimes the next step does not wait for this one: then the operations chain has to keep them apart.
    if (random.chance(0.3)) pending.push(step);
    else await step;
    for (const peer of peers) checkInvariants(peer);
  }
  // A promise of a closed connection never settles, as the standard has it; it must not be waited for.
  if (peers.every((pc) => pc.signalingState !== 'closed')) await Promise.all(pending);
  await checkAgreement(...peers);
  for (const pc of peers) {
    pc.close();
    assert.equal(pc.signalingState, 'closed');
    await pc.closed;
  }
}

async function randomStep(
  random: SeededRandom,
  pc: RTCPeerConnection,
  other: RTCPeerConnection,
): Promise<void> {
  const isClosed = pc.signalingState === 'closed' || other.signalingState === 'closed';
  switch (random.below(17)) {
    case 0:
      return void pc.createDataChannel(
        'another',
        random.chance(0.3) ? { negotiated: true, id: random.below(4) } : {},
      );
    case 1:
      if (random.chance(0.3)) pc.restartIce();
      return void (await settled(pc, pc.createOffer({ iceRestart: random.chance(0.3) })));
    case 2:
      return void (await settled(pc, pc.createAnswer()));
    case 3:
      return settled(pc, pc.setLocalDescription({ type: TYPES[random.below(4)]! }));
    case 4:
      return settled(
        pc,
        pc.addIceCandidate(
          random.chance(0.5) ? null : { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0' },
        ),
      );
    case 5:
      return settled(pc, pc.setRemoteDescription({ type: TYPES[random.below(4)]!, sdp: 'v=0\r\n' }));
    case 6:
      if (random.chance(0.1)) pc.close();
      return;
    case 7:
    case 8:
      if (!isClosed) await settled(pc, pc.setLocalDescription());
      return;
    case 9:
      return void pc.addTransceiver(kind(random), { direction: DIRECTIONS[random.below(4)]! });
    case 10:
      return void pc.addTrack(new MediaStreamTrack({ kind: kind(random) }), new MediaStream());
    case 11: {
      const sender = oneOf(random, pc.getSenders());
      if (sender) pc.removeTrack(sender);
      return;
    }
    case 12: {
      const transceiver = oneOf(random, pc.getTransceivers());
      if (!transceiver || pc.signalingState === 'closed') return;
      if (random.chance(0.3)) transceiver.stop();
      else transceiver.direction = DIRECTIONS[random.below(4)]!;
      return;
    }
    default: {
      // What the other side has said last, as it is.
      const description = other.localDescription;
      if (description) await settled(pc, pc.setRemoteDescription(description));
    }
  }
}

function kind(random: SeededRandom): 'audio' | 'video' {
  return random.chance(0.5) ? 'audio' : 'video';
}

function oneOf<T>(random: SeededRandom, all: readonly T[]): T | undefined {
  return all.length > 0 ? all[random.below(all.length)] : undefined;
}

/** Of a closed connection some promises never settle: whoever waits for one would wait for ever. */
async function settled<T>(pc: RTCPeerConnection, promise: Promise<T>): Promise<void> {
  promise.catch(() => {});
  await Promise.race([promise, pc.closed.then(() => new Promise(setImmediate))]);
}

function onlyDocumented(error: unknown): void {
  const { name } = error as Error;
  if (!DOCUMENTED.has(name)) throw error;
}

function checkInvariants(pc: RTCPeerConnection): void {
  const { signalingState, pendingLocalDescription, pendingRemoteDescription } = pc;
  assert.ok(STATES.includes(signalingState));
  const isPending = pendingLocalDescription !== null || pendingRemoteDescription !== null;
  if (signalingState === 'stable') assert.ok(!isPending, 'nothing is pending in the stable state');
  if (signalingState === 'have-local-offer') assert.equal(pendingLocalDescription?.type, 'offer');
  if (signalingState === 'have-remote-offer') assert.equal(pendingRemoteDescription?.type, 'offer');
  if (signalingState === 'have-local-pranswer') assert.equal(pendingLocalDescription?.type, 'pranswer');
  if (signalingState === 'have-remote-pranswer') assert.equal(pendingRemoteDescription?.type, 'pranswer');
  assert.equal(pc.currentLocalDescription === null, pc.currentRemoteDescription === null);
  const mids = pc.getTransceivers().flatMap(({ mid }) => mid ?? []);
  assert.equal(new Set(mids).size, mids.length, 'a section has one transceiver');
}

/**
 * Two sides that hold each other's last words have opposite DTLS roles. Their ICE roles may be the same, if one of
 * them never heard an earlier answer: RFC 8445 §7.3.1.1 sees to that.
 */
async function checkAgreement(a: RTCPeerConnection, b: RTCPeerConnection): Promise<void> {
  const agrees =
    a.signalingState === 'stable' &&
    b.signalingState === 'stable' &&
    a.currentLocalDescription?.sdp === b.currentRemoteDescription?.sdp &&
    b.currentLocalDescription?.sdp === a.currentRemoteDescription?.sdp;
  if (!agrees) return;
  for (const { mid, currentDirection } of a.getTransceivers()) {
    const other = b.getTransceivers().find((each) => each.mid === mid && mid !== null);
    if (!other || !currentDirection || !other.currentDirection) continue;
    assert.equal(REVERSED[currentDirection], other.currentDirection, `directions of ${mid}`);
  }
  if (!a.sctp || !b.sctp) return;
  const roles = await Promise.all([a, b].map(async (pc) => (await pc.getStats()).get('T')?.dtlsRole));
  assert.deepEqual(roles.toSorted(), ['client', 'server']);
}
