// Servers that are not what they should be. Real ones are met in interop/coturn.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { DataChannels } from '@millrace/datachannel';
import { IceAgent } from '@millrace/ice';
import { u16 } from '@millrace/sans-io';
import { ERROR_CODE, METHOD_BINDING, MessageWriter, XOR_MAPPED_ADDRESS } from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { type RTCIceCandidate, RTCPeerConnection, type RTCPeerConnectionIceErrorEvent } from 'millrace';
import { parseServerUrl } from '../../src/servers/ice-server.ts';
import { ServerGathering } from '../../src/servers/server-gathering.ts';
import { chooseBackend } from '../../src/transport/backend.ts';
import { Driver, type DriverObserver } from '../../src/transport/driver.ts';
import { random } from '../../src/transport/random.ts';
import { Sped } from '../../src/transport/sped.ts';
import { connectedPair, LOOPBACK, makePair, negotiate } from '../peer-connection/pair.ts';
import { relaying } from './relaying.ts';

const METHOD_ALLOCATE = 0x003;
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some((each) => each.address === '::1'));

/** A STUN server on loopback that answers as `write` has it, which is told of what has been asked before: that depends on the machine. */
async function server(
  kind: 'success' | 'error',
  write: (writer: MessageWriter, isAgain: boolean) => void,
  at: '127.0.0.1' | '::1' = '127.0.0.1',
): Promise<[Socket, string]> {
  const socket = createSocket(at === '::1' ? 'udp6' : 'udp4');
  const seen = new Set<string>();
  socket.on('message', (request, { port, address }) => {
    const out = new Uint8Array(200);
    const writer = new MessageWriter().begin(
      out,
      0,
      200,
      kind,
      METHOD_BINDING,
      new Uint8Array(request.subarray(8, 20)),
    );
    const transaction = request.toString('hex', 8, 20);
    write(writer, seen.has(transaction));
    seen.add(transaction);
    socket.send(out, 0, writer.finish(), port, address);
  });
  socket.bind(0, at);
  await once(socket, 'listening');
  return [socket, `stun:${at === '::1' ? '[::1]' : at}:${socket.address().port}`];
}

interface Gathered {
  readonly candidates: RTCIceCandidate[];
  readonly errors: RTCPeerConnectionIceErrorEvent[];
  /** By the type of the candidate, as `getStats()` has them. */
  readonly urls: Record<string, unknown>;
}

async function gathered(
  urls: string,
  iceTransportPolicy: 'all' | 'relay' = 'all',
  from = '127.0.0.1',
): Promise<Gathered> {
  const pc = new RTCPeerConnection({
    iceServers: [{ urls, username: 'u', credential: 'c' }],
    iceTransportPolicy,
    millrace: { loopback: true, addressFilter: (address) => address === from },
  });
  const seen: Gathered = { candidates: [], errors: [], urls: {} };
  const { promise, resolve } = Promise.withResolvers<void>();
  pc.onicecandidate = ({ candidate }) => {
    if (candidate === null) resolve();
    else if (candidate.candidate !== '') seen.candidates.push(candidate);
  };
  pc.onicecandidateerror = (event) => void seen.errors.push(event);
  pc.createDataChannel('any');
  await pc.setLocalDescription();
  await promise;
  for (const { type, candidateType, url } of (await pc.getStats()).values())
    if (type === 'local-candidate') seen.urls[String(candidateType)] = url;
  pc.close();
  return seen;
}

