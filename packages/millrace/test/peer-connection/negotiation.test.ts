// What may be set when, and what is refused. Nothing here sends a datagram.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  generateCertificate,
  RTCPeerConnection,
  RTCSessionDescription,
  type RTCSessionDescriptionInit,
} from 'millrace';

async function offerOf(
  pc: RTCPeerConnection = new RTCPeerConnection(),
): Promise<RTCSessionDescriptionInit & { sdp: string }> {
  pc.createDataChannel('c');
  const { type, sdp = '' } = await pc.createOffer();
  return { type, sdp };
}

describe('W3C webrtc-pc §4.3.1 signaling states', () => {
  test('stable, have-local-offer, and back by rollback', async () => {
    const pc = new RTCPeerConnection();
    pc.createDataChannel('c');
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    pc.onsignalingstatechange = () => {
      seen.push(pc.signalingState);
      if (seen.length === 2) resolve();
    };
    await pc.setLocalDescription({ type: 'offer' });
    assert.equal(pc.pendingLocalDescription?.type, 'offer');
    assert.equal(pc.currentLocalDescription, null);
    await new Promise(setImmediate);
    await pc.setLocalDescription({ type: 'rollback' });
    assert.equal(pc.localDescription, null);
    await promise;
    assert.deepEqual(seen, ['have-local-offer', 'stable']);
    pc.close();
  });

  test('an answer without an offer, an offer over an offer and rollback from stable are refused', async () => {
    const pc = new RTCPeerConnection();
    const offer = await offerOf();
    await assert.rejects(pc.setRemoteDescription({ ...offer, type: 'answer' }), {
      name: 'InvalidStateError',
    });
    await assert.rejects(pc.setLocalDescription({ type: 'rollback' }), { name: 'InvalidStateError' });
    await assert.rejects(pc.createAnswer(), { name: 'InvalidStateError' });
    await pc.setRemoteDescription(offer);
    await assert.rejects(pc.createOffer(), { name: 'InvalidStateError' });
    await assert.rejects(pc.setLocalDescription({ type: 'offer' }), { name: 'InvalidStateError' });
    assert.equal(pc.signalingState, 'have-remote-offer');
    await pc.setRemoteDescription({ type: 'rollback' });
    assert.equal(pc.signalingState, 'stable');
    pc.close();
  });

  test('what is not one of the four types is a TypeError', async () => {
    const pc = new RTCPeerConnection();
    await assert.rejects(pc.setRemoteDescription({ type: 'proposal', sdp: '' } as never), TypeError);
    assert.throws(() => new RTCSessionDescription({ type: 'proposal' } as never), TypeError);
    pc.close();
  });

  test('negotiationneeded fires once for any number of channels made in one go', async () => {
    const pc = new RTCPeerConnection();
    let fired = 0;
    pc.onnegotiationneeded = () => void fired++;
    pc.createDataChannel('a');
    pc.createDataChannel('b');
    await new Promise(setImmediate);
    assert.equal(fired, 1);
    pc.close();
  });
});

