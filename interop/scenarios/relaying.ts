// Both ends are told to use nothing but relays, and there is one: a coturn for the time of the scenario.

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { CREDENTIAL, coturnVersion, startCoturn, USERNAME } from '../coturn/server.ts';
import type { End } from '../harness/end.ts';
import type { Run } from '../harness/run.ts';
import { arrives } from './arrival.ts';
import type { Scenario } from './scenario.ts';

/** One that every implementation sends to; not all do to loopback. */
function hostAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

type Transport = 'udp' | 'tcp' | 'tls';

async function relayOnly(run: Run, transport: Transport): Promise<void> {
  if (coturnVersion() === undefined) {
    run.note('the turnserver command is not installed: nothing was relayed');
    return;
  }
  const address = hostAddress();
  // Firefox uses TLS only to servers with a name, which is one of loopback.
  const addresses = [...new Set([address, '127.0.0.1'])];
  const server = await startCoturn([], { addresses, relayAddresses: [address] });
  try {
    const url = transport === 'tls' ? `turns:localhost:${server.tlsPort}` : `turn:${address}:${server.port}`;
    await relayedBy(run, `${url}?transport=${transport === 'udp' ? 'udp' : 'tcp'}`, {
      stun: `stun:${address}:${server.port}`,
      authority: server.certificate,
    });
  } finally {
    await server.close();
  }
}

interface Others {
  readonly stun: string;
  /** PEM: who vouches for the server. Browsers are launched so that they do not ask. */
  readonly authority: string;
}

async function relayedBy(run: Run, url: string, { stun, authority }: Others): Promise<void> {
  const given = new Map<End, string[]>();
  const configuration = {
    iceServers: [{ urls: stun }, { urls: url, username: USERNAME, credential: CREDENTIAL }],
    iceTransportPolicy: 'relay',
    authority,
  };
  const session = await run.session({
    configuration,
    pass: (from, candidate) => {
      if (candidate?.candidate) given.set(from, [...(given.get(from) ?? []), candidate.candidate]);
      return true;
    },
  });
  const { offerer, answerer } = session;
  await run.claim('relayed', 'both talk through a relay', { from: offerer, to: answerer }, async () => {
    const [near, far] = await session.open();
    await arrives(near, far, [{ text: 'to the answerer' }]);
    await arrives(far, near, [{ text: 'to the offerer' }]);
  });
  for (const end of [offerer, answerer]) {
    await run.claim('relay-only', `${end.name} gives relayed candidates alone`, { from: end }, async () => {
      const all = given.get(end) ?? [];
      assert.ok(all.length > 0, 'no candidate was seen');
      const others = all.filter((line) => !/ typ relay/.test(line));
      assert.deepEqual(others, [], 'not only relays');
    });
  }
  // While the server is there to take its allocations back: some wait for its word.
  await Promise.all([offerer.close(), answerer.close()]);
}

export const relaying: readonly Scenario[] = [
  { title: 'open by relay alone', patience: 30_000, packetPath: true, run: (run) => relayOnly(run, 'udp') },
  {
    title: 'open by relay over TCP alone',
    patience: 30_000,
    needs: 'TURN over TCP',
    run: (run) => relayOnly(run, 'tcp'),
  },
  {
    title: 'open by relay over TLS alone',
    patience: 30_000,
    needs: 'TURN over TLS',
    anyCertificate: true,
    run: (run) => relayOnly(run, 'tls'),
  },
];
