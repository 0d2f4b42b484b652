// Which candidates are made and told: filters, port range, rewriting, and the pool. RFC 8445 §5.1.1, W3C webrtc-pc §4.2.1.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { METHOD_BINDING, MessageWriter, XOR_MAPPED_ADDRESS } from '@millrace/stun';
import {
  type MillraceConfiguration,
  type RTCConfiguration,
  type RTCIceCandidate,
  RTCPeerConnection,
  type RTCPeerConnectionIceErrorEvent,
} from 'millrace';
import { connectedPair, LOOPBACK } from './pair.ts';

interface Gathered {
  readonly candidates: RTCIceCandidate[];
  readonly errors: RTCPeerConnectionIceErrorEvent[];
}

const only = (address: string): boolean => address === '127.0.0.1';

async function gathered(millrace: MillraceConfiguration, more: RTCConfiguration = {}): Promise<Gathered> {
  const pc = new RTCPeerConnection({ ...more, millrace: { ...LOOPBACK.millrace, ...millrace } });
  const seen = await gatheredBy(pc);
  pc.close();
  return seen;
}

async function gatheredBy(pc: RTCPeerConnection): Promise<Gathered> {
  const seen: Gathered = { candidates: [], errors: [] };
  const { promise, resolve } = Promise.withResolvers<void>();
  pc.onicecandidate = ({ candidate }) => {
    if (candidate === null) resolve();
    else if (candidate.candidate !== '') seen.candidates.push(candidate);
  };
  pc.onicecandidateerror = (event) => void seen.errors.push(event);
  pc.createDataChannel('any');
  await pc.setLocalDescription();
  await promise;
  return seen;
}

