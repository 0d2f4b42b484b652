// Two millrace peers behind the routers of the world: who connects by which pair. Cases are a name, what stands between
// the peers and the Internet, the servers they are told, and the paths that theory allows.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RTCConfiguration } from 'millrace';
import { type Coturn, CREDENTIAL, coturnVersion, startCoturn, USERNAME } from '../coturn/server.ts';
import { claimed } from '../harness/claimed.ts';
import { interopOptions } from '../harness/options.ts';
import { withPeer } from '../harness/peer-here.ts';
import { CASES, type Case, type Server } from './cases.ts';
import type { PeerReport } from './child.ts';
import { Network, PUBLIC_ADDRESS, PUBLIC_ADDRESS6, within } from './network.ts';
import { Peer } from './peer.ts';

const PEER = 'nat';
const PATIENCE = 300_000; // ms
const STARTING = 90_000; // ms
const OPENING = 60_000; // ms
const RETURNING = 60_000; // ms
const REPORTING = 20_000; // ms

const URLS: Readonly<Record<Server, string>> = {
  stun: `stun:${PUBLIC_ADDRESS}`,
  stun6: `stun:[${PUBLIC_ADDRESS6}]`,
  'turn/udp': `turn:${PUBLIC_ADDRESS}`,
  'turn6/udp': `turn:[${PUBLIC_ADDRESS6}]`,
  'turn/tcp': `turn:${PUBLIC_ADDRESS}:443?transport=tcp`,
  'turn/tls': `turns:${PUBLIC_ADDRESS}:443`,
};

const options = interopOptions();
const reason =
  options.subject !== 'millrace'
    ? `its cases are for millrace, not for ${options.subject}`
    : coturnVersion() === undefined
      ? 'the turnserver command is not installed'
      : await Network.missing();

withPeer(PEER, `coturn ${coturnVersion()}`, reason, () => describe(PEER, cases));

function cases(): void {
  const network = new Network();
  let coturn: Coturn | undefined;
  const rows: string[][] = [['case', 'offerer sends', 'answerer sends', 'path', 'open ms']];

  before(async () => {
    await network.open();
    const addresses = [PUBLIC_ADDRESS, PUBLIC_ADDRESS6];
    const place = { within: within(network.public), addresses, ports: { port: 3478, tlsPort: 443 } };
    coturn = await startCoturn([], place);
  });

  after(async () => {
    await coturn?.close();
    await network.close();
    console.log(aligned(rows));
  });

  for (const each of CASES) {
    if (!each.says.includes(options.scenario) || (options.quick && !each.quick)) continue;
    const claim = { peer: PEER, part: 'subject', claim: 'path', says: each.says } as const;
    test(each.says, { timeout: PATIENCE }, () =>
      claimed(claim, async () => {
        rows.push([each.says, ...(await meet(network, each, coturn!.certificate))]);
      }),
    );
  }
}

/** Two peers connect and return some messages. The result is the end of a row. */
async function meet(network: Network, each: Case, authority: string): Promise<string[]> {
  const sites = await Promise.all(each.sites.map((site) => network.site(site)));
  const peers = sites.flat().map((namespace) => new Peer(namespace));
  const [offerer, answerer] = peers as [Peer, Peer];
  try {
    for (const peer of peers) assert(await peer.told('ready', STARTING), 'the peer has not started');
    offerer.onSignal = (signal) => answerer.say({ do: 'hear', signal });
    answerer.onSignal = (signal) => offerer.say({ do: 'hear', signal });
    answerer.say({ do: 'open', isOfferer: false, configuration: configurationOf(each, 1), authority });
    offerer.say({ do: 'open', isOfferer: true, configuration: configurationOf(each, 0), authority });
    const open = await offerer.told('open', OPENING);
    const returned = open && (await offerer.told('returned', RETURNING));
    const reports = await Promise.all(peers.map((peer) => peer.report(REPORTING)));
    const seen = JSON.stringify(reports, null, 1);
    assert(open, `not open after ${OPENING} ms: ${seen}`);
    assert(returned, `what was sent has not come back: ${seen}`);
    const [near, far] = reports as [PeerReport, PeerReport];
    const path = pathOf(near, far);
    assert(each.path.includes(path), `connected by ${path}, not by ${each.path.join(' or ')}: ${seen}`);
    return [
      `${near.local} -> ${near.remote}`,
      `${far.local} -> ${far.remote}`,
      path,
      open.milliseconds.toFixed(0),
    ];
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
    await network.remove(sites.flat());
  }
}

/** The relays that either of them sends through, or `direct`; `host` if neither address was translated. */
function pathOf(near: PeerReport, far: PeerReport): string {
  const relays = [
    ...[near.local, far.local].filter((type) => type.startsWith('relay')),
    ...[far.relays[near.remoteAddress], near.relays[far.remoteAddress]].filter((type) => type !== undefined),
  ];
  if (relays.length > 0) return [...new Set(relays)].sort().join(' + ');
  return near.local === far.local && near.local.startsWith('host') ? near.local : 'direct';
}

function configurationOf({ servers, takesTcp }: Case, end: 0 | 1): RTCConfiguration {
  const wanted = servers[end] ?? servers[0];
  return {
    millrace: takesTcp?.[end] ? { iceTcp: 'all' } : {},
    iceServers: wanted.map((name) => ({ urls: URLS[name], username: USERNAME, credential: CREDENTIAL })),
  };
}

function aligned(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
