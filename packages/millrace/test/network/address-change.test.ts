// A peer's address changes in mid-transfer, in two network namespaces joined by a veth pair: the transfer goes on by
// ICE restart, or without one where gathering is continual. Needs root and Linux. RFC 8445 §9, RFC 8838.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Sent after the change, however many went before it. */
const MESSAGES = 200;
/** Two processes have to be started, which a busy machine does when it gets to it; then the transfer has its time. */
const STARTING = 100_000; // ms
const PATIENCE = 120_000; // ms
const LINK_PATIENCE = 60_000; // ms
/** Of a process that is not run for so long nobody can tell whether it would have noticed anything earlier. */
const LONG_STALL = 500; // ms
const PEER = fileURLToPath(new URL('./peer.ts', import.meta.url));

type How = 'restart' | 'continual' | 'renomination';

interface News {
  readonly signal?: object;
  readonly state?: string;
  readonly ready?: true;
  readonly begun?: true;
  readonly failure?: string;
  readonly count?: number;
  readonly longest?: number;
  /** The longest that the process was not run. */
  readonly stall?: number;
}

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });

/** Two namespaces with an address each, or why there can't be any here. */
function namespaces(more: readonly string[]): { a: string; b: string; link: string } | string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'network namespaces need root and Linux';
  const tag = randomBytes(3).toString('hex');
  const [a, b, link] = [`mr-${tag}-a`, `mr-${tag}-b`, `mr${tag}a`];
  const far = `mr${tag}b`;
  try {
    ip('netns', 'add', a);
    ip('netns', 'add', b);
    ip('link', 'add', link, 'netns', a, 'type', 'veth', 'peer', 'name', far, 'netns', b);
    for (const [name, device, address] of [
      [a, link, '10.77.0.1/24'],
      [b, far, '10.77.0.2/24'],
    ] as const) {
      ip('-n', name, 'addr', 'add', address, 'dev', device);
      ip('-n', name, 'link', 'set', device, 'up');
    }
    for (const address of more) ip('-n', a, 'addr', 'add', address, 'dev', link);
    for (const [name, device] of [
      [a, link],
      [b, far],
    ] as const)
      waitForLink(name, device);
    return { a, b, link };
  } catch (error) {
    remove(a, b);
    return `no network namespaces here: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** The kernel finds out in its own time that both ends are up; before, the system does not list the address. */
function waitForLink(namespace: string, device: string): void {
  const end = performance.now() + LINK_PATIENCE;
  while (
    !execFileSync('ip', ['-n', namespace, '-o', 'link', 'show', device], { encoding: 'utf8' }).includes(
      'state UP',
    )
  ) {
    if (performance.now() > end) throw new Error(`${device} does not come up`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}

function remove(...names: string[]): void {
  for (const name of names) {
    try {
      ip('netns', 'del', name);
    } catch {} // it was never made
  }
}

function peer(
  namespace: string,
  part: string,
  how: How,
  to: () => ChildProcess,
  onNews: (news: News) => void,
): ChildProcess {
  const args = [
    'netns',
    'exec',
    namespace,
    process.execPath,
    ...process.execArgv.filter((arg) => !/test/.test(arg)),
  ];
  const child = spawn('ip', [...args, PEER, part, String(MESSAGES), how], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', (news: News) => {
    if (news.signal) to().send(news.signal);
    onNews(news);
  });
  return child;
}

interface Case {
  readonly says: string;
  readonly how: How;
  /** Addresses of the sender's beside 10.77.0.1, from the start. */
  readonly more: readonly string[];
  change(namespace: string, link: string): void;
}

const moves = (namespace: string, link: string): void => {
  ip('-n', namespace, 'addr', 'add', '10.77.0.3/24', 'dev', link);
  ip('-n', namespace, 'addr', 'del', '10.77.0.1/24', 'dev', link);
  ip('-n', namespace, 'addr', 'replace', '10.77.0.3/24', 'dev', link);
};

const cases: readonly Case[] = [
  {
    says: 'RFC 8445 §9 a transfer outlives a change of address, without a byte lost',
    how: 'restart',
    more: [],
    change: moves,
  },
  {
    says: 'with continual gathering it outlives the change without a restart',
    how: 'continual',
    more: [],
    change: moves,
  },
  {
    says: 'with continual gathering it moves to another address that is there already',
    how: 'continual',
    more: ['10.77.0.5/24'],
    change: (namespace, link) => {
      ip('-n', namespace, 'addr', 'del', '10.77.0.1/24', 'dev', link);
      ip('-n', namespace, 'addr', 'replace', '10.77.0.5/24', 'dev', link);
    },
  },
  {
    says: 'with renomination it moves away from an address that is there still but reaches nobody',
    how: 'renomination',
    more: ['10.77.0.5/24'],
    change: (namespace) => {
      const rules = [
        'add table ip dead',
        'add chain ip dead in { type filter hook input priority 0; }',
        'add chain ip dead out { type filter hook output priority 0; }',
        'add rule ip dead in ip daddr 10.77.0.1 drop',
        'add rule ip dead out ip saddr 10.77.0.1 drop',
      ];
      for (const rule of rules) ip('netns', 'exec', namespace, 'nft', rule);
    },
  },
];

for (const one of cases) test(one.says, { timeout: STARTING + PATIENCE + 10_000 }, (t) => run(t, one));

async function run(t: TestContext, { how, more, change }: Case): Promise<void> {
  const made = namespaces(more);
  if (typeof made === 'string') {
    t.skip(made);
    return;
  }
  const { a, b, link } = made;
  const states: string[] = [];
  let stall = 0;
  let onState = (): void => {};
  const { promise, resolve, reject } = Promise.withResolvers<News>();
  let ready = 0;
  let limit = setTimeout(() => reject(new Error(`${ready} of 2 peers have started`)), STARTING);
  const onReady = (): void => {
    if (++ready < 2) return;
    clearTimeout(limit);
    limit = setTimeout(() => reject(new Error(`stuck: ${states.join(' ')}`)), PATIENCE);
    sender.send({ begin: true });
  };
  const sender: ChildProcess = peer(
    a,
    'sender',
    how,
    () => receiver,
    (news) => {
      if (news.ready) onReady();
      if (news.stall) stall = Math.max(stall, news.stall);
      if (!news.state) return;
      states.push(news.state);
      onState();
    },
  );
  const receiver: ChildProcess = peer(
    b,
    'receiver',
    how,
    () => sender,
    (news) => {
      if (news.ready) onReady();
      if (news.stall) stall = Math.max(stall, news.stall);
      if (news.failure) reject(new Error(news.failure));
      if (news.count) resolve(news);
      if (!news.begun) return;
      setTimeout(() => {
        try {
          change(a, link);
          sender.send({ changed: true });
        } catch (error) {
          reject(error);
        }
      }, 500);
    },
  );
  for (const child of [sender, receiver])
    child.once('exit', (code) => reject(new Error(`a peer has ended with ${code}: ${states.join(' ')}`)));
  try {
    const { count = 0, longest = 0 } = await promise;
    assert.ok(count > MESSAGES, `${count} messages`);
    // What one process says may come after what the other says later.
    const connected = new Promise<void>((done) => {
      onState = () => states.at(-1) === 'connected' && done();
      onState();
    });
    await Promise.race([promise.then(() => connected), once(sender, 'exit')]);
    assert.equal(states.at(-1), 'connected', states.join(' '));
    const wasDisconnected = states.includes('disconnected');
    // Whoever renominates is on another path before anybody calls this one disconnected.
    if (how !== 'renomination') assert.ok(wasDisconnected, states.join(' '));
    else if (wasDisconnected) assert.ok(stall > LONG_STALL, `${states.join(' ')}, ${stall} ms of stall`);
    t.diagnostic(
      `${count} messages; the longest silence, from the change to the first message after it: ${Math.round(longest)} ms`,
    );
  } finally {
    clearTimeout(limit);
    for (const child of [sender, receiver]) {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill();
      await gone;
    }
    remove(a, b);
  }
}