describe('W3C webrtc-pc §4.4.4 and RFC 8445 §5.1.1.2: gathering from STUN servers', () => {
  test('what a server sees becomes a candidate that names its URL', async () => {
    const mapped = { address: '203.0.113.5', port: 40_000 };
    const [socket, url] = await server('success', (writer) => writer.add(XOR_MAPPED_ADDRESS, mapped));
    const { candidates, errors, urls } = await gathered(url);
    socket.close();
    assert.deepEqual(urls, { host: undefined, srflx: url });
    assert.deepEqual(
      candidates.map(({ type }) => type),
      ['host', 'srflx'],
    );
    const [host, reflexive] = candidates;
    assert.equal(host!.url, null);
    assert.equal(reflexive!.url, url);
    assert.equal(reflexive!.address, '203.0.113.5');
    assert.equal(reflexive!.relatedPort, host!.port);
    assert.deepEqual(errors, []);
  });

  test('an error is told with its code', async () => {
    const [socket, url] = await server('error', (writer) =>
      writer.add(ERROR_CODE, { code: 400, reason: 'no' }),
    );
    const { candidates, errors } = await gathered(url);
    socket.close();
    assert.equal(candidates.length, 1);
    assert.deepEqual([errors[0]?.errorCode, errors[0]?.errorText, errors[0]?.url], [400, 'no', url]);
    assert.equal(errors[0]?.address, '127.0.0.1');
  });

  test('W3C webrtc-pc §4.2.1: with the relay policy STUN servers are not asked and hosts not shown', async () => {
    let questions = 0;
    const [socket, url] = await server('error', () => questions++);
    const { candidates, errors } = await gathered(url, 'relay');
    socket.close();
    assert.deepEqual([candidates, errors, questions], [[], [], 0]);
  });

  test('a restart soon after does not ask the server again, and tells the same', async () => {
    let questions = 0;
    const mapped = { address: '203.0.113.5', port: 40_000 };
    const [socket, url] = await server('success', (writer, isAgain) => {
      if (!isAgain) questions++;
      writer.add(XOR_MAPPED_ADDRESS, mapped);
    });
    const configuration = { ...LOOPBACK, iceServers: [{ urls: url }] };
    const { a, b, close } = await connectedPair(configuration, LOOPBACK);
    const asked = questions;
    assert.equal(asked, 1);
    const seen: string[] = [];
    a.addEventListener('icecandidate', ({ candidate }) => candidate?.type && seen.push(candidate.type));
    a.restartIce();
    const begun = once(a, 'icegatheringstatechange');
    await negotiate(a, b);
    await begun;
    while (a.iceGatheringState !== 'complete') await once(a, 'icegatheringstatechange');
    assert.deepEqual([questions, seen], [asked, ['host', 'srflx']]);
    close();
    socket.close();
  });

  test('a name that stands for nothing is told as error 701', async () => {
    const { candidates, errors } = await gathered('stun:no-such-host.invalid');
    assert.equal(candidates.length, 1);
    assert.deepEqual([errors.length, errors[0]?.errorCode], [1, 701]);
  });

  for (const [url, from] of [
    ['stun:[::1]:3478', '127.0.0.1'],
    ['turn:[2001:db8::1]', '127.0.0.1'],
    ['stun:192.0.2.1', '127.0.0.1'],
  ] as const)
    test(`${url} is told as error 701 where ${from} is all there is`, async () => {
      const { candidates, errors } = await gathered(url, 'all', from);
      assert.equal(candidates.length, 1);
      assert.deepEqual(
        errors.map((each) => [each.errorCode, each.url, each.address, each.errorText]),
        [[701, url, null, 'no address of this host leads to the server']],
      );
    });

  test('stuns has nothing to tell of UDP: error 701 says that it is not asked', async () => {
    const { candidates, errors } = await gathered('stuns:127.0.0.1');
    assert.equal(candidates.length, 1);
    assert.deepEqual(
      errors.map(({ errorCode, url }) => [errorCode, url]),
      [[701, 'stuns:127.0.0.1']],
    );
    assert.match(errors[0]!.errorText, /it is not asked$/);
  });

  test('RFC 5952 §1: however its address is written, a server is recognised by it', {
    skip: hasIpv6 ? false : 'there is no IPv6 here',
  }, async () => {
    const mapped = { address: '2001:db8::5', port: 40_000 };
    const [socket, url] = await server('success', (writer) => writer.add(XOR_MAPPED_ADDRESS, mapped), '::1');
    const { candidates, errors } = await gathered(url.replace('[::1]', '[0:0:0::0001]'), 'all', '::1');
    socket.close();
    assert.deepEqual(errors, []);
    assert.equal(candidates[1]?.address, '2001:db8::5');
  });

  test('a connection that closes meanwhile leaves nothing behind', async () => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const pc = new RTCPeerConnection({
      iceServers: [{ urls: `stun:127.0.0.1:${socket.address().port}` }],
      millrace: { loopback: true },
    });
    pc.createDataChannel('any');
    await pc.setLocalDescription();
    await once(socket, 'message');
    pc.close();
    socket.close();
    assert.equal(pc.connectionState, 'closed');
  });
});

