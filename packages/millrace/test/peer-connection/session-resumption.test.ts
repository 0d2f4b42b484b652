// Sessions of DTLS that later connections resume: only between the peers of the first one, each time verified anew.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, describe, test } from 'node:test';
import {
  DtlsSessionCache,
  generateCertificate,
  type RTCCertificate,
  type RTCConfiguration,
  RTCPeerConnection,
} from 'millrace';
import { connectedPair, LOOPBACK, makePair, type PeerPair } from './pair.ts';

type Dtls = NonNullable<NonNullable<RTCConfiguration['millrace']>['dtls']>;

let alice: RTCCertificate;
let bob: RTCCertificate;
let carol: RTCCertificate;

before(async () => {
  [alice, bob, carol] = [
    await generateCertificate('ECDSA'),
    await generateCertificate('ECDSA'),
    await generateCertificate('ECDSA'),
  ];
});

const caches = () => [new DtlsSessionCache(), new DtlsSessionCache()] as const;

const as = (certificate: RTCCertificate, sessions?: DtlsSessionCache, dtls: Dtls = {}): RTCConfiguration => ({
  certificates: [certificate],
  millrace: { ...LOOPBACK.millrace, dtls: { ...dtls, ...(sessions && { sessions }) } },
});

const remoteCertificate = (pc: RTCPeerConnection): string =>
  Buffer.from(pc.sctp!.transport.getRemoteCertificates()[0]!).toString('hex');

async function isResumed(pc: RTCPeerConnection): Promise<unknown> {
  const transport = (await pc.getStats()).get('T') as unknown as { millraceDtls: { isResumed: boolean } };
  return transport.millraceDtls.isResumed;
}

/** Connects, has a message go each way, and tells what each side says of the session and of the other. */
async function meet(a: RTCConfiguration, b: RTCConfiguration) {
  const pair = await connectedPair(a, b);
  pair.channelA.send('there');
  assert.equal((await once(pair.channelB, 'message'))[0].data, 'there');
  pair.channelB.send('back');
  assert.equal((await once(pair.channelA, 'message'))[0].data, 'back');
  const told = {
    resumed: await Promise.all([pair.a, pair.b].map(isResumed)),
    remotes: [pair.a, pair.b].map(remoteCertificate),
  };
  pair.close();
  return told;
}

describe('RFC 8446 §2.2 sessions of connections', () => {
  test('are resumed by the same two, in whichever role, and both know who the other is', async () => {
    const [ofAlice, ofBob] = caches();
    const first = await meet(as(alice, ofAlice), as(bob, ofBob));
    assert.deepEqual(first.resumed, [false, false]);
    const second = await meet(as(alice, ofAlice), as(bob, ofBob));
    assert.deepEqual(second.resumed, [true, true]);
    assert.deepEqual(second.remotes, first.remotes);
    assert.equal(new Set(second.remotes).size, 2);
    assert.deepEqual((await meet(as(bob, ofBob), as(alice, ofAlice))).resumed, [true, true]);
  });

  test('nothing is resumed by those who have not asked for it, or whose certificate is made for each connection', async () => {
    const [ofAlice, ofBob] = caches();
    for (const [a, b] of [
      [as(alice), as(bob, ofBob)],
      [as(alice, ofAlice), as(bob)],
    ] as const)
      for (let i = 0; i < 2; i++) assert.deepEqual((await meet(a, b)).resumed, [false, false]);
    const { millrace } = as(alice, ofAlice);
    for (let i = 0; i < 2; i++)
      assert.deepEqual((await meet({ millrace: millrace! }, as(bob, ofBob))).resumed, [false, false]);
  });

  test('each peer has its own: a server resumes with both of two clients, each by its certificate', async () => {
    const [ofAlice, others] = caches();
    for (const isLater of [false, true])
      for (const other of [bob, carol])
        assert.deepEqual((await meet(as(alice, ofAlice), as(other, others))).resumed, [isLater, isLater]);
  });

  test('RFC 8827 §6.5 a description that names another certificate than that of the session: nothing is resumed, and all is verified', async () => {
    const [ofAlice, ofOther] = caches();
    await meet(as(alice, ofAlice), as(bob, ofOther));
    // Carol holds what Bob held of the session, key and ticket, and shows a certificate of her own, that signaling names.
    const met = await meet(as(alice, ofAlice), as(carol, ofOther));
    assert.deepEqual(met.resumed, [false, false]);
    assert.equal(met.remotes[0], (await meet(as(alice), as(carol))).remotes[0]);
  });

  test('who has the ticket and its key, but not the fingerprint that signaling names, gets no connection', async () => {
    const [ofAlice, ofBob] = caches();
    await meet(as(alice, ofAlice), as(bob, ofBob));
    // Alice is told of Carol, and meets somebody who holds the session of Bob.
    const pair = makePair(as(alice, ofAlice), as(bob, ofBob));
    const channel = pair.a.createDataChannel('c');
    channel.onopen = () => assert.fail('the channel must not open');
    pair.b.ondatachannel = () => assert.fail('no channel may be announced');
    await negotiateAs(pair, carol);
    assert.equal((await pair.a.closed).code, 'DTLS_FINGERPRINT_MISMATCH');
    assert.equal((await pair.b.closed).code, 'DTLS_ALERT');
    pair.close();
  });

  test('who verifies no fingerprint resumes nothing', async () => {
    const [ofAlice, ofBob] = caches();
    const a = as(alice, ofAlice);
    const careless = { ...a, millrace: { ...a.millrace, disableFingerprintVerification: true } };
    for (let i = 0; i < 2; i++)
      assert.deepEqual((await meet(careless, as(bob, ofBob))).resumed, [false, false]);
  });

  test('1.2 resumes nothing, and with a cache in the place of the other nothing is lost', async () => {
    const [ofAlice, ofBob] = caches();
    await meet(as(alice, ofAlice), as(bob, ofBob));
    const old = as(alice, ofAlice, { maxVersion: '1.2' });
    assert.deepEqual((await meet(old, as(bob, ofBob))).resumed, [false, false]);
  });

  test('what is no cache is refused', () => {
    const sessions = new Map() as unknown as DtlsSessionCache;
    assert.throws(
      () => new RTCPeerConnection({ millrace: { dtls: { sessions } } }),
      /millrace\.dtls\.sessions/,
    );
  });
});

/** The answer tells `a` the fingerprint of another certificate than `b` has. */
async function negotiateAs({ a, b }: PeerPair, told: RTCCertificate): Promise<void> {
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription!);
  await b.setLocalDescription();
  const { type, sdp } = b.localDescription!;
  const { value = '' } = told.getFingerprints()[0]!;
  const changed = sdp.replace(/(a=fingerprint:sha-256 ).{95}/, `$1${value.toUpperCase()}`);
  assert.notEqual(changed, sdp);
  await a.setRemoteDescription({ type, sdp: changed });
}
