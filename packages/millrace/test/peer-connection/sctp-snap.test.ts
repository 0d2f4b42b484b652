// draft-hancke-tsvwg-snap between two connections: descriptions carry the SCTP INIT, and nobody shakes hands.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { RTCConfiguration, RTCPeerConnection } from 'millrace';
import { connectedPair, LOOPBACK, makePair, negotiate } from './pair.ts';

const WITHOUT: RTCConfiguration = { millrace: { ...LOOPBACK.millrace, sctpSnap: false } };
const [INIT, INIT_ACK, COOKIE_ECHO, COOKIE_ACK] = [1, 2, 10, 11];

const initOf = (sdp: string | undefined): string | undefined => /^a=sctp-init:(\S+)\r$/m.exec(sdp ?? '')?.[1];

async function isSignaled(pc: RTCPeerConnection): Promise<boolean | undefined> {
  const sctp = (await pc.getStats()).get('S') as { millraceSctp: { isSignaled: boolean } } | undefined;
  return sctp?.millraceSctp.isSignaled;
}

/** The types of the first chunks of all SCTP packets that are sent while `run` runs. */
async function firstChunks(run: () => Promise<void>): Promise<number[]> {
  const types: number[] = [];
  const listener = (message: unknown): void => {
    const { direction, line } = message as { direction: string; line: string };
    const bytes = line.split(/\s+/).filter((word) => /^[0-9a-f]{2}$/i.test(word));
    if (direction === 'out') types.push(Number.parseInt(bytes[12] ?? '', 16));
  };
  subscribe('millrace:sctp:packet', listener);
  await run().finally(() => unsubscribe('millrace:sctp:packet', listener));
  return types;
}

const handshake = (types: readonly number[]): number[] =>
  types.filter((type) => [INIT, INIT_ACK, COOKIE_ECHO, COOKIE_ACK].includes(type));

/** Offer and answer with the texts changed on their way. */
async function negotiateThrough(
  offerer: RTCPeerConnection,
  answerer: RTCPeerConnection,
  changeOffer: (sdp: string) => string,
  changeAnswer: (sdp: string) => string,
): Promise<void> {
  await offerer.setLocalDescription();
  await answerer.setRemoteDescription({
    type: 'offer',
    sdp: changeOffer(offerer.localDescription?.sdp ?? ''),
  });
  await answerer.setLocalDescription();
  await offerer.setRemoteDescription({
    type: 'answer',
    sdp: changeAnswer(answerer.localDescription?.sdp ?? ''),
  });
}

const same = (sdp: string): string => sdp;
const stripped = (sdp: string): string => sdp.replace(/a=sctp-init:.*\r\n/, '');
const replaced =
  (value: string) =>
  (sdp: string): string =>
    sdp.replace(/a=sctp-init:.*\r\n/, `a=sctp-init:${value}\r\n`);