/** A TURN server that has no relayed addresses of the family that it is asked for first, and then of none. */
async function familyServer(address: '127.0.0.1' | '::1'): Promise<[Socket, string, string[]]> {
  const asked: string[] = [];
  const seen = new Set<string>();
  const socket = createSocket(address === '::1' ? 'udp6' : 'udp4');
  socket.on('message', (request, from) => {
    const transaction = request.toString('hex', 8, 20);
    if (!seen.has(transaction)) asked.push(requestedFamily(request));
    seen.add(transaction);
    const out = new Uint8Array(200);
    const length = new MessageWriter()
      .begin(out, 0, 200, 'error', METHOD_ALLOCATE, new Uint8Array(request.subarray(8, 20)))
      .add(ERROR_CODE, { code: 440, reason: 'not of this family' })
      .finish();
    socket.send(out, 0, length, from.port, from.address);
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  const host = address === '::1' ? '[::1]' : address;
  return [socket, `turn:${host}:${socket.address().port}`, asked];
}

/** RFC 8656 §18.6: REQUESTED-ADDRESS-FAMILY, IPv4 where there is none. */
function requestedFamily(request: Uint8Array): string {
  for (let at = 20; at + 8 <= request.length; at += 4 + ((u16(request, at + 2) + 3) & ~3))
    if (u16(request, at) === 0x0017) return request[at + 4] === 2 ? 'ipv6' : 'ipv4';
  return 'ipv4';
}

describe('RFC 8656 §7.4: an allocation that is left from somebody before', () => {
  const millrace = { loopback: true, addressFilter: (address: string) => address === '127.0.0.1' };

  async function relays(pc: RTCPeerConnection): Promise<[string[], number[]]> {
    const [candidates, errors]: [string[], number[]] = [[], []];
    const { promise, resolve } = Promise.withResolvers<void>();
    pc.onicecandidate = ({ candidate }) => {
      if (candidate === null) resolve();
      else if (candidate.candidate !== '') candidates.push(`${candidate.type} ${candidate.port}`);
    };
    pc.onicecandidateerror = ({ errorCode }) => void errors.push(errorCode);
    await pc.setLocalDescription();
    await promise;
    return [candidates, errors];
  }

  for (const [refusals, ...wanted] of [
    [[437], ['relay 50000'], []],
    [[437, 437], [], [437]],
    [[437, 486], [], [486]],
    [[508], [], [508]],
  ] as const)
    test(`${refusals.join(', then ')}: ${wanted[0].length} from another port`, async (t) => {
      const server = await relaying(t, { anna: 'secret' });
      server.refusals.push(...refusals);
      const urls = `turn:127.0.0.1:${server.port}`;
      const pc = new RTCPeerConnection({
        iceServers: [{ urls, username: 'anna', credential: 'secret' }],
        iceTransportPolicy: 'relay',
        millrace,
      });
      t.after(() => pc.close());
      pc.createDataChannel('any');
      assert.deepEqual(await relays(pc), wanted);
    });

  test('a restart goes on with it, and it is given back', async (t) => {
    const server = await relaying(t, { anna: 'secret' });
    server.refusals.push(437);
    const iceServers = [{ urls: `turn:127.0.0.1:${server.port}`, username: 'anna', credential: 'secret' }];
    const { a, b, close } = await connectedPair({ iceServers, millrace }, LOOPBACK);
    while (a.iceGatheringState !== 'complete') await once(a, 'icegatheringstatechange');
    a.restartIce();
    const gathering = once(a, 'icegatheringstatechange');
    await negotiate(a, b);
    await gathering;
    while (a.iceGatheringState !== 'complete') await once(a, 'icegatheringstatechange');
    assert.equal(a.localDescription?.sdp.match(/ typ relay /g)?.length, 1);
    assert.equal(
      a.localDescription?.sdp.match(/ typ host /g)?.length,
      1,
      'the other socket is for the relay alone',
    );
    assert.equal(server.allocations.size, 1);
    close();
    while (server.allocations.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

test('RFC 8656 §8: a relayed address beyond the most candidates is given back', async (t) => {
  const server = await relaying(t, { anna: 'secret' });
  const url = `turn:127.0.0.1:${server.port}`;
  const agent = new IceAgent({ role: 'controlling', crypto: nodeStunCrypto, random, maxLocalCandidates: 1 });
  const ice = { onStateChange() {}, onSelectedPair() {}, onRoleChange() {} };
  const observer = { ice, dtls: {}, channelsSink: {}, onUsablePath() {} } as unknown as DriverObserver;
  const driver = new Driver(chooseBackend(false), agent, new Sped(false), new DataChannels(), observer);
  t.after(() => driver.close());
  const { socket, local: address } = (await driver.openSocket('127.0.0.1'))!;
  agent.addLocalCandidate({ socket, ...address }, 0);
  const told: unknown[] = [];
  const gathering = new ServerGathering({
    agent,
    driver,
    servers: [parseServerUrl(url, 'anna', 'secret')],
    relayOnly: false,
    isDoubted: false,
    hasIpv4: true,
    mayTell: () => true,
    openAnother: async () => undefined,
    onReached() {},
    onMapped() {},
    onCandidate: (candidate) => void told.push(candidate),
    onRelay: (relay) => void told.push(relay),
    onRelayLost: (relay) => void told.push(relay),
    onError: (error) => void told.push(error),
  });
  await gathering.from({ socket, address, preference: 65_535 });
  while (server.allocations.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(told, []);
  assert.equal(agent.stats.localCandidates.length, 1);
});

describe('W3C webrtc-pc §4.2.1 iceTransportPolicy that is set anew holds from the next restart on', () => {
  test('to relay and back: what is told, by which sockets checks are answered, and data all the while', async (t) => {
    const server = await relaying(t, { anna: 'secret' });
    const iceServers = [{ urls: `turn:127.0.0.1:${server.port}`, username: 'anna', credential: 'secret' }];
    const configuration = { ...LOOPBACK, iceServers };
    const { a, b, channelA, channelB, close } = await connectedPair(configuration, LOOPBACK);
    t.after(close);
    // A neighbour is sooner than a relay.
    while (a.iceGatheringState !== 'complete') await once(a, 'icegatheringstatechange');
    const typesAfterRestart = async (iceTransportPolicy: 'all' | 'relay'): Promise<unknown> => {
      a.setConfiguration({ ...configuration, iceTransportPolicy });
      a.restartIce();
      const gathering = once(a, 'icegatheringstatechange');
      const told: unknown[] = [];
      a.addEventListener('icecandidate', ({ candidate }) => candidate?.type && told.push(candidate.type));
      await negotiate(a, b);
      await gathering;
      while (a.iceGatheringState !== 'complete') await once(a, 'icegatheringstatechange');
      const inSdp = [...(a.localDescription?.sdp.matchAll(/ typ (\w+) /g) ?? [])].map(([, type]) => type);
      const local = a.sctp?.transport.iceTransport.getLocalCandidates().map(({ type }) => type);
      assert.deepEqual(inSdp.toSorted(), told.toSorted());
      assert.deepEqual(local?.toSorted(), told.toSorted());
      channelA.send('still');
      assert.equal((await once(channelB, 'message'))[0].data, 'still');
      return told.toSorted();
    };
    assert.deepEqual(await typesAfterRestart('relay'), ['relay']);
    const taken = a.sctp?.transport.iceTransport.getSelectedCandidatePair()?.local.type;
    assert.equal(taken, 'host', 'the peer can’t be reached by that relay: the pair of before goes on');
    assert.deepEqual(await typesAfterRestart('all'), ['host', 'relay']);
    assert.equal(server.allocations.size, 1);
  });

  test('a host that began with relays alone', async () => {
    const { a: pc, b, close } = makePair({ ...LOOPBACK, iceTransportPolicy: 'relay' }, LOOPBACK);
    pc.createDataChannel('any');
    await negotiate(pc, b);
    assert.deepEqual(pc.sctp?.transport.iceTransport.getLocalCandidates(), []);
    pc.setConfiguration(LOOPBACK);
    pc.restartIce();
    await negotiate(pc, b);
    while (pc.connectionState !== 'connected') await once(pc, 'connectionstatechange');
    assert.equal(pc.localDescription?.sdp.match(/ typ host /g)?.length, 1);
    close();
  });
});

describe('RFC 8656 §7.1: the family of relayed addresses', () => {
  for (const address of ['127.0.0.1', '::1'] as const)
    test(`of a host that has ${address} alone: IPv4, the other where the server says 440, and no third`, {
      skip: address === '::1' && !hasIpv6 ? 'there is no IPv6 here' : false,
    }, async () => {
      const [socket, url, asked] = await familyServer(address);
      const { candidates, errors } = await gathered(url, 'relay', address);
      socket.close();
      assert.deepEqual(asked, ['ipv4', 'ipv6']);
      assert.deepEqual(candidates, []);
      assert.deepEqual(
        errors.map(({ errorCode }) => errorCode),
        [440],
      );
    });
});