describe('W3C webrtc-pc §4.4.1.5 descriptions that are refused change nothing', () => {
  const broken: Array<[what: string, change: (sdp: string) => string, name: string]> = [
    ['no fingerprint', (sdp) => sdp.replace(/a=fingerprint.*\r\n/g, ''), 'InvalidAccessError'],
    ['only a weak fingerprint', (sdp) => sdp.replace('sha-256', 'sha-1'), 'InvalidAccessError'],
    ['no ICE credentials', (sdp) => sdp.replace(/a=ice-pwd.*\r\n/g, ''), 'InvalidAccessError'],
    ['no mid', (sdp) => sdp.replace(/a=mid.*\r\n/g, '').replace(/a=group.*\r\n/g, ''), 'InvalidAccessError'],
    ['no version', (sdp) => sdp.replace('v=0\r\n', ''), 'OperationError'],
    ['text that is no SDP', () => 'GET / HTTP/1.1\r\n\r\n', 'OperationError'],
    ['nothing', () => '', 'OperationError'],
  ];
  for (const [what, change, name] of broken) {
    test(`an offer with ${what}`, async () => {
      const { type, sdp } = await offerOf();
      const pc = new RTCPeerConnection();
      await assert.rejects(pc.setRemoteDescription({ type, sdp: change(sdp) }), { name });
      assert.equal(pc.signalingState, 'stable');
      assert.equal(pc.remoteDescription, null);
      await pc.setRemoteDescription({ type, sdp }); // and the right one is still welcome
      pc.close();
    });
  }

  test('an answer that takes the DTLS role of the offerer', async () => {
    const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
    const offer = await offerOf(a);
    const forced = { ...offer, sdp: offer.sdp.replace('a=setup:actpass', 'a=setup:active') };
    await a.setLocalDescription(forced);
    await b.setRemoteDescription(forced);
    const { type, sdp = '' } = await b.createAnswer();
    assert.match(sdp, /a=setup:passive/);
    await assert.rejects(
      a.setRemoteDescription({ type, sdp: sdp.replace('a=setup:passive', 'a=setup:active') }),
      { name: 'InvalidAccessError', message: /same DTLS role/ },
    );
    assert.equal(a.signalingState, 'have-local-offer');
    a.close();
    b.close();
  });

  test('a local description whose fingerprint or credentials were changed', async () => {
    const pc = new RTCPeerConnection();
    const { type, sdp } = await offerOf(pc);
    for (const changed of [
      sdp.replace(/a=ice-pwd:./, 'a=ice-pwd:~').replace('~', 'Q'),
      sdp.replace(/(sha-256 )../, '$100'),
    ]) {
      if (changed === sdp) continue;
      await assert.rejects(pc.setLocalDescription({ type, sdp: changed }), {
        name: 'InvalidModificationError',
      });
    }
    pc.close();
  });

  test('unknown lines are kept and harmless', async () => {
    const { type, sdp } = await offerOf();
    const pc = new RTCPeerConnection();
    await pc.setRemoteDescription({ type, sdp: `${sdp}a=x-unknown:1\r\nz=0 0\r\n`.replace('z=0 0\r\n', '') });
    assert.match(pc.remoteDescription?.sdp ?? '', /a=x-unknown:1/);
    pc.close();
  });

  test('audio and video are answered with port 0, the data section is taken', async () => {
    const { type, sdp } = await offerOf();
    const audio =
      'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\na=rtpmap:111 opus/48000/2\r\n';
    const pc = new RTCPeerConnection();
    await pc.setRemoteDescription({ type, sdp: sdp.replace('m=application', `${audio}m=application`) });
    const answer = await pc.createAnswer();
    assert.match(answer.sdp ?? '', /m=audio 0 /);
    assert.match(answer.sdp ?? '', /m=application 9 /);
    pc.close();
  });
});

describe('W3C webrtc-pc §4.4.1.9 addIceCandidate', () => {
  const candidate = 'candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host';

  test('is refused before there is a remote description', async () => {
    const pc = new RTCPeerConnection();
    await assert.rejects(pc.addIceCandidate({ candidate, sdpMid: '0' }), { name: 'InvalidStateError' });
    pc.close();
  });

  test('needs a section that exists, a candidate that is one, and credentials that fit', async () => {
    const pc = new RTCPeerConnection();
    await pc.setRemoteDescription(await offerOf());
    await assert.rejects(pc.addIceCandidate({ candidate }), TypeError);
    await assert.rejects(pc.addIceCandidate({ candidate, sdpMid: 'nowhere' }), { name: 'OperationError' });
    await assert.rejects(pc.addIceCandidate({ candidate, sdpMLineIndex: 7 }), { name: 'OperationError' });
    await assert.rejects(pc.addIceCandidate({ candidate: 'candidate:x', sdpMid: '0' }), {
      name: 'OperationError',
    });
    await assert.rejects(pc.addIceCandidate({ candidate, sdpMid: '0', usernameFragment: 'gone' }), {
      name: 'OperationError',
    });
    await pc.addIceCandidate({ candidate, sdpMid: '0' });
    assert.match(pc.remoteDescription?.sdp ?? '', /192\.0\.2\.7 50000 typ host/);
    await pc.addIceCandidate(null);
    await pc.addIceCandidate();
    assert.match(pc.remoteDescription?.sdp ?? '', /a=end-of-candidates/);
    pc.close();
  });
});

