// ICE restart of whole connections over loopback, with data flowing. RFC 8445 §9, RFC 8839 §4.4.1.1, W3C webrtc-pc §4.4.2.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import type { RTCDataChannel, RTCPeerConnection } from 'millrace';
import { connectedPair, LOOPBACK, negotiate } from './pair.ts';

const fragment = (pc: RTCPeerConnection): string =>
  /a=ice-ufrag:(\S+)/.exec(pc.localDescription?.sdp ?? '')?.[1] ?? '';
const password = (pc: RTCPeerConnection): string =>
  /a=ice-pwd:(\S+)/.exec(pc.localDescription?.sdp ?? '')?.[1] ?? '';

/** Resolves when another pair than that of now has been selected. */
async function moves(pc: RTCPeerConnection): Promise<void> {
  const transport = pc.sctp!.transport.iceTransport;
  await once(transport, 'selectedcandidatepairchange');
  assert.ok(transport.getSelectedCandidatePair());
}

/** Sends messages, each different, until `isOver`; resolves with how many and their digest. */
async function stream(
  channel: RTCDataChannel,
  isOver: () => boolean,
): Promise<{ count: number; digest: string }> {
  const hash = createHash('sha256');
  channel.bufferedAmountLowThreshold = 256 * 1024;
  let count = 0;
  while (!isOver()) {
    const bytes = new Uint8Array(16_384).fill(count++ & 0xff);
    new DataView(bytes.buffer).setUint32(0, count);
    hash.update(bytes);
    channel.send(bytes);
    if (channel.bufferedAmount > 1024 * 1024) await once(channel, 'bufferedamountlow');
    else if (count % 8 === 0) await new Promise(setImmediate);
  }
  channel.send('over');
  return { count, digest: hash.digest('hex') };
}

function collect(channel: RTCDataChannel): Promise<{ count: number; digest: string }> {
  const hash = createHash('sha256');
  let count = 0;
  channel.binaryType = 'arraybuffer';
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (typeof data === 'string') resolve({ count, digest: hash.digest('hex') });
      else {
        count++;
        hash.update(new Uint8Array(data as ArrayBuffer));
      }
    };
  });
}

