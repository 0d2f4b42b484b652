// millrace's STUN and TURN clients against coturn: two connections that may use nothing but relayed candidates, by
// every transport, and what a user hears when a server says no.

import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import {
  expiringCredentials,
  type RTCConfiguration,
  RTCPeerConnection,
  type RTCPeerConnectionIceErrorEvent,
  type RTCStats,
} from 'millrace';
import { claimed } from '../harness/claimed.ts';
import { interopOptions } from '../harness/options.ts';
import { withPeer } from '../harness/peer-here.ts';
import { type Coturn, CREDENTIAL, coturnVersion, startCoturn, USERNAME } from './server.ts';

const PEER = 'coturn';
const PATIENCE = 400_000; // ms
const OPENING = 90_000; // ms
/** Allocations that nobody gives back live for 10 minutes. */
const GIVEN_BACK = 120_000; // ms
const BULK_BYTES = 4 * 1024 * 1024;
const MESSAGE_BYTES = 16_384;

const options = interopOptions();
const version = coturnVersion();
const reason =
  options.subject !== 'millrace'
    ? `its cases are for the TURN client of millrace, not of ${options.subject}`
    : version === undefined
      ? 'the turnserver command is not installed'
      : undefined;

withPeer(PEER, version, reason, () => describe(`${PEER} ${version}`, cases));

