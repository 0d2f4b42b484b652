// The examination: all that does not depend on each other at once, then the connections one by one, so that none of them
// disturbs the times of another.
import type { RTCConfiguration } from 'millrace';
import { examineAddresses, kindOf } from './addresses.ts';
import type { ConnectionFinding, Findings } from './findings.ts';
import { probeMdns } from './mdns-probe.ts';
import { judgeNat } from './nat.ts';
import { tryPair } from './pair.ts';
import { type Examined, examineServer, type Server } from './server.ts';

/** Milliseconds that the connection through the NAT's own public address may take: most NATs say nothing at all. */
const HAIRPIN_PATIENCE = 2_000;

export interface ExaminationOptions {
  readonly servers: readonly Server[];
  /** Milliseconds that one server, or one connection, may take. */
  readonly patience: number;
}

export async function examine({ servers, patience }: ExaminationOptions): Promise<Findings> {
  const [mdns, examined] = await Promise.all([
    probeMdns(),
    Promise.all(servers.map((server) => examineServer(server, patience))),
  ]);
  const nat = await judgeNat(examined.flatMap(({ nat }) => nat ?? []));
  const gathered = new Set<string>();
  const own = await tryPair({ name: 'own addresses', configuration: {} }, patience, ({ type, address }) => {
    if (type === 'host' && address !== null) gathered.add(address);
  });
  const connections = [own];
  for (const relay of examined.filter(isRelay)) {
    const { url } = relay.server;
    const configuration: RTCConfiguration = { ...configurationFor([relay]), iceTransportPolicy: 'relay' };
    connections.push(await tryPair({ name: 'relay', url, configuration }, patience));
  }
  const configuration = configurationFor(examined);
  if (nat !== undefined && nat.local !== nat.mapped) {
    const passes = (candidate: string): boolean => / typ srflx/.test(candidate);
    const plan = { name: 'public address', configuration, passes } as const;
    connections.push(await tryPair(plan, Math.min(patience, HAIRPIN_PATIENCE)));
  }
  if (servers.length > 0) connections.push(await tryPair({ name: 'all servers', configuration }, patience));
  return {
    addresses: examineAddresses(gathered),
    mdns,
    servers: examined.map(({ finding }) => finding),
    nat,
    connections: connections satisfies ConnectionFinding[],
    meeting: undefined,
  };
}

/** Of servers that work: the others would only cost time. */
function configurationFor(examined: readonly Examined[]): RTCConfiguration {
  const working = examined.filter(({ finding }) => finding.failure === undefined);
  const isLocal = working.some(({ finding }) => kindOf(finding.address ?? '') === 'loopback');
  return { iceServers: working.map(({ server }) => server.ice), millrace: { loopback: isLocal } };
}

function isRelay({ finding }: Examined): boolean {
  return finding.kind === 'turn' && finding.failure === undefined;
}