describe('W3C webrtc-pc §4.4.1.1 configuration', () => {
  const wrong: Array<[what: string, configuration: unknown, name: string]> = [
    ['an unknown policy', { bundlePolicy: 'never' }, 'TypeError'],
    ['a URL that is no STUN or TURN URL', { iceServers: [{ urls: 'http://example.org' }] }, 'SyntaxError'],
    ['TURN without a credential', { iceServers: [{ urls: 'turn:example.org' }] }, 'InvalidAccessError'],
    ['no URL at all', { iceServers: [{ urls: [] }] }, 'SyntaxError'],
    [
      'a STUN URL with a transport',
      { iceServers: [{ urls: 'stun:example.org?transport=udp' }] },
      'SyntaxError',
    ],
    ['a port above 65535', { iceServers: [{ urls: 'stun:example.org:65536' }] }, 'SyntaxError'],
    ['a policy nobody knows', { iceTransportPolicy: 'nohost' }, 'TypeError'],
    ['a configuration that is none', 'stun:example.org', 'TypeError'],
    ['options that are none', { millrace: 'fast' }, 'TypeError'],
    ['a server without its array', { iceServers: { urls: 'stun:example.org' } }, 'TypeError'],
    ['certificates that are no array', { certificates: {} }, 'TypeError'],
    ['a certificate that is none', { certificates: [{}] }, 'TypeError'],
    ['a message size of nothing', { millrace: { maxMessageSize: 0 } }, 'TypeError'],
    ['a congestion control nobody knows', { millrace: { congestionControl: 'vegas' } }, 'TypeError'],
  ];
  for (const [what, configuration, name] of wrong) {
    test(`${what} is refused`, () => {
      assert.throws(() => new RTCPeerConnection(configuration as never), { name });
    });
  }

  test('what is given comes back, and certificates can not be exchanged', async () => {
    const certificate = await generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' });
    const pc = new RTCPeerConnection({
      certificates: [certificate],
      iceServers: [{ urls: ['stun:stun.example.org:3478'] }],
    });
    assert.deepEqual(pc.getConfiguration().certificates, [certificate]);
    assert.deepEqual(pc.getConfiguration().iceServers, [{ urls: ['stun:stun.example.org:3478'] }]);
    const other = await generateCertificate('ECDSA');
    assert.throws(() => pc.setConfiguration({ certificates: [other] }), { name: 'InvalidModificationError' });
    pc.close();
  });
});

describe('W3C webrtc-pc §4.9 certificates', () => {
  test('ECDSA and RSA are made, with a SHA-256 fingerprint and an expiry', async () => {
    for (const algorithm of [
      { name: 'ECDSA', namedCurve: 'P-256' },
      {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 2048,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      },
    ]) {
      const certificate = await generateCertificate(algorithm);
      assert.match(certificate.getFingerprints()[0]?.value ?? '', /^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/);
      assert.ok(Math.abs(certificate.expires - Date.now() - 30 * 86_400_000) < 60_000);
    }
  });

  test('anything else is not supported', async () => {
    for (const algorithm of [
      { name: 'ECDSA', namedCurve: 'P-521' },
      { name: 'RSASSA-PKCS1-v1_5', modulusLength: 512, hash: 'SHA-256' },
      null,
    ]) {
      await assert.rejects(generateCertificate(algorithm), { name: 'NotSupportedError' });
    }
  });
});