function cases(): void {
  for (const transport of ['udp', 'tcp', 'tls'] as const) {
    claim(
      `4 MiB arrive whole between two relayed addresses, the servers reached by ${transport}`,
      [],
      async (server) => {
        const configuration = relayed(server, transport);
        const pair = new Pair(configuration, configuration);
        await pair.transfer();
        for (const stats of await pair.selected()) {
          assert.equal(stats.candidateType, 'relay');
        }
        pair.close();
      },
    );
  }

  claim('a side that may use relays alone meets one that uses its own addresses', [], async (server) => {
    const pair = new Pair(relayed(server, 'udp'), { millrace: { loopback: true } });
    await pair.transfer();
    assert.equal((await pair.selected())[0]?.candidateType, 'relay');
    pair.close();
  });

  claim(
    'nonces that grow stale while the connection lives are taken anew',
    ['--stale-nonce=1'],
    async (server) => {
      const configuration = relayed(server, 'udp');
      const pair = new Pair(configuration, configuration);
      const gathered = pair.gathered();
      await pair.a.setLocalDescription();
      await gathered;
      // The allocations stand; every channel is bound with a nonce that has run out.
      await sleep(2_500);
      await pair.transfer();
      pair.close();
    },
  );

  claim('relayed candidates name their server, and nothing of the host', [], async (server) => {
    const pair = new Pair(relayed(server, 'tcp'), {});
    const gathered = pair.gathered();
    await pair.a.setLocalDescription();
    const candidates = await gathered;
    assert(candidates.length > 0);
    for (const { type, url, relayProtocol, relatedAddress } of candidates) {
      assert.deepEqual([type, relayProtocol, relatedAddress], ['relay', 'tcp', '0.0.0.0']);
      assert.equal(url, `turn:127.0.0.1:${server.port}?transport=tcp`);
    }
    pair.close();
  });

  claim('wrong credentials are told as error 401, and gathering comes to an end', [], async (server) => {
    const configuration = relayed(server, 'udp', 'wrong');
    const pair = new Pair(configuration, {});
    const gathered = pair.gathered();
    await pair.a.setLocalDescription();
    assert.deepEqual(await gathered, []);
    assert.equal(pair.errors[0]?.errorCode, 401);
    pair.close();
  });

  claim(
    'credentials that expire are good until then, and error 401 afterwards',
    ['--use-auth-secret', '--static-auth-secret=shared'],
    async (server) => {
      const good = expiringCredentials({ secret: 'shared', user: 'anna', lifetime: 60 });
      const configuration = relayed(server, 'udp', good.credential, good.username);
      const pair = new Pair(configuration, configuration);
      await pair.transfer(MESSAGE_BYTES);
      pair.close();
      const username = `${Math.floor(Date.now() / 1000) - 60}:anna`;
      const credential = createHmac('sha1', 'shared').update(username).digest('base64');
      const late = new Pair(relayed(server, 'udp', credential, username), {});
      const gathered = late.gathered();
      await late.a.setLocalDescription();
      assert.deepEqual(await gathered, []);
      assert.equal(late.errors[0]?.errorCode, 401);
      late.close();
    },
  );

  claim('a quota that is used up is told as error 486', ['--user-quota=1'], async (server) => {
    const configuration = relayed(server, 'udp');
    const first = new Pair(configuration, {});
    const gathered = first.gathered();
    await first.a.setLocalDescription();
    await gathered;
    const second = new Pair(configuration, {});
    const others = second.gathered();
    await second.a.setLocalDescription();
    assert.deepEqual(await others, []);
    assert.equal(second.errors[0]?.errorCode, 486);
    first.close();
    second.close();
  });

  claim('allocations are given back when a connection closes', ['--user-quota=2'], async (server) => {
    const configuration = relayed(server, 'udp');
    const end = performance.now() + GIVEN_BACK;
    for (let transferred = 0; transferred < 3; ) {
      const pair = new Pair(configuration, configuration);
      const transfer = pair.transfer(MESSAGE_BYTES).then(() => true);
      transfer.catch(() => {}); // one that was refused never opens
      const isWhole = await Promise.race([transfer, pair.overQuota()]);
      pair.close();
      if (isWhole) transferred++;
      else assert.ok(performance.now() < end, 'the quota is still used up');
      await sleep(500); // coturn looks for what has ended once a second
    }
  });

  claim(
    'an ICE restart keeps the allocations and the data that flows',
    ['--user-quota=2'],
    async (server) => {
      const configuration = relayed(server, 'udp');
      const pair = new Pair(configuration, configuration);
      await pair.transfer(MESSAGE_BYTES);
      for (const restarts of [pair.a, pair.b, pair.a]) {
        const before = await pair.selected();
        const moved = once(pair.a.sctp!.transport.iceTransport, 'selectedcandidatepairchange');
        restarts.restartIce();
        if (restarts === pair.b) await pair.negotiate(pair.b, pair.a);
        await pair.transfer();
        await moved;
        const after = await pair.selected();
        // A second allocation each would be refused by the quota.
        assert.deepEqual(
          after.map(({ candidateType, port }) => [candidateType, port]),
          before.map(({ candidateType, port }) => [candidateType, port]),
        );
      }
      assert.deepEqual(pair.errors, []);
      pair.close();
    },
  );

  claim('what has failed with its server comes back with it, by a restart', [], async (server) => {
    const configuration = relayed(server, 'udp');
    const pair = new Pair(configuration, configuration);
    await pair.transfer(MESSAGE_BYTES);
    const { port, tlsPort } = server;
    await server.close();
    while (pair.a.iceConnectionState !== 'failed') await once(pair.a, 'iceconnectionstatechange');
    const next = await startCoturn([], { ports: { port, tlsPort } });
    try {
      pair.a.restartIce();
      await pair.transfer();
      assert.equal(pair.a.connectionState, 'connected');
    } finally {
      pair.close();
      await next.close();
    }
  });

  claim('a server certificate that nobody vouches for is refused and told', [], async (server) => {
    setDefaultCACertificates(getCACertificates('bundled'));
    const pair = new Pair(relayed(server, 'tls'), {});
    const gathered = pair.gathered();
    await pair.a.setLocalDescription();
    assert.deepEqual(await gathered, []);
    assert.equal(pair.errors[0]?.errorCode, 701);
    pair.close();
  });
}

/** `says` is a claim; `flags` are for the server that the case gets for itself. */
function claim(says: string, flags: readonly string[], body: (server: Coturn) => Promise<void>): void {
  if (!says.includes(options.scenario)) return;
  test(says, { timeout: PATIENCE }, async () => {
    const server = await startCoturn(flags);
    try {
      setDefaultCACertificates([...getCACertificates('bundled'), server.certificate]);
      await claimed({ peer: PEER, part: 'subject', claim: 'turn', says }, () => body(server));
    } finally {
      await server.close();
    }
  });
}