/** A STUN server on loopback that sees everybody at `mapped`, and counts who asks: not how often, which depends on the machine. */
async function stunServer(
  mapped: (port: number) => { address: string; port: number },
): Promise<{ socket: Socket; url: string; asked: number[] }> {
  const socket = createSocket('udp4');
  const asked: number[] = [];
  const seen = new Set<string>();
  socket.on('message', (request, { port, address }) => {
    const transaction = request.toString('hex', 8, 20);
    if (!seen.has(transaction)) asked.push(port);
    seen.add(transaction);
    const out = new Uint8Array(200);
    const id = new Uint8Array(request.subarray(8, 20));
    const writer = new MessageWriter().begin(out, 0, 200, 'success', METHOD_BINDING, id);
    socket.send(out, 0, writer.add(XOR_MAPPED_ADDRESS, mapped(port)).finish(), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, url: `stun:127.0.0.1:${socket.address().port}`, asked };
}

describe('RFC 8445 §5.1.1 which candidates are made', () => {
  const wrong: Array<[what: string, options: object]> = [
    ['a port range upside down', { portRange: { min: 2, max: 1 } }],
    ['a port range with port 0', { portRange: { min: 0, max: 9 } }],
    ['a port range beyond ports', { portRange: { min: 9, max: 65_536 } }],
    ['a port range in halves', { portRange: { min: 9.5, max: 10 } }],
    ['a port range that is nothing', { portRange: null }],
    ['a rule that is nothing', { addressRewriting: [null] }],
    ['a port range without end', { portRange: { min: 9 } }],
    ['no types', { candidateTypes: [] }],
    ['a type that is none', { candidateTypes: ['prflx'] }],
    ['interfaces that are no array', { interfaces: 'eth0' }],
    ['a nameless interface', { interfaces: [''] }],
    ['a filter that is no function', { candidateFilter: 'host' }],
    ['an address filter that is no function', { addressFilter: ['127.0.0.1'] }],
    ['rewriting to a name', { addressRewriting: [{ to: 'example.org' }] }],
    ['rewriting from one family to the other', { addressRewriting: [{ from: '::1', to: '192.0.2.1' }] }],
    ['a mode that is none', { addressRewriting: [{ to: '192.0.2.1', mode: 'both' }] }],
    ['too many rules', { addressRewriting: Array(65).fill({ to: '192.0.2.1' }) }],
    ['continual gathering by half', { continualGathering: 1 }],
    ['negative patience', { restartPatience: -1 }],
    ['patience as text', { restartPatience: '60' }],
    ['consent that lasts longer than RFC 7675 has it', { consentTimeout: 30_001 }],
    ['consent of no time', { consentTimeout: 0 }],
    ['TCP by half', { iceTcp: true }],
    ['a file for key logs', { onKeyLog: 'keys.log' }],
    ['interceptors that nobody makes', { interceptors: [] }],
    ['a hash function without its array', { fingerprintHashes: 'sha-256' }],
    ['credentials that are nothing', { iceParameters: null }],
    ['a version of DTLS outside of its object', { dtls: '1.3' }],
    ['a misspelt option', { verifyAdress: true }],
    ['what every object has', { toString: 1 }],
    ['a misspelt bound of DTLS versions', { dtls: { minversion: '1.3' } }],
  ];
  for (const [what, millrace] of wrong) {
    test(`${what} is refused by name`, () => {
      const name = Object.keys(millrace)[0]!;
      assert.throws(() => new RTCPeerConnection({ millrace }), {
        name: 'TypeError',
        message: new RegExp(`millrace\\.${name}\\b`),
      });
    });
  }

  test('interfaces are chosen by name, and a name of none gives no candidate', async () => {
    const [[name]] = Object.entries(networkInterfaces()).filter(([, all]) =>
      all?.some(({ address }) => only(address)),
    ) as [[string, unknown]];
    assert.equal((await gathered({ interfaces: [name] })).candidates.length, 1);
    assert.equal((await gathered({ interfaces: ['no such interface'] })).candidates.length, 0);
  });

  for (const native of [true, false]) {
    test(`ports are of the range, and one too many is told of (native: ${native})`, async () => {
      // Three ports in a row that were free a moment ago; another process may take one of them.
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      const { port } = socket.address();
      const portRange = port < 65_000 ? { min: port, max: port + 2 } : { min: port - 2, max: port };
      const configuration: RTCConfiguration = { millrace: { ...LOOPBACK.millrace, portRange, native } };
      const all: RTCPeerConnection[] = [];
      const ports = new Set<number>();
      let last: Gathered | undefined;
      for (let i = 0; i < 3; i++) {
        all.push(new RTCPeerConnection(configuration));
        last = await gatheredBy(all[i]!);
        for (const each of last.candidates) ports.add(each.port!);
      }
      for (const pc of all) pc.close();
      socket.close();
      assert.ok(ports.size <= 2 && !ports.has(port));
      for (const each of ports) assert.ok(each >= portRange.min && each <= portRange.max);
      assert.deepEqual(last?.candidates, []);
      const [error] = last?.errors ?? [];
      assert.deepEqual([error?.errorCode, error?.address, error?.url], [701, '127.0.0.1', '']);
      assert.match(error?.errorText ?? '', /EADDRINUSE/);
    });
  }

  test('a connection over ports of a range works', async () => {
    const portRange = { min: 20_000, max: 32_000 };
    const { a, b, channelA, channelB, close } = await connectedPair({
      millrace: { ...LOOPBACK.millrace, portRange },
    });
    for (const pc of [a, b]) {
      const { local } = pc.sctp!.transport.iceTransport.getSelectedCandidatePair()!;
      assert.ok(local.port! >= portRange.min && local.port! <= portRange.max);
    }
    channelA.send('there');
    assert.equal((await once(channelB, 'message'))[0].data, 'there');
    close();
  });

  test('by type: without hosts the reflexive candidate tells nothing of the host', async () => {
    const { socket, url, asked } = await stunServer(() => ({ address: '203.0.113.5', port: 4_000 }));
    const iceServers = [{ urls: url }];
    const { candidates } = await gathered({ candidateTypes: ['srflx'] }, { iceServers });
    assert.deepEqual(
      candidates.map(({ type, address, relatedAddress }) => [type, address, relatedAddress]),
      [['srflx', '203.0.113.5', '0.0.0.0']],
    );
    assert.equal(asked.length, 1);
    const hosts = await gathered({ candidateTypes: ['host'] }, { iceServers });
    assert.deepEqual(
      hosts.candidates.map(({ type }) => type),
      ['host'],
    );
    assert.equal(asked.length, 1, 'what is not wanted is not asked for');
    socket.close();
  });

  test('the filter sees every candidate as the peer would, and descriptions follow it', async () => {
    const { socket, url } = await stunServer((port) => ({ address: '203.0.113.5', port }));
    const seen: string[] = [];
    const pc = new RTCPeerConnection({
      iceServers: [{ urls: url }],
      millrace: {
        ...LOOPBACK.millrace,
        candidateFilter: ({ type, address, base, interfaceName, url: from }) => {
          seen.push([type, address, base, typeof interfaceName, from === url].join(' '));
          return type !== 'host';
        },
      },
    });
    const { candidates } = await gatheredBy(pc);
    assert.deepEqual(seen, [
      'host 127.0.0.1 127.0.0.1 string false',
      'srflx 203.0.113.5 127.0.0.1 string true',
    ]);
    assert.equal(candidates.length, 1);
    assert.ok(!pc.localDescription!.sdp.includes('127.0.0.1 '.concat(String(candidates[0]!.port))));
    assert.equal(pc.localDescription!.sdp.match(/a=candidate/g)?.length, 1);
    pc.close();
    socket.close();
  });

  test('a filter that throws keeps the candidate private', async () => {
    const { promise: thrown, resolve } = Promise.withResolvers<Error>();
    process.setUncaughtExceptionCaptureCallback((error) => resolve(error as Error));
    const { candidates } = await gathered({
      candidateFilter: () => {
        throw new Error('of the application');
      },
    });
    assert.deepEqual(candidates, []);
    assert.match((await thrown).message, /of the application/);
    process.setUncaughtExceptionCaptureCallback(null);
  });
});

describe('addresses behind a 1:1 NAT', () => {
  test('the public address takes the place of the local one, and a server that says the same adds nothing', async () => {
    const { socket, url } = await stunServer((port) => ({ address: '203.0.113.5', port }));
    const pc = new RTCPeerConnection({
      iceServers: [{ urls: url }],
      millrace: { ...LOOPBACK.millrace, addressRewriting: [{ to: '203.0.113.5' }] },
    });
    const { candidates } = await gatheredBy(pc);
    assert.deepEqual(
      candidates.map(({ type, address }) => [type, address]),
      [['host', '203.0.113.5']],
    );
    assert.ok(pc.localDescription!.sdp.includes(' 203.0.113.5 '));
    assert.ok(!/a=candidate.*127\.0\.0\.1/.test(pc.localDescription!.sdp));
    pc.close();
    socket.close();
  });

  test('the public address is told beside the local one', async () => {
    const rule = { from: '127.0.0.1', to: '203.0.113.5', mode: 'add' } as const;
    const { candidates } = await gathered({ addressRewriting: [{ to: '2001:db8::5' }, rule] });
    const [host, added] = candidates;
    assert.deepEqual([host?.type, host?.address], ['host', '127.0.0.1']);
    assert.deepEqual([added?.type, added?.address, added?.port], ['srflx', '203.0.113.5', host?.port]);
    assert.equal(added?.relatedAddress, '127.0.0.1');
  });

  test('rules for other addresses change nothing', async () => {
    const { candidates } = await gathered({ addressRewriting: [{ from: '127.0.0.2', to: '203.0.113.5' }] });
    assert.deepEqual(
      candidates.map(({ address }) => address),
      ['127.0.0.1'],
    );
  });

  test('IPv6 is rewritten by its own rule', async (t) => {
    const has = Object.values(networkInterfaces()).some((all) =>
      all?.some(({ address }) => address === '::1'),
    );
    if (!has) {
      t.diagnostic('no IPv6 here');
      return;
    }
    const { candidates } = await gathered({
      addressFilter: (address) => address === '::1',
      addressRewriting: [{ to: '203.0.113.5' }, { to: '2001:DB8:0:0::5' }],
    });
    assert.deepEqual(
      candidates.map(({ address }) => address),
      ['2001:db8::5'],
    );
  });
});

describe('W3C webrtc-pc §4.2.1 iceCandidatePoolSize', () => {
  for (const size of [-1, 256, Number.NaN])
    test(`${size} is refused`, () => {
      assert.throws(() => new RTCPeerConnection({ iceCandidatePoolSize: size }), { name: 'TypeError' });
    });

  test('sockets and servers are asked before there is a description, and nobody is told', async () => {
    const { socket, url, asked } = await stunServer(() => ({ address: '203.0.113.5', port: 4_000 }));
    const pc = new RTCPeerConnection({ ...LOOPBACK, iceServers: [{ urls: url }], iceCandidatePoolSize: 1 });
    let told = 0;
    pc.addEventListener('icecandidate', () => told++);
    while (asked.length === 0) await once(socket, 'message');
    pc.createDataChannel('any');
    // What is there is in the first offer already, as soon as it is there.
    for (let count = 0; count < 2; ) {
      await new Promise(setImmediate);
      count = (await pc.createOffer()).sdp?.match(/a=candidate/g)?.length ?? 0;
    }
    assert.deepEqual([told, pc.iceGatheringState], [0, 'new']);
    const { candidates, errors } = await gatheredBy(pc);
    assert.deepEqual(
      candidates.map(({ type, url: from }) => [type, from]),
      [
        ['host', null],
        ['srflx', url],
      ],
    );
    assert.deepEqual(errors, []);
    assert.equal(asked.length, 1, 'the pool has been used');
    assert.equal(pc.iceGatheringState, 'complete');
    pc.close();
    socket.close();
  });

  test('a pool of other servers is discarded, and its sockets with it', async () => {
    const first = await stunServer(() => ({ address: '203.0.113.5', port: 4_000 }));
    const second = await stunServer(() => ({ address: '203.0.113.6', port: 4_000 }));
    const pc = new RTCPeerConnection({
      ...LOOPBACK,
      iceServers: [{ urls: first.url }],
      iceCandidatePoolSize: 2,
    });
    await once(first.socket, 'message');
    pc.setConfiguration({ ...LOOPBACK, iceServers: [{ urls: second.url }], iceCandidatePoolSize: 1 });
    await once(second.socket, 'message');
    assert.notEqual(first.asked[0], second.asked[0]);
    const { candidates } = await gatheredBy(pc);
    assert.deepEqual(
      candidates.map(({ address }) => address),
      ['127.0.0.1', '203.0.113.6'],
    );
    pc.close();
    first.socket.close();
    second.socket.close();
  });

  test('it can be changed until a description has been set, and not after', async () => {
    const pc = new RTCPeerConnection(LOOPBACK);
    pc.setConfiguration({ ...LOOPBACK, iceCandidatePoolSize: 3 });
    assert.equal(pc.getConfiguration().iceCandidatePoolSize, 3);
    pc.setConfiguration({ ...LOOPBACK, iceCandidatePoolSize: 0 });
    const { candidates } = await gatheredBy(pc);
    assert.equal(candidates.length, 1);
    assert.throws(() => pc.setConfiguration({ ...LOOPBACK, iceCandidatePoolSize: 1 }), {
      name: 'InvalidModificationError',
    });
    pc.close();
  });

  test('pooled connections connect', async () => {
    const { channelA, channelB, close } = await connectedPair({ ...LOOPBACK, iceCandidatePoolSize: 1 });
    channelA.send('from the pool');
    assert.equal((await once(channelB, 'message'))[0].data, 'from the pool');
    close();
  });
});
