// Negotiations that do not go the straight way: offers that cross after checks have begun, answers that refuse,
// provisional answers, transports that a description would replace.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { RTCPeerConnection, type RTCSessionDescriptionInit } from 'millrace';
import { connectedPair, LOOPBACK, makePair, negotiate } from './pair.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What `pc` says of itself, with its text changed. */
function changed(pc: RTCPeerConnection, change: (sdp: string) => string): RTCSessionDescriptionInit {
  const { type, sdp = '' } = pc.localDescription ?? { type: 'offer' };
  return { type, sdp: change(sdp) };
}

async function checksReceived(pc: RTCPeerConnection): Promise<number> {
  const { millraceIceChecks } = (await pc.getStats()).get('T') as unknown as {
    millraceIceChecks: { requestsReceived: number };
  };
  return millraceIceChecks.requestsReceived;
}

describe('RFC 8829 §4.1.10.2 rollback', () => {
  test('after the peer has begun to check: its own offer is taken all the same, and both connect', async () => {
    const { a, b, close } = makePair();
    const channel = a.createDataChannel('c');
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription(); // the answer is lost; b checks nevertheless
    while ((await checksReceived(a)) === 0) await turn();
    await b.setLocalDescription(await b.createOffer());
    await a.setRemoteDescription(b.localDescription as never);
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription as never);
    await once(channel, 'open');
    close();
  });

  test('of a provisional answer is refused: it has been acted upon', async () => {
    const { a, b, close } = makePair();
    const channel = a.createDataChannel('c');
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription({ type: 'pranswer' });
    await a.setRemoteDescription(b.localDescription as never);
    assert.deepEqual([a.signalingState, b.signalingState], ['have-remote-pranswer', 'have-local-pranswer']);
    const rollback = { type: 'rollback' } as const;
    await assert.rejects(b.setLocalDescription(rollback), { name: 'InvalidStateError' });
    await assert.rejects(a.setRemoteDescription(rollback), { name: 'InvalidStateError' });
    await b.setLocalDescription({ type: 'answer' });
    await a.setRemoteDescription(b.localDescription as never);
    await once(channel, 'open');
    close();
  });

  test('an answer that was made before the last candidate came still tells of it', async () => {
    const { a, b } = makePair();
    for (const pc of [a, b]) pc.createDataChannel('c');
    await b.setLocalDescription(); // begins to gather, in vain so far
    await a.setLocalDescription();
    b.onicecandidate = null;
    await b.setRemoteDescription(a.localDescription as never);
    const answer = await b.createAnswer();
    assert.doesNotMatch(answer.sdp ?? '', /a=candidate/);
    while (b.iceGatheringState !== 'complete') await turn();
    const told: string[] = [];
    b.onicecandidate = ({ candidate }) => told.push(candidate?.candidate ?? 'null');
    await b.setLocalDescription(answer);
    await turn();
    assert.match(told[0] ?? '', /^candidate:.* typ host/);
    assert.equal(told[1], '');
    assert.match(b.localDescription?.sdp ?? '', /a=candidate:.*[\s\S]*a=end-of-candidates/);
    a.close();
    b.close();
  });
});

describe('RFC 8829 §5.3.1 an answer that refuses the data section', () => {
  test('closes the channels, and a later one asks for negotiation and opens', async () => {
    const { a, b, close } = makePair();
    const refused = a.createDataChannel('refused');
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription as never);
    const ended = once(refused, 'close');
    await a.setRemoteDescription({
      type: 'answer',
      sdp: (a.localDescription?.sdp ?? '')
        .replace('m=application 9', 'm=application 0')
        .replace(/a=group.*\r\n/, ''),
    });
    await ended;
    assert.equal(a.sctp, null);
    const needed = once(a, 'negotiationneeded');
    const channel = a.createDataChannel('second attempt');
    await needed;
    await b.setRemoteDescription({ type: 'rollback' });
    await negotiate(a, b);
    await once(channel, 'open');
    close();
  });
});