function relayed(
  { port, tlsPort }: Coturn,
  transport: 'udp' | 'tcp' | 'tls',
  credential: string = CREDENTIAL,
  username: string = USERNAME,
): RTCConfiguration {
  const urls = {
    udp: `turn:127.0.0.1:${port}`,
    tcp: `turn:127.0.0.1:${port}?transport=tcp`,
    tls: `turns:localhost:${tlsPort}`,
  };
  return {
    iceServers: [{ urls: urls[transport], username, credential }],
    iceTransportPolicy: 'relay',
    millrace: { loopback: true, addressFilter: (address) => address === '127.0.0.1' },
  };
}

/** Two connections that trickle to each other; `a` offers. */
class Pair {
  readonly a: RTCPeerConnection;
  readonly b: RTCPeerConnection;
  readonly errors: RTCPeerConnectionIceErrorEvent[] = [];

  constructor(a: RTCConfiguration, b: RTCConfiguration) {
    this.a = new RTCPeerConnection(a);
    this.b = new RTCPeerConnection(b);
    this.a.addEventListener('icecandidateerror', (event) => void this.errors.push(event));
    this.a.createDataChannel('first');
  }

  /** All candidates of `a`, once it has them. */
  gathered(): Promise<Candidate[]> {
    const candidates: Candidate[] = [];
    return new Promise((resolve) => {
      this.a.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate === null) resolve(candidates);
        else if (candidate.candidate !== '') candidates.push(candidate);
      });
    });
  }

  /** False, once a server says that a quota is used up. */
  overQuota(): Promise<false> {
    return new Promise((resolve) => {
      for (const pc of [this.a, this.b])
        pc.addEventListener(
          'icecandidateerror',
          ({ errorCode }) => void (errorCode === 486 && resolve(false)),
        );
    });
  }

  async negotiate(offerer: RTCPeerConnection, answerer: RTCPeerConnection): Promise<void> {
    await offerer.setLocalDescription();
    await answerer.setRemoteDescription(offerer.localDescription!);
    await answerer.setLocalDescription();
    await offerer.setRemoteDescription(answerer.localDescription!);
  }

  async transfer(bytes: number = BULK_BYTES): Promise<void> {
    const { a, b } = this;
    const channel = a.createDataChannel('bulk');
    const digest = createHash('sha256');
    const whole = new Promise<void>((resolve) => {
      b.addEventListener('datachannel', ({ channel: far }) => {
        if (far.label !== 'bulk') return;
        far.binaryType = 'arraybuffer';
        let received = 0;
        far.onmessage = ({ data }) => {
          digest.update(new Uint8Array(data as ArrayBuffer));
          received += (data as ArrayBuffer).byteLength;
          if (received === bytes) resolve();
        };
      });
    });
    a.onicecandidate = ({ candidate }) => void b.addIceCandidate(candidate ?? undefined);
    b.onicecandidate = ({ candidate }) => void a.addIceCandidate(candidate ?? undefined);
    await this.negotiate(a, b);
    await opened(channel, this);
    const sent = createHash('sha256');
    for (let left = bytes; left > 0; left -= MESSAGE_BYTES) {
      const message = randomBytes(Math.min(left, MESSAGE_BYTES));
      sent.update(message);
      channel.send(message);
    }
    await whole;
    assert.equal(digest.digest('hex'), sent.digest('hex'));
  }

  /** The local candidates of the pairs in use, `a`'s first. */
  async selected(): Promise<RTCStats[]> {
    return Promise.all(
      [this.a, this.b].map(async (pc) => {
        const stats = await pc.getStats();
        const pair = [...stats.values()].find(
          ({ type, nominated }) => type === 'candidate-pair' && nominated,
        );
        return stats.get(pair?.localCandidateId as string)!;
      }),
    );
  }

  close(): void {
    this.a.close();
    this.b.close();
  }
}

type Candidate = NonNullable<Parameters<NonNullable<RTCPeerConnection['onicecandidate']>>[0]['candidate']>;

function opened(channel: ReturnType<RTCPeerConnection['createDataChannel']>, { a, b }: Pair): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`not open after ${OPENING} ms: ${a.connectionState}, ${b.connectionState}`));
    }, OPENING).unref();
    channel.onopen = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
