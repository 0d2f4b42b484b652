// The laboratory: a public segment, and private networks behind routers, each host and each router a network namespace
// of its own. Names begin with those of the run; a guard removes them when the run has ended, however it ended.

import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Inside, type RouterPlan, ruleset } from './ruleset.ts';

/** RFC 5737, RFC 3849: for documentation. Here they are the Internet. */
export const PUBLIC_ADDRESS = '198.51.100.1';
export const PUBLIC_ADDRESS6 = '2001:db8::1';
/** The public segment has another of each, for servers that show how a NAT behaves (RFC 5780). */
export const OTHER_PUBLIC_ADDRESS = '198.51.100.2';
export const OTHER_PUBLIC_ADDRESS6 = '2001:db8::2';

/** Routers from the hosts outwards; more than one is one NAT behind another. */
export interface SitePlan {
  readonly routers: readonly RouterPlan[];
  readonly hosts?: 1 | 2;
  readonly family?: 'ipv4' | 'ipv6';
}

// Its standard input ends with the run. What still lives in the namespaces ends with them.
const GUARD = `
cat >/dev/null
for name in $(ip netns list | cut -d' ' -f1 | grep "^$1-"); do
  for process in $(ip netns pids "$name"); do kill -9 "$process"; done
  ip netns del "$name"
done`;

let networks = 0;

export class Network {
  readonly #prefix = `millrace-${process.pid}-${networks++}`;
  readonly #guard: ChildProcess;
  /** All of a site, by each of its hosts. */
  readonly #namespaces = new Map<string, readonly string[]>();
  #sites = 0;

  constructor() {
    const stdio = ['pipe', 'ignore', 'ignore'] as const;
    this.#guard = spawn('sh', ['-c', GUARD, 'guard', this.#prefix], { stdio: [...stdio], detached: true });
  }

  /** Why there can be no laboratory here. */
  static async missing(): Promise<string | undefined> {
    for (const [command, flag] of [
      ['ip', '-V'],
      ['nft', '--version'],
    ] as const) {
      try {
        execFileSync(command, [flag], { stdio: 'ignore' });
      } catch {
        return `the ${command} command is not installed`;
      }
    }
    const network = new Network();
    try {
      await network.open();
      await network.site({ routers: [{ nat: 'symmetric', loss: 1 }] });
      return undefined;
    } catch (error) {
      return `network namespaces with nftables cannot be made: ${(error as Error).message.trim()}`;
    } finally {
      await network.close();
    }
  }

  /** The namespace of the public segment, where servers run. */
  get public(): string {
    return `${this.#prefix}-public`;
  }

  /**
   * What goes to addresses that are nobody's is lost without a word: coturn ends a relay that gets an error. The bridge has an
   * address of its own, since one that comes from its ports changes as sites come and go, and neighbours notice seconds later.
   */
  async open(): Promise<void> {
    await ip('netns', 'add', this.public);
    await inside(
      this.public,
      `${INTERFACE}
ip link add segment address 02:00:00:00:00:01 type bridge mcast_snooping 0
ip addr add ${PUBLIC_ADDRESS}/24 dev segment
ip addr add ${OTHER_PUBLIC_ADDRESS}/24 dev segment
ip link set segment up
ip addr add ${PUBLIC_ADDRESS6}/64 dev segment nodad
ip addr add ${OTHER_PUBLIC_ADDRESS6}/64 dev segment nodad
ip neigh add 198.51.100.254 lladdr 02:00:00:00:00:fe dev segment nud permanent
ip route add default via 198.51.100.254
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding`,
    );
  }