describe('RFC 8843 §7 one transport for several sections', () => {
  const media = (ice: string): string =>
    `m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\n${ice}a=rtpmap:111 opus/48000/2\r\n`;

  test('candidates named after a bundled section are of use', async () => {
    const [a, b] = [new RTCPeerConnection(LOOPBACK), new RTCPeerConnection(LOOPBACK)];
    a.createDataChannel('c');
    await a.setLocalDescription();
    await b.setRemoteDescription(
      changed(a, (sdp) => {
        const ice = /a=ice-ufrag.*\r\na=ice-pwd.*\r\n/.exec(sdp)?.[0] ?? '';
        return sdp.replace('m=application', `${media(ice)}m=application`).replace('BUNDLE 0', 'BUNDLE a 0');
      }),
    );
    const candidate = 'candidate:1 1 udp 2113937151 127.0.0.1 9 typ host';
    await b.addIceCandidate({ candidate, sdpMid: 'a' });
    await b.setLocalDescription();
    const remotes = b.sctp?.transport.iceTransport.getRemoteCandidates() ?? [];
    assert.deepEqual(
      remotes.map(({ port }) => port),
      [9],
    );
    a.close();
    b.close();
  });

  test('a second m=application is answered with port 0', async () => {
    const { a, b, close } = makePair();
    const channel = a.createDataChannel('c');
    await a.setLocalDescription();
    const offer = changed(a, (sdp) => `${sdp}${sdp.slice(sdp.indexOf('m=')).replace('a=mid:0', 'a=mid:1')}`);
    await b.setRemoteDescription(offer);
    await b.setLocalDescription();
    const sections = b.localDescription?.sdp.match(/m=application \d+/g);
    assert.deepEqual(sections, ['m=application 9', 'm=application 0']);
    await a.setRemoteDescription(changed(b, (sdp) => sdp.slice(0, sdp.lastIndexOf('m='))));
    await once(channel, 'open');
    close();
  });
});

describe('RFC 8842 §5, RFC 8839 §4.4 a description that would replace the transport', () => {
  const restart = (sdp: string): string => sdp.replace(/a=ice-pwd:..../, 'a=ice-pwd:AAAA');
  const another = (sdp: string): string =>
    sdp.replace(/(a=fingerprint:sha-256 ).{95}/, `$1${'AA:'.repeat(31)}AA`);

  for (const [what, change] of [['another certificate', another]] as const) {
    test(`${what} offered by the peer is NotSupported, and the connection works on`, async () => {
      const { a, b, channelA, channelB, close } = await connectedPair();
      await b.setLocalDescription();
      await assert.rejects(a.setRemoteDescription(changed(b, change)), { name: 'NotSupportedError' });
      assert.equal(a.signalingState, 'stable');
      channelA.send('still here');
      assert.equal((await once(channelB, 'message'))[0].data, 'still here');
      await a.setRemoteDescription(b.localDescription as never); // and the right one is welcome
      close();
    });
  }

  for (const [what, change, name] of [
    ['an ICE restart', restart, 'InvalidAccessError'],
    ['another certificate', another, 'NotSupportedError'],
  ] as const) {
    test(`${what} in the final answer, after a provisional one, is ${name}`, async () => {
      const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
      a.createDataChannel('c');
      await a.setLocalDescription();
      await b.setRemoteDescription(a.localDescription as never);
      await b.setLocalDescription({ type: 'pranswer' });
      await a.setRemoteDescription(b.localDescription as never);
      await b.setLocalDescription({ type: 'answer' });
      await assert.rejects(a.setRemoteDescription(changed(b, change)), { name });
      assert.equal(a.signalingState, 'have-remote-pranswer');
      a.close();
      b.close();
    });
  }
});

describe('RFC 8841 §6.1 a=max-message-size', () => {
  test('of a later description holds from then on', async () => {
    const { a, b, channelA, close } = await connectedPair();
    await b.setLocalDescription();
    await a.setRemoteDescription(
      changed(b, (sdp) => sdp.replace(/max-message-size:\d+/, 'max-message-size:1000')),
    );
    await a.setLocalDescription();
    assert.equal(a.sctp?.maxMessageSize, 1000);
    channelA.send(new Uint8Array(1000));
    assert.throws(() => channelA.send(new Uint8Array(1001)), TypeError);
    close();
  });

  test('is that of the constructor, whatever setConfiguration is given', async () => {
    const millrace = { maxMessageSize: 1_000_000 };
    const pc = new RTCPeerConnection({ millrace });
    pc.setConfiguration({});
    assert.deepEqual(pc.getConfiguration().millrace, millrace);
    pc.setConfiguration(pc.getConfiguration());
    assert.throws(() => pc.setConfiguration({ millrace: { maxMessageSize: 1 } }), {
      name: 'InvalidModificationError',
    });
    pc.createDataChannel('c');
    assert.match((await pc.createOffer()).sdp ?? '', /max-message-size:1000000/);
    pc.close();
  });
});
