// The doctor of examples/ behind the NATs of the laboratory, asking a coturn that has two addresses of each family: what it
// says has to be what stands in between. And two of them that meet, or cannot.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Coturn, CREDENTIAL, coturnVersion, startCoturn, USERNAME } from '../coturn/server.ts';
import { claimed } from '../harness/claimed.ts';
import { interopOptions } from '../harness/options.ts';
import { withPeer } from '../harness/peer-here.ts';
import {
  Network,
  OTHER_PUBLIC_ADDRESS,
  OTHER_PUBLIC_ADDRESS6,
  PUBLIC_ADDRESS,
  PUBLIC_ADDRESS6,
  type SitePlan,
  within,
} from '../nat/network.ts';
import type { Nat } from '../nat/ruleset.ts';
import { Program } from './program.ts';

const PEER = 'doctor';
const PATIENCE = 300_000; // ms: a case starts several programs, some of which wait for servers that do not answer
const STARTING = 120_000; // ms
const SCRIPT = 'examples/doctor/src/main.ts';
const SIGNALING = 'packages/signaling/src/cli.ts';

const STUN = `stun:${PUBLIC_ADDRESS}`;
const STUN6 = `stun:[${PUBLIC_ADDRESS6}]`;
const TURN = `turn:${PUBLIC_ADDRESS}`;
const TURN_TLS = `turns:${PUBLIC_ADDRESS}:443`;
const KNOWN = ['--username', USERNAME, '--credential', CREDENTIAL];

/** The part of the doctor's JSON that is looked at here. */
interface Diagnosis {
  readonly nat?: { kind: string; hairpins?: boolean };
  readonly servers: ReadonlyArray<{ url: string; failure?: { code: string } }>;
  readonly connections: ReadonlyArray<{ name: string; works: boolean; local?: string }>;
  readonly meeting?: { works: boolean; local?: string; trouble?: { code: string } };
  readonly advice: ReadonlyArray<{ code: string; message: string }>;
}

interface Place {
  readonly network: Network;
  /** PEM file. */
  readonly authority: string;
}

interface Case {
  readonly says: string;
  readonly quick?: true;
  readonly run: (place: Place) => Promise<void>;
}

const behind = (nat: Nat): SitePlan => ({ routers: [{ nat }] });

const CASES: readonly Case[] = [
  ...(
    [
      ['cone', 'full-cone'],
      ['address-restricted', 'address-restricted'],
      ['port-restricted', 'port-restricted'],
      ['symmetric', 'symmetric'],
    ] as const
  ).map(([nat, kind]) => ({
    says: `a NAT that is ${nat} is told to be ${kind}`,
    ...(nat === 'symmetric' ? { quick: true as const } : {}),
    run: (place: Place) => toldAs(place, behind(nat), STUN, kind),
  })),
  {
    says: 'a firewall for IPv6 without a NAT is told to be a firewall',
    run: (place) => toldAs(place, { routers: [{ nat: 'none' }], family: 'ipv6' }, STUN6, 'firewall'),
  },
  {
    says: 'behind a symmetric NAT a relay is asked for, and all is well with one',
    run: async (place) => {
      const without = await diagnosed(place, behind('symmetric'), [STUN]);
      assert.deepEqual([without.code, has(without.found, 'NEEDS_RELAY')], [1, true]);
      const { code, found } = await diagnosed(place, behind('symmetric'), [STUN, TURN, TURN_TLS, ...KNOWN]);
      assert.equal(code, 0, JSON.stringify(found.advice));
      const relayed = found.connections.filter(({ name }) => name === 'relay');
      assert.deepEqual(
        relayed.map(({ works, local }) => [works, local?.split(' ')[0]]),
        [
          [true, 'relay'],
          [true, 'relay'],
        ],
      );
    },
  },
  {
    says: 'UDP that does not get through is told to be blocked, and the relay by TLS works',
    quick: true,
    run: async (place) => {
      const site: SitePlan = { routers: [{ nat: 'port-restricted', only443: true }] };
      const { code, found } = await diagnosed(place, site, [
        STUN,
        TURN,
        TURN_TLS,
        ...KNOWN,
        '--timeout',
        '10',
      ]);
      assert.equal(code, 1);
      assert.deepEqual(
        found.servers.map(({ failure }) => failure?.code),
        ['SILENT', 'SILENT', undefined],
      );
      assert.ok(has(found, 'UDP_BLOCKED'), JSON.stringify(found.advice));
      assert.ok(found.connections.find(({ name }) => name === 'relay')?.works);
    },
  },
  {
    says: 'a wrong password and a certificate that nobody vouches for are told',
    run: async ({ network }) => {
      const args = [TURN, TURN_TLS, '--username', USERNAME, '--credential', 'wrong'];
      const nobody = { network, authority: '' };
      const { code, found } = await diagnosed(nobody, behind('cone'), args);
      assert.equal(code, 1);
      assert.deepEqual(
        found.servers.map(({ failure }) => failure?.code),
        ['CREDENTIALS', 'CERTIFICATE'],
      );
    },
  },
  {
    says: 'two behind cones meet directly',
    run: async (place) => {
      for (const { code, found } of await met(place, behind('cone'), behind('port-restricted'), [STUN])) {
        assert.ok(has(found, 'MET'), JSON.stringify(found));
        assert.equal(code, 0);
      }
    },
  },
  {
    says: 'two behind symmetric NATs do not meet without a relay, and are told that only one will do',
    run: async (place) => {
      const args = [STUN, '--timeout', '10'];
      for (const { code, found } of await met(place, behind('symmetric'), behind('symmetric'), args)) {
        assert.equal(code, 1);
        assert.equal(found.meeting?.trouble?.code, 'NO_ANSWERS');
        const { message = '' } = found.advice.find((each) => each.code === 'BOTH_NATS') ?? {};
        assert.match(message, /only a relay will do/);
      }
    },
  },
  {
    says: 'two behind symmetric NATs meet by a relay',
    run: async (place) => {
      const args = [STUN, TURN, ...KNOWN];
      for (const { code, found } of await met(place, behind('symmetric'), behind('symmetric'), args)) {
        assert.ok(has(found, 'MET_BY_RELAY'), JSON.stringify(found));
        assert.equal(code, 0);
      }
    },
  },
];