  /** Resolves with the namespaces of its hosts. */
  async site({ routers, hosts = 1, family = 'ipv4' }: SitePlan): Promise<string[]> {
    const site = ++this.#sites;
    const routerNames = routers.map((_, i) => `${this.#prefix}-${site}-router${i}`);
    const hostNames = Array.from({ length: hosts }, (_, i) => `${this.#prefix}-${site}-host${i}`);
    const names = [...routerNames, ...hostNames];
    for (const host of hostNames) this.#namespaces.set(host, names);
    await Promise.all(names.map((name) => ip('netns', 'add', name)));
    const links = hostNames.map((host, i) => link(routerNames[0]!, `lan${i}`, host, 'wan'));
    for (let i = 1; i < routers.length; i++) {
      links.push(link(routerNames[i]!, 'lan0', routerNames[i - 1]!, 'wan'));
    }
    links.push(link(this.public, `site${site}`, routerNames.at(-1)!, 'wan'));
    await Promise.all(links);
    const wan = 10 + site;
    const isOutermost = (i: number): boolean => i === routers.length - 1;
    await Promise.all([
      inside(
        this.public,
        `ip link set site${site} master segment up
ip route add 2001:db8:${site}::/48 via 2001:db8::${wan}`,
      ),
      ...routers.map((plan, i) => {
        const wanAddress = isOutermost(i) ? `198.51.100.${wan}` : `100.64.${i + 1}.2`;
        const behind = i === 0 ? hostNames.map((_, host) => insideOf(site, host, hosts)) : [innerRouter(i)];
        return inside(
          routerNames[i]!,
          `${INTERFACE}
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip addr add ${wanAddress}/24 dev wan
ip link set wan up
ip addr add 2001:db8::${wan}/64 dev wan nodad
ip route add default via ${isOutermost(i) ? PUBLIC_ADDRESS : `100.64.${i + 1}.1`}
ip route add default via ${PUBLIC_ADDRESS6}
${behind
  .map(({ address }, lan) => {
    const near = address.replace(/\d+$/, '1');
    return `ip addr add ${near}/24 dev lan${lan}\nip link set lan${lan} up\nip addr add 2001:db8:${site}:${lan}::1/64 dev lan${lan} nodad`;
  })
  .join('\n')}
nft -f - <<'END'
${ruleset(plan, wanAddress, behind)}
END`,
        );
      }),
      ...hostNames.map((host, i) => {
        const { address, ports } = insideOf(site, i, hosts);
        return inside(
          host,
          `${INTERFACE}
echo '${ports.replace('-', ' ')}' >/proc/sys/net/ipv4/ip_local_port_range
ip link set wan up
${
  family === 'ipv4'
    ? `ip addr add ${address}/24 dev wan\nip route add default via ${address.replace(/\d+$/, '1')}`
    : `ip addr add 2001:db8:${site}:${i}::2/64 dev wan nodad\nip route add default via 2001:db8:${site}:${i}::1`
}`,
        );
      }),
    ]);
    return hostNames;
  }

  /** Takes a site's namespaces away, with their routers and links. */
  async remove(hosts: readonly string[]): Promise<void> {
    const names = hosts.flatMap((host) => this.#namespaces.get(host) ?? []);
    await Promise.all([...new Set(names)].map((name) => ip('netns', 'del', name)));
    for (const host of hosts) this.#namespaces.delete(host);
  }

  async close(): Promise<void> {
    if (this.#guard.exitCode !== null) return;
    const exited = once(this.#guard, 'exit');
    this.#guard.stdin!.end();
    await exited;
  }
}

/** How to run a command in a namespace. */
export function within(namespace: string): string[] {
  return ['ip', 'netns', 'exec', namespace];
}

/** Addresses are used at once: nobody else has them. */
const INTERFACE = `set -e
for interface in /proc/sys/net/ipv6/conf/*; do echo 0 >$interface/accept_dad; done
ip link set lo up`;

function insideOf(site: number, host: number, hosts: number): Inside {
  const [from, to] = hosts === 1 ? [10_000, 60_999] : [10_000 + host * 25_000, 34_999 + host * 25_000];
  return { address: `10.${site}.${host}.2`, ports: `${from}-${to}` };
}

function innerRouter(index: number): Inside {
  return { address: `100.64.${index}.2`, ports: '1024-65535' };
}

function link(near: string, nearName: string, far: string, farName: string): Promise<void> {
  return ip(
    ...['link', 'add', nearName, 'netns', near],
    ...['type', 'veth', 'peer', 'name', farName, 'netns', far],
  );
}

function ip(...args: string[]): Promise<void> {
  return run('ip', args, '');
}

/** Runs a shell script in a namespace. */
function inside(namespace: string, script: string): Promise<void> {
  const [command = '', ...args] = within(namespace);
  return run(command, [...args, 'sh', '-e'], script);
}

function run(command: string, args: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, (error, _stdout, stderr) => {
      if (error) reject(new Error(stderr || error.message));
      else resolve();
    });
    child.stdin?.on('error', () => {}); // it ended without reading; its exit code says why
    child.stdin?.end(input);
  });
}
