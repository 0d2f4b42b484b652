// A server on one port: a thousand clients at once, each in a whole connection over loopback, all in one process; and
// what a stranger's datagram costs it. Prints one JSON line.
//
//   node --expose-gc --conditions=@millrace/source packages/millrace/bench/single-port.ts [clients] [--portable]
import { once } from 'node:events';
import { IceAgent } from '@millrace/ice';
import { METHOD_BINDING, MessageWriter, PRIORITY, shortTermKey, USERNAME } from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { listen, RTCPeerConnection, type RTCServer } from '../src/index.ts';
import { MUX_DEFAULTS } from '../src/mux/options.ts';
import { MuxMember, MuxRouter } from '../src/mux/router.ts';
import { random } from '../src/transport/random.ts';

const count = Number(process.argv.find((each) => /^\d+$/.test(each)) ?? 1_000);
const native = !process.argv.includes('--portable');
const FLOOD = 100_000;
const FROM = { address: '198.51.100.1', port: 1 };

interface Opening {
  readonly client: RTCPeerConnection;
  readonly milliseconds: number;
}

async function open(server: RTCServer): Promise<Opening> {
  const start = performance.now();
  const client = new RTCPeerConnection({
    millrace: { native, loopback: true, addressFilter: (address) => address === '127.0.0.1' },
  });
  const channel = client.createDataChannel('first');
  await client.setLocalDescription();
  const { answer } = await server.answer(client.localDescription!);
  await client.setRemoteDescription(answer);
  if (channel.readyState !== 'open') await once(channel, 'open');
  return { client, milliseconds: performance.now() - start };
}

function used(): { rss: number; heap: number; external: number } {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed, external };
}

async function thousand(): Promise<object> {
  const server = await listen({ addresses: ['127.0.0.1'], configuration: { millrace: { native } } });
  for (const { client } of await Promise.all([open(server), open(server)])) client.close(); // both ends are warm
  const before = used();
  const start = performance.now();
  const openings = await Promise.all(Array.from({ length: count }, () => open(server)));
  const milliseconds = performance.now() - start;
  const after = used();
  const times = openings.map((each) => each.milliseconds).sort((a, b) => a - b);
  const { connections, remoteAddresses, drops } = server.stats;
  const closing = performance.now();
  // From the server, whose farewells go to a thousand sockets; those of its clients would not all fit into its one.
  server.close();
  await Promise.all(openings.map(({ client }) => client.closed));
  const closed = performance.now() - closing;
  const kept = used();
  const perPair = (from: number, to: number): number => Math.round((to - from) / count / 102.4) / 10;
  return {
    clients: count,
    open: openings.length,
    atServer: connections,
    remoteAddresses,
    milliseconds: Math.round(milliseconds),
    millisecondsEach: Math.round((milliseconds / count) * 100) / 100,
    median: Math.round(times[times.length >> 1]!),
    slowest: Math.round(times.at(-1)!),
    // Both ends of each connection are in this process.
    kibibytesEachPair: {
      heap: perPair(before.heap, after.heap),
      external: perPair(before.external, after.external),
      resident: perPair(before.rss, after.rss),
      heapAfterClose: perPair(before.heap, kept.heap),
    },
    closeMilliseconds: Math.round(closed),
    drops,
  };
}

function check(username: string, password: string): Uint8Array {
  const out = new Uint8Array(200);
  const length = new MessageWriter()
    .begin(out, 0, out.length, 'request', METHOD_BINDING, new Uint8Array(12))
    .add(USERNAME, username)
    .add(PRIORITY, 1)
    .addIntegrity(shortTermKey(password), nodeStunCrypto)
    .addFingerprint()
    .finish();
  return out.slice(0, length);
}

/** Nanoseconds for each datagram of a flood, in interleaved rounds; the kernel's part is not in it. */
function floods(): object {
  const agent = new IceAgent({ role: 'controlled', lite: true, crypto: nodeStunCrypto, random });
  agent.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 9000 }, 0);
  const route = { socket: 0, remote: FROM };
  const router = (onUnknownUfrag?: () => boolean): { give(bytes: Uint8Array): void } => {
    const one = new MuxRouter({
      limits: MUX_DEFAULTS,
      onUnknownUfrag,
      now: () => 0,
      defer: () => {},
      onThrown: () => {},
    });
    const socket = one.addSocket({ address: '192.0.2.1', port: 9000 });
    for (let i = 0; i < 1_000; i++) one.join(new MuxMember(() => {}), `fragment${i}`);
    const member = new MuxMember(() => {});
    one.join(member, agent.localParameters.usernameFragment);
    one.openPlace(member, socket.number, {
      onDatagram: (bytes, at, end, remote) => {
        route.remote = remote;
        agent.receive(bytes, at, end, 0, route);
      },
      onBatchEnd: () => {},
      onWritable: () => {},
      onMtuExceeded: () => {},
      onError: () => {},
      isVerified: (remote) => {
        route.remote = remote;
        return agent.isVerified(route);
      },
    });
    return {
      give: (bytes) => {
        socket.receive(bytes, 0, bytes.length, FROM);
        socket.endBatch();
      },
    };
  };
  const { usernameFragment, password } = agent.localParameters;
  const [plain, asking] = [router(), router(() => false)];
  const record = new Uint8Array(1_200).fill(23);
  const unfinished = check(`${usernameFragment}:peer`, password);
  unfinished[unfinished.length - 1]! ^= 1;
  const cases: Record<string, () => void> = {
    'data from an unknown address': () => plain.give(record),
    'guessed fragment': knock('guess000:peer', plain),
    'guessed fragment, with a hook that refuses': knock('guess000:peer', asking),
    'wrong fingerprint': () => plain.give(unfinished),
    'wrong integrity': knock(`${usernameFragment}:peer`, plain),
  };
  const best: Record<string, number> = {};
  for (let round = 0; round < 5; round++)
    for (const [name, run] of Object.entries(cases)) {
      const start = performance.now();
      for (let i = 0; i < FLOOD; i++) run();
      const each = ((performance.now() - start) / FLOOD) * 1e6;
      best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, Math.round(each));
    }
  if (agent.stats.responsesSent > 0 || agent.transmit(record, 0, 1_200, 0) > 0) throw new Error('answered');
  return { ...best, dropped: agent.stats.drops['bad-integrity'] + agent.stats.drops['bad-fingerprint'] };

  function knock(username: string, to: { give(bytes: Uint8Array): void }): () => void {
    const bytes = check(username, 'wrongwrongwrongwrongwrong');
    return () => to.give(bytes);
  }
}

console.log(JSON.stringify({ native, connecting: await thousand(), nanosecondsEachDatagram: floods() }));
