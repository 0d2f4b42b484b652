// Drives STUN's queries, which know neither sockets nor clocks, on a UDP socket of their own.
import { randomFillSync } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import {
  BindingQuery,
  canonicalAddress,
  type ErrorCode,
  type NatBehavior,
  NatBehaviorQuery,
  type TransportAddress,
} from '@millrace/stun';

const random = { fill: (bytes: Uint8Array): void => void randomFillSync(bytes) };
const LONGEST_QUERY = 64; // bytes
const LONGEST_WAIT = 0x7fff_ffff; // ms
/** Sent at 0, 0.25, 0.75 s, given up at 1.75 s. */
const PATIENCE = { rto: 250, rtoMax: Number.POSITIVE_INFINITY, sends: 3, lastWait: 4 };

/** What kind of NAT is between a new socket and `server`. */
export async function askBehavior(
  server: TransportAddress,
): Promise<{ local: TransportAddress; behavior: NatBehavior }> {
  const { socket, local } = await socketTowards(server);
  const query = new NatBehaviorQuery({ server, local, random });
  const behavior = await new Promise<NatBehavior>((resolve) => {
    drive(socket, [
      {
        core: query,
        route: () => query.route,
        drain: () => query.drain({ onBehavior: resolve }),
      },
    ]);
  });
  socket.close();
  return { local, behavior };
}

/** How each of `servers` sees one and the same socket, in their order; `undefined` from those that do not answer. */
export async function askMapped(
  servers: readonly TransportAddress[],
): Promise<{ local: TransportAddress; mapped: ReadonlyArray<TransportAddress | undefined> }> {
  const { socket, local } = await socketTowards(servers[0]!);
  const answers = servers.map(() => Promise.withResolvers<TransportAddress | undefined>());
  drive(
    socket,
    servers.map((server, i) => {
      const query = new BindingQuery(random, PATIENCE);
      const { resolve } = answers[i]!;
      return {
        core: query,
        route: () => server,
        drain: () =>
          query.drain({
            onMapped: (mapped) => resolve(mapped),
            onFailed: (_: ErrorCode | undefined) => resolve(undefined),
          }),
      };
    }),
  );
  const mapped = await Promise.all(answers.map(({ promise }) => promise));
  socket.close();
  return { local, mapped };
}

interface Driven {
  readonly core: BindingQuery | NatBehaviorQuery;
  route(): TransportAddress;
  drain(): void;
}

/** Until the socket is closed. */
function drive(socket: Socket, queries: readonly Driven[]): void {
  const out = new Uint8Array(LONGEST_QUERY);
  let timer: NodeJS.Timeout | undefined;
  let isOpen = true;
  const pump = (): void => {
    if (!isOpen) return;
    const now = performance.now();
    for (const { core, route, drain } of queries) {
      core.expire(now);
      for (;;) {
        const length = core.transmit(out, 0, out.length, now);
        if (length === 0) break;
        // What cannot be sent is as lost as what is lost on the way.
        socket.send(out.slice(0, length), route().port, route().address, () => {});
      }
      drain();
    }
    clearTimeout(timer);
    const next = Math.min(...queries.map(({ core }) => core.deadline()));
    if (next !== Number.POSITIVE_INFINITY)
      timer = setTimeout(pump, Math.min(Math.max(next - now, 0) + 1, LONGEST_WAIT));
  };
  socket.on('message', (bytes, { address, port }) => {
    const from = { address: canonicalAddress(address) ?? address, port };
    for (const { core } of queries) core.receive(bytes, 0, bytes.length, performance.now(), from);
    pump();
  });
  socket.on('error', () => {});
  socket.once('close', () => {
    isOpen = false;
    clearTimeout(timer);
  });
  pump();
}

/** A socket at the address that the system would send to `server` from. */
async function socketTowards(server: TransportAddress): Promise<{ socket: Socket; local: TransportAddress }> {
  const type = isIPv6(server.address) ? 'udp6' : 'udp4';
  const scout = createSocket(type);
  scout.connect(server.port, server.address);
  try {
    await once(scout, 'connect');
  } catch (error) {
    scout.close();
    throw error;
  }
  const { address } = scout.address();
  scout.close();
  const socket = createSocket(type).bind(0, address);
  await once(socket, 'listening');
  return { socket, local: { address: canonicalAddress(address) ?? address, port: socket.address().port } };
}