describe('draft-hancke-tsvwg-snap between two connections', () => {
  test('both descriptions have an INIT, and no handshake chunk is sent', async () => {
    const types = await firstChunks(async () => {
      const { a, b, channelA, channelB, close } = await connectedPair();
      const [offered, answered] = [initOf(a.localDescription?.sdp), initOf(b.localDescription?.sdp)];
      assert.ok(offered && answered && offered !== answered);
      assert.deepEqual([await isSignaled(a), await isSignaled(b)], [true, true]);
      channelB.send('hello');
      assert.equal((await once(channelA, 'message'))[0].data, 'hello');
      close();
    });
    assert.ok(types.length > 0);
    assert.deepEqual(handshake(types), []);
  });

  const cases: ReadonlyArray<readonly [string, RTCConfiguration, RTCConfiguration]> = [
    ['the offerer', WITHOUT, LOOPBACK],
    ['the answerer', LOOPBACK, WITHOUT],
    ['either side', WITHOUT, WITHOUT],
  ];
  for (const [who, configA, configB] of cases)
    test(`switched off at ${who}, both shake hands, and the answer has no INIT`, async () => {
      const types = await firstChunks(async () => {
        const { a, b, close } = await connectedPair(configA, configB);
        assert.equal(initOf(a.localDescription?.sdp) === undefined, configA === WITHOUT);
        assert.equal(initOf(b.localDescription?.sdp), undefined);
        assert.deepEqual([await isSignaled(a), await isSignaled(b)], [false, false]);
        close();
      });
      assert.ok(handshake(types).includes(INIT));
    });

  const hostile: ReadonlyArray<readonly [string, string]> = [
    ['no base64', '!!!'],
    ['no chunk', 'AAAA'],
    ['an INIT with a tag of 0', 'AQAAFAAAAAAAUAAA/////wAAAAE='],
    ['an INIT without streams', 'AQAAFAAAAAEAUAAAAAAAAAAAAAE='],
    ['an INIT that is cut off', 'AQAAHshkPiIAUAAA/////3INnmfAAAAE'],
    ['far too much', 'A'.repeat(40_000)],
  ];
  for (const [what, value] of hostile)
    test(`${what} in the offer is as if it were not there`, async () => {
      const { a, b, close } = makePair();
      const channel = a.createDataChannel('c');
      await negotiateThrough(a, b, replaced(value), same);
      assert.equal(initOf(b.localDescription?.sdp), undefined);
      await once(channel, 'open');
      assert.deepEqual([await isSignaled(a), await isSignaled(b)], [false, false]);
      close();
    });

  for (const [what, change] of [
    ['is lost', stripped],
    ['is made unreadable', replaced('AAAA')],
  ] as const)
    test(`an INIT that ${what} on the answer's way: the offerer shakes hands, the answerer goes along`, async () => {
      const { a, b, close } = makePair();
      const channel = a.createDataChannel('c');
      const announced = once(b, 'datachannel');
      await negotiateThrough(a, b, same, change);
      await Promise.all([once(channel, 'open'), announced]);
      const [{ channel: other }] = await announced;
      other.send('hello');
      assert.equal((await once(channel, 'message'))[0].data, 'hello');
      assert.deepEqual([a.connectionState, b.connectionState], ['connected', 'connected']);
      close();
    });

  test('an answer that has copied the INIT of the offer has none: both shake hands', async () => {
    const { a, b, close } = makePair(LOOPBACK, WITHOUT);
    const channel = a.createDataChannel('c');
    const copied = (sdp: string): string =>
      sdp.replace(/(a=sctp-port:.*\r\n)/, `$1a=sctp-init:${initOf(a.localDescription?.sdp)}\r\n`);
    await negotiateThrough(a, b, same, copied);
    assert.ok(initOf(a.remoteDescription?.sdp));
    await once(channel, 'open');
    assert.deepEqual([await isSignaled(a), await isSignaled(b)], [false, false]);
    close();
  });

  test('§4.6 whatever is negotiated later, the INITs stay', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    const inits = [initOf(a.localDescription?.sdp), initOf(b.localDescription?.sdp)];
    await negotiate(b, a);
    assert.deepEqual([initOf(a.localDescription?.sdp), initOf(b.localDescription?.sdp)], inits);
    a.restartIce();
    await negotiate(a, b);
    assert.deepEqual([initOf(a.localDescription?.sdp), initOf(b.localDescription?.sdp)], inits);
    channelA.send('still here');
    assert.equal((await once(channelB, 'message'))[0].data, 'still here');
    close();
  });

  test('what the first negotiation went without, later ones do too', async () => {
    const { a, b, close } = await connectedPair(LOOPBACK, WITHOUT);
    await negotiate(a, b);
    assert.equal(initOf(a.localDescription?.sdp), undefined);
    await negotiate(b, a);
    assert.equal(initOf(a.localDescription?.sdp), undefined);
    close();
  });

  test('an offer that is taken back and one that is made anew say the same', async () => {
    const { a, b, close } = makePair();
    const channel = a.createDataChannel('c');
    const made = initOf((await a.createOffer()).sdp);
    await a.setLocalDescription();
    await a.setLocalDescription({ type: 'rollback' });
    await negotiate(a, b);
    assert.deepEqual([initOf(a.localDescription?.sdp), made !== undefined], [made, true]);
    await once(channel, 'open');
    assert.equal(await isSignaled(a), true);
    close();
  });

  test('an offer that crosses ours takes its place, INIT and all', async () => {
    const { a, b, close } = makePair();
    const [first, second] = [a.createDataChannel('from a'), b.createDataChannel('from b')];
    await Promise.all([a.setLocalDescription(), b.setLocalDescription()]);
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription as never);
    await Promise.all([once(first, 'open'), once(second, 'open')]);
    assert.deepEqual([await isSignaled(a), await isSignaled(b)], [true, true]);
    close();
  });

  test('an application that takes the line out of its own offer does without', async () => {
    const { a, b, close } = makePair();
    const channel = a.createDataChannel('c');
    await a.setLocalDescription({ type: 'offer', sdp: stripped((await a.createOffer()).sdp ?? '') });
    await b.setRemoteDescription(a.localDescription as never);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription as never);
    await once(channel, 'open');
    assert.equal(await isSignaled(b), false);
    close();
  });

  test('a switch that is neither true nor false is a TypeError', () => {
    assert.throws(() => makePair({ millrace: { sctpSnap: 1 as unknown as boolean } }), TypeError);
  });
});
