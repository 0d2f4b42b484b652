// One of the two processes of a flow. Its parent relays the signaling and says when to start and when to leave.
import { loadImplementation } from './adapters/load.ts';
import { CostMeter } from './costs.ts';
import type { Connection, Flow, FlowContext } from './flow.ts';
import type { Channel, Implementation, Peer, Signal } from './implementation.ts';
import type { FromPeer, PeerArguments, ToPeer } from './messages.ts';

const {
  role,
  implementation: name,
  flow: url,
  settings,
  stunPort,
} = JSON.parse(process.argv[2]!) as PeerArguments;
const say = (message: FromPeer): void => {
  process.send?.(message);
};

const peers = new Map<number, Peer>();
const accepted: Channel[] = [];
const accepting: Array<(channel: Channel) => void> = [];
const told: number[] = [];
const hearing: Array<(value: number) => void> = [];

// Whoever interrupts the parent from a terminal reaches this process as well; the parent decides what follows.
process.on('SIGINT', () => {});

let implementation: Implementation;
try {
  implementation = await loadImplementation(name, { stunPort });
  say({ type: 'ready', version: implementation.version });
} catch (error) {
  say({
    type: 'unavailable',
    reason: error instanceof Error ? error.message.split('\n')[0]! : String(error),
  });
  process.disconnect?.();
}

process.on('message', (message: ToPeer) => {
  if (message.type === 'start') void run();
  else if (message.type === 'signal') peerFor(message.connection).signal(message.signal);
  else if (message.type === 'tell') hand(told, hearing, message.value);
  else leave();
});
process.on('disconnect', leave);

async function run(): Promise<void> {
  try {
    const { flow } = (await import(url)) as { flow: Flow };
    const costs = new CostMeter();
    const measurement = await flow[role](context(costs));
    const cost = await costs.read();
    costs.stop();
    say({ type: 'done', measurement, cost });
  } catch (error) {
    say({ type: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function context(costs: CostMeter): FlowContext {
  let connections = 0;
  let connectionsAccepted = 0;
  return {
    settings,
    async connect(options = {}): Promise<Connection> {
      const id = connections++;
      const started = performance.now();
      const peer = peerFor(id);
      const channel = await peer.open(options);
      return { channel, openedAfter: performance.now() - started, close: () => closePeer(id) };
    },
    async accept(): Promise<Connection> {
      const started = performance.now();
      const channel = await next(accepted, accepting);
      const id = connectionsAccepted++;
      return { channel, openedAfter: performance.now() - started, close: () => closePeer(id) };
    },
    tell: (value) => say({ type: 'tell', value }),
    heard: () => next(told, hearing),
    startCosts: () => costs.restart(),
  };
}

/** Both sides number connections alike; on the answering side the first signal makes the peer. */
function peerFor(connection: number): Peer {
  let peer = peers.get(connection);
  if (peer === undefined) {
    peer = implementation.createPeer({
      onSignal: (signal: Signal) => say({ type: 'signal', connection, signal }),
      onChannel: (channel) => hand(accepted, accepting, channel),
    });
    peers.set(connection, peer);
  }
  return peer;
}

function closePeer(connection: number): void {
  peers.get(connection)?.close();
  // Kept, so that a late candidate does not make a new peer.
  peers.set(connection, { open: () => Promise.reject(new Error('closed')), signal() {}, close() {} });
}

function leave(): void {
  for (const id of peers.keys()) closePeer(id);
  implementation?.shutdown();
  process.exit(0);
}

function hand<T>(queue: T[], waiting: Array<(value: T) => void>, value: T): void {
  const waiter = waiting.shift();
  if (waiter) waiter(value);
  else queue.push(value);
}

function next<T>(queue: T[], waiting: Array<(value: T) => void>): Promise<T> {
  return queue.length > 0
    ? Promise.resolve(queue.shift()!)
    : new Promise<T>((resolve) => {
        waiting.push(resolve);
      });
}
