// One of the two processes of a flow. Its parent relays the signaling and says when to start and when to leave.
import { loadImplementation } from './adapters/load.ts';
import { CostMeter } from './costs.ts';
import type { Connection, Flow, FlowContext } from './flow.ts';
import type { Channel, Implementation, Peer, Phase, Signal } from './implementation.ts';
import type { FromPeer, PeerArguments, ToPeer } from './messages.ts';
import { profiled } from './profile/session.ts';
import { INJECTED_SLOWDOWN, slowDownLoop } from './slowdown.ts';
import { startStunResponder } from './stun-responder.ts';

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

/** One connection of this process. */
interface Link {
  readonly peer: Peer;
  readonly started: number;
  readonly phases: Partial<Record<Phase, number>>;
  /** Channels the other side has opened. */
  readonly accepted: Channel[];
}

const links = new Map<number, Link>();
/** Resolves when the next channel of any connection is accepted. */
let arrival = Promise.withResolvers<void>();
const told: number[] = [];
const hearing: Array<(value: number) => void> = [];

// Whoever interrupts the parent from a terminal reaches this process as well; the parent decides what follows.
process.on('SIGINT', () => {});

let implementation: Implementation;
try {
  implementation = await loadImplementation(name, {
    stunPort: stunPort || (await startStunResponder()).address().port,
  });
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
  else if (message.type === 'signal') linkFor(message.connection).peer.signal(message.signal);
  else if (message.type === 'tell') hand(told, hearing, message.value);
  else leave();
});
process.on('disconnect', leave);

async function run(): Promise<void> {
  try {
    const { flow } = (await import(url)) as { flow: Flow };
    if (INJECTED_SLOWDOWN > 0) slowDownLoop();
    const costs = new CostMeter();
    const measurement = await profiled(role, () => flow[role](context(costs)));
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
    connect(channels = [{}], patience = Number.POSITIVE_INFINITY): Promise<Connection> {
      const id = connections++;
      const link = linkFor(id);
      const opening = channels.map((options, i) => link.peer.open({ ...options, label: String(i) }));
      link.peer.offer();
      const opened = Promise.all(opening).then((open) => finish(id, link, open));
      return within(patience, opened, id);
    },
    accept(channels = 1, patience = Number.POSITIVE_INFINITY): Promise<Connection> {
      const id = connectionsAccepted++;
      return within(patience, accepted(id, channels), id);
    },
    tell: (value) => say({ type: 'tell', value }),
    heard: () => next(told, hearing),
    startCosts: () => costs.restart(),
  };
}

async function accepted(id: number, channels: number): Promise<Connection> {
  // The other side's first signal makes the peer.
  for (;;) {
    const link = links.get(id);
    if (link !== undefined && link.accepted.length >= channels) {
      const inOrder = link.accepted.toSorted((a, b) => Number(a.label) - Number(b.label));
      return finish(id, link, inOrder);
    }
    await arrival.promise;
  }
}

async function within(patience: number, opened: Promise<Connection>, id: number): Promise<Connection> {
  if (patience === Number.POSITIVE_INFINITY) return opened;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    closeLink(id);
    late.reject(new Error(`connection ${id} was not open after ${patience} ms`));
  }, patience);
  try {
    return await Promise.race([opened, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Both sides number connections alike. */
function linkFor(connection: number): Link {
  const known = links.get(connection);
  if (known !== undefined) return known;
  const started = performance.now();
  const phases: Link['phases'] = {};
  const link: Link = {
    started,
    phases,
    accepted: [],
    peer: implementation.createPeer({
      onSignal: (signal: Signal) => say({ type: 'signal', connection, signal }),
      onChannel(channel) {
        link.accepted.push(channel);
        arrival.resolve();
        arrival = Promise.withResolvers();
      },
      onPhase(phase) {
        phases[phase] ??= performance.now() - started;
      },
    }),
  };
  links.set(connection, link);
  return link;
}

function finish(id: number, { started, phases }: Link, channels: readonly Channel[]): Connection {
  const openedAfter = performance.now() - started;
  phases.channel ??= openedAfter;
  return { channel: channels[0]!, channels, openedAfter, phases, close: () => closeLink(id) };
}

function closeLink(id: number): void {
  const link = links.get(id);
  if (link === undefined) return;
  link.peer.close();
  // Kept, so that a late candidate does not make a new peer.
  links.set(id, { ...link, peer: GONE });
}

const GONE: Peer = {
  open: () => Promise.reject(new Error('closed')),
  offer() {},
  signal() {},
  close() {},
};

function leave(): void {
  for (const id of links.keys()) closeLink(id);
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