describe('W3C webrtc-pc §4.4.2 ICE restart', () => {
  for (const side of ['offerer', 'answerer'] as const) {
    test(`the first ${side} restarts in mid-transfer, and no byte is lost`, async () => {
      const { a, b, channelA, channelB, close } = await connectedPair();
      const [one, other] = side === 'offerer' ? [a, b] : [b, a];
      const states: string[] = [];
      for (const pc of [a, b]) pc.oniceconnectionstatechange = () => states.push(pc.iceConnectionState);
      let isOver = false;
      const transfers = [
        Promise.all([stream(channelA, () => isOver), collect(channelB)]),
        Promise.all([stream(channelB, () => isOver), collect(channelA)]),
      ];
      for (let round = 0; round < 3; round++) {
        const before = [fragment(one), fragment(other), password(one), password(other)];
        const moved = Promise.all([moves(a), moves(b)]);
        const asked = once(one, 'negotiationneeded');
        one.restartIce();
        await asked;
        await negotiate(one, other);
        await moved;
        // RFC 8839 §4.4.1.1.2: both have new ones.
        const after = [fragment(one), fragment(other), password(one), password(other)];
        assert.equal(new Set([...before, ...after]).size, 8);
      }
      isOver = true;
      for (const [sent, received] of await Promise.all(transfers)) assert.deepEqual(received, sent);
      assert.ok(
        states.every((state) => state === 'connected' || state === 'completed'),
        states.join(' '),
      );
      close();
    });
  }

  test('createOffer({ iceRestart: true }) restarts, with or without being set by name', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    const before = fragment(a);
    const offer = await a.createOffer({ iceRestart: true });
    assert.ok(!offer.sdp?.includes(`a=ice-ufrag:${before}`));
    assert.ok(!offer.sdp?.includes('a=candidate'), 'candidates are gathered when it is set');
    assert.equal(fragment(a), before);
    const plain = await a.createOffer();
    assert.ok(plain.sdp?.includes(`a=ice-ufrag:${before}`), 'one that does not ask for it does not restart');
    const moved = Promise.all([moves(a), moves(b)]);
    await a.setLocalDescription(offer);
    assert.ok(offer.sdp?.includes(`a=ice-ufrag:${fragment(a)}`));
    await b.setRemoteDescription(a.localDescription!);
    const answer = await b.createAnswer();
    await b.setLocalDescription(answer);
    await a.setRemoteDescription(b.localDescription!);
    await moved;
    channelA.send('by the new way');
    assert.equal((await once(channelB, 'message'))[0].data, 'by the new way');
    close();
  });

  test('gathering begins anew, and candidates carry the new fragment', async () => {
    const { a, b, close } = await connectedPair();
    if (a.iceGatheringState !== 'complete') await once(a, 'icegatheringstatechange');
    const seen: string[] = [];
    a.addEventListener('icegatheringstatechange', () => seen.push(a.iceGatheringState));
    a.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate?.candidate) seen.push(candidate.usernameFragment ?? '');
    });
    const moved = moves(a);
    a.restartIce();
    await negotiate(a, b);
    await moved;
    while (a.iceGatheringState !== 'complete') await once(a, 'icegatheringstatechange');
    assert.deepEqual(seen, ['gathering', fragment(a), 'complete']);
    assert.match(a.localDescription?.sdp ?? '', /a=candidate:.*\r\n(.*\r\n)*a=end-of-candidates/);
    close();
  });

  test('a rolled-back restart leaves the connection as it was, and is still wanted', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    const before = fragment(a);
    a.restartIce();
    await a.setLocalDescription();
    assert.notEqual(fragment(a), before);
    const asked = once(a, 'negotiationneeded');
    await a.setLocalDescription({ type: 'rollback' });
    assert.equal(fragment(a), before);
    channelA.send('still here');
    assert.equal((await once(channelB, 'message'))[0].data, 'still here');
    await asked;
    const moved = Promise.all([moves(a), moves(b)]);
    await negotiate(a, b);
    await moved;
    assert.notEqual(fragment(a), before);
    channelB.send('anew');
    assert.equal((await once(channelA, 'message'))[0].data, 'anew');
    close();
  });

  test('both restart at once: one gives way, and one restart serves both', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    let isOver = false;
    const transfer = Promise.all([stream(channelA, () => isOver), collect(channelB)]);
    const before = [fragment(a), fragment(b)];
    const moved = Promise.all([moves(a), moves(b)]);
    a.restartIce();
    b.restartIce();
    await Promise.all([a.setLocalDescription(), b.setLocalDescription()]);
    // b is polite: a's offer takes the place of its own (W3C "perfect negotiation").
    await b.setRemoteDescription(a.localDescription!);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription!);
    await moved;
    assert.equal(new Set([...before, fragment(a), fragment(b)]).size, 4);
    let asksAgain = false;
    b.onnegotiationneeded = () => (asksAgain = true);
    isOver = true;
    const [sent, received] = await transfer;
    assert.deepEqual(received, sent);
    assert.equal(asksAgain, false, 'the restart that b wanted has been done');
    close();
  });

  test('sockets of addresses that have gone are given up, and new addresses are taken', async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map(({ address }) => address),
    );
    const second =
      addresses.find((address) => address === '::1') ?? addresses.find((one) => one !== '127.0.0.1');
    if (second === undefined) return; // a host with one address has none to change to
    let allowed = ['127.0.0.1'];
    const { a, b, channelA, channelB, close } = await connectedPair(
      { millrace: { loopback: true, addressFilter: (address) => allowed.includes(address) } },
      { millrace: { loopback: true, addressFilter: (one) => one === '127.0.0.1' || one === second } },
    );
    allowed = [second];
    let isOver = false;
    const transfer = Promise.all([stream(channelA, () => isOver), collect(channelB)]);
    const moved = moves(a);
    a.restartIce();
    await negotiate(a, b);
    await moved;
    const pair = a.sctp!.transport.iceTransport.getSelectedCandidatePair();
    assert.equal(pair?.local.address, second);
    isOver = true;
    const [sent, received] = await transfer;
    assert.deepEqual(received, sent);
    close();
  });

  test('a closed connection has nothing to restart', async () => {
    const { a, b, close } = await connectedPair(LOOPBACK);
    close();
    a.restartIce();
    b.restartIce();
    assert.equal(a.signalingState, 'closed');
  });
});

describe('RFC 8839 §4.4.1.1.2 an answer restarts ICE when the offer does, and only then', () => {
  test('an answer without new credentials to a restart is refused, and the right one still taken', async () => {
    const { a, b, close } = await connectedPair();
    const old = b.localDescription!;
    a.restartIce();
    await a.setLocalDescription();
    await assert.rejects(a.setRemoteDescription({ type: 'answer', sdp: old.sdp }), {
      name: 'InvalidAccessError',
    });
    const moved = moves(a);
    await b.setRemoteDescription(a.localDescription!);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription!);
    await moved;
    close();
  });
});
