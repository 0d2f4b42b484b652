// Runs a flow once: forks both processes, relays between them, and ends them by their handles whatever happens.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FlowResult, Settings } from './flow.ts';
import { ENVIRONMENTS, type ImplementationName, type Signal } from './implementation.ts';
import { inCheckout, type Launch } from './launch.ts';
import type { FromPeer, PeerArguments, Role, ToPeer } from './messages.ts';
import { startStunResponder } from './stun-responder.ts';

const PEER_PROCESS = new URL('./peer-process.ts', import.meta.url).href;
/** How long a peer may take to leave by itself before it is killed. */
const LEAVE_MS = 3_000;

export interface RunOptions {
  readonly implementation: ImplementationName;
  /** URL of the module that exports `flow`. */
  readonly flow: string;
  readonly settings: Settings;
  /** After so many milliseconds both processes are killed and the run has failed. */
  readonly timeout: number;
  readonly launch?: Launch;
  readonly signal?: AbortSignal | undefined;
  /** What lies between the two peers. Default nothing but this machine. */
  readonly path?: PeerPath;
}

/** A way between two peers that are not simply on one machine. */
export interface PeerPath {
  /** What the process of a peer is started through, such as a program that enters a network namespace. */
  readonly command?: (role: Role) => readonly string[];
  /** What the other peer is to hear of what `from` said; undefined: nothing. */
  readonly translate?: (from: Role, signal: Signal) => Signal | undefined;
}

/** The stack cannot be used on this machine at all: not installed, or it does not load. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** Rejects with an `UnavailableError`, or with whatever made the flow fail. */
export async function runFlow(options: RunOptions): Promise<FlowResult> {
  options.signal?.throwIfAborted();
  const stun = await startStunResponder();
  const stunPort = stun.address().port;
  const peers = {
    offerer: start('offerer', options, stunPort),
    answerer: start('answerer', options, stunPort),
  };
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => timeout.reject(new Error(`not done after ${options.timeout / 1000} s`)),
    options.timeout,
  );
  const onAbort = (): void => timeout.reject(options.signal!.reason);
  options.signal?.addEventListener('abort', onAbort);
  try {
    return await Promise.race([converse(peers, options.path), timeout.promise]);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    await Promise.all([end(peers.offerer), end(peers.answerer)]);
    stun.close();
  }
}

type Peers = Readonly<Record<Role, ChildProcess>>;

function start(role: Role, options: RunOptions, stunPort: number): ChildProcess {
  const { implementation, settings, launch = {}, path } = options;
  const flow = inCheckout(options.flow, launch);
  const [program, ...words] = path?.command?.(role) ?? [];
  const peerArguments: PeerArguments = {
    role,
    implementation,
    flow,
    settings,
    // Elsewhere this machine's loopback is out of reach, and the peer brings a responder of its own.
    stunPort: program === undefined ? stunPort : 0,
  };
  const execArgv = ['--conditions=@millrace/source', '--expose-gc', ...(launch.execArgv ?? [])];
  return fork(fileURLToPath(inCheckout(PEER_PROCESS, launch)), [JSON.stringify(peerArguments)], {
    // What a stack prints is nobody's result; what makes it die is.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    ...(program === undefined
      ? { execArgv }
      : { execPath: program, execArgv: [...words, process.execPath, ...execArgv] }),
    env: { ...process.env, ...ENVIRONMENTS[implementation], ...launch.environment },
  });
}

function converse(peers: Peers, path: PeerPath = {}): Promise<FlowResult> {
  const { promise, resolve, reject } = Promise.withResolvers<FlowResult>();
  const ready = new Map<Role, string>();
  const done = new Map<Role, Extract<FromPeer, { type: 'done' }>>();
  const listen = (role: Role, other: Role): void => {
    const stderr: string[] = [];
    peers[role].stderr?.on('data', (chunk) => stderr.push(String(chunk)));
    peers[role].on('exit', (code, signal) => {
      const last = stderr.join('').trim().split('\n').slice(-8).join('\n');
      reject(
        new Error(`the ${role} ended early (${signal ?? `exit code ${code}`})${last ? `\n${last}` : ''}`),
      );
    });
    peers[role].on('message', (message: FromPeer) => {
      switch (message.type) {
        case 'signal': {
          const signal = path.translate ? path.translate(role, message.signal) : message.signal;
          return signal === undefined ? undefined : tell(peers[other], { ...message, signal });
        }
        case 'tell':
          return tell(peers[other], message);
        case 'ready':
          ready.set(role, message.version);
          // The answering side first, so that it listens when the offer comes.
          if (ready.size === 2)
            for (const peer of [peers.answerer, peers.offerer]) tell(peer, { type: 'start' });
          return;
        case 'unavailable':
          return reject(new UnavailableError(message.reason));
        case 'failed':
          return reject(new Error(`the ${role} failed: ${message.reason}`));
        case 'done': {
          done.set(role, message);
          const [offerer, answerer] = [done.get('offerer'), done.get('answerer')];
          if (!offerer || !answerer) return;
          resolve({
            version: ready.get('offerer')!,
            measurement: { ...offerer.measurement, ...answerer.measurement },
            offerer: offerer.cost,
            answerer: answerer.cost,
          });
        }
      }
    });
  };
  listen('offerer', 'answerer');
  listen('answerer', 'offerer');
  return promise;
}

function tell(peer: ChildProcess, message: ToPeer): void {
  if (peer.connected) peer.send(message, () => {}); // one that has just gone is noticed by its exit
}

async function end(peer: ChildProcess): Promise<void> {
  if (peer.exitCode !== null || peer.signalCode !== null) return;
  const exited = once(peer, 'exit');
  tell(peer, { type: 'exit' });
  const timer = setTimeout(() => peer.kill('SIGKILL'), LEAVE_MS);
  await exited;
  clearTimeout(timer);
}