const options = interopOptions();
const reason =
  options.subject !== 'millrace'
    ? `its cases are for millrace, not for ${options.subject}`
    : coturnVersion() === undefined
      ? 'the turnserver command is not installed'
      : await Network.missing();

// A doctor mostly waits.
withPeer(PEER, `coturn ${coturnVersion()}`, reason, () => describe(PEER, { concurrency: 3 }, cases));

function cases(): void {
  const network = new Network();
  const directory = mkdtempSync(join(tmpdir(), 'millrace-doctor-'));
  const place = { network, authority: join(directory, 'authority.pem') };
  let coturn: Coturn | undefined;
  let signaling: Program | undefined;

  before(
    async () => {
      await network.open();
      const addresses = [PUBLIC_ADDRESS, OTHER_PUBLIC_ADDRESS, PUBLIC_ADDRESS6, OTHER_PUBLIC_ADDRESS6];
      const ports = { port: 3478, tlsPort: 443 };
      coturn = await startCoturn([], { within: within(network.public), addresses, ports });
      writeFileSync(place.authority, coturn.certificate);
      signaling = new Program(network.public, SIGNALING, ['--host', PUBLIC_ADDRESS, '--port', '8080']);
      await signaling.printed(/http:\S+/);
    },
    { timeout: STARTING },
  );

  after(async () => {
    await signaling?.close();
    await coturn?.close();
    await network.close();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const { says, quick, run } of CASES) {
    if (!says.includes(options.scenario) || (options.quick && !quick)) continue;
    const claim = { peer: PEER, part: 'subject', claim: 'told', says } as const;
    test(says, { timeout: PATIENCE }, () => claimed(claim, () => run(place)));
  }
}

async function toldAs(place: Place, site: SitePlan, server: string, kind: string): Promise<void> {
  const { found } = await diagnosed(place, site, [server]);
  assert.equal(found.nat?.kind, kind, JSON.stringify(found.nat));
  assert.ok(has(found, `NAT_${kind.toUpperCase().replaceAll('-', '_')}`));
}

async function diagnosed(
  place: Place,
  site: SitePlan,
  args: readonly string[],
): Promise<{ code: number | null; found: Diagnosis }> {
  const hosts = await place.network.site(site);
  const program = start(place, hosts[0]!, args);
  try {
    return await outcomeOf(program);
  } finally {
    await program.close();
    await place.network.remove(hosts);
  }
}

/** Two doctors, who meet on the signaling server of the public segment. */
async function met(
  place: Place,
  near: SitePlan,
  far: SitePlan,
  args: readonly string[],
): Promise<Array<{ code: number | null; found: Diagnosis }>> {
  const hosts = await Promise.all([near, far].map((site) => place.network.site(site)));
  const programs: Program[] = [];
  try {
    const url = `http://${PUBLIC_ADDRESS}:8080`;
    const inviting = start(place, hosts[0]![0]!, [...args, '--url', url]);
    programs.push(inviting);
    const invitation = await inviting.printed(/'(http:\S+)'/);
    programs.push(start(place, hosts[1]![0]!, [...args, invitation]));
    return await Promise.all(programs.map(outcomeOf));
  } finally {
    await Promise.all(programs.map((program) => program.close()));
    for (const each of hosts) await place.network.remove(each);
  }
}

function start({ authority }: Place, host: string, args: readonly string[]): Program {
  const trust: Record<string, string> = authority === '' ? {} : { NODE_EXTRA_CA_CERTS: authority };
  return new Program(host, SCRIPT, ['--json', ...args], trust);
}

async function outcomeOf(program: Program): Promise<{ code: number | null; found: Diagnosis }> {
  const { code, stdout, stderr } = await program.ended;
  assert.notEqual(stdout, '', stderr);
  return { code, found: JSON.parse(stdout) as Diagnosis };
}

function has({ advice }: Diagnosis, code: string): boolean {
  return advice.some((each) => each.code === code);
}
