// A CPU profile as a tree of calls with their times, and as a list of the functions that took most.

/** What V8 writes; only the fields that are used. Times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** Ids of the nodes in which the samples were taken, and the time before each. */
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

export interface Call {
  readonly name: string;
  /** `packages/sctp/src/tx/sender.ts:120`, or where V8 says it is: `(native)`, `node:internal/...`. */
  readonly place: string;
  /** Microseconds in this function itself, and with all that it called. */
  readonly self: number;
  readonly total: number;
  readonly children: readonly Call[];
}

/** The root is the whole profile; idle time is left out. `root` is the folder that paths are relative to. */
export function toCallTree(profile: CpuProfile, root: string): Call {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const micros = new Map<number, number>();
  (profile.samples ?? []).forEach((id, i) => {
    micros.set(id, (micros.get(id) ?? 0) + Math.max(0, profile.timeDeltas?.[i] ?? 0));
  });
  const build = (node: ProfileNode): Call => {
    const { functionName, url, lineNumber } = node.callFrame;
    const children = merge(
      (node.children ?? [])
        .map((id) => byId.get(id)!)
        // The sampler's own start and end are in its samples as well.
        .filter(({ callFrame }) => callFrame.functionName !== '(idle)' && callFrame.url !== 'node:inspector')
        .map(build),
    );
    const self = micros.get(node.id) ?? 0;
    const total = children.reduce((sum, child) => sum + child.total, self);
    return {
      name: functionName || '(anonymous)',
      place: placeOf(url, lineNumber, root),
      self,
      total,
      children,
    };
  };
  return build(profile.nodes[0]!);
}

/** Calls of the same function from the same place as one, the longest first. */
function merge(calls: readonly Call[]): Call[] {
  const groups = Map.groupBy(calls, ({ name, place }) => `${name}\n${place}`);
  return [...groups.values()]
    .map((group) => {
      if (group.length === 1) return group[0]!;
      const sum = (key: 'self' | 'total'): number => group.reduce((total, call) => total + call[key], 0);
      return {
        ...group[0]!,
        self: sum('self'),
        total: sum('total'),
        children: merge(group.flatMap(({ children }) => children)),
      };
    })
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total);
}

function placeOf(url: string, lineNumber: number, root: string): string {
  if (url === '') return '(native)';
  const path = url.startsWith(root)
    ? url.slice(root.length).replace(/^\//, '')
    : url.replace(/^file:\/\//, '');
  return `${path.replace(/^.*node_modules\//, '')}:${lineNumber + 1}`;
}

export interface HotFunction {
  readonly name: string;
  readonly place: string;
  /** Shares of the whole, 0 to 1. `total` counts a function that calls itself once. */
  readonly self: number;
  readonly total: number;
}

/** The functions with the most time of their own. */
export function hottest(tree: Call, count: number): HotFunction[] {
  const functions = new Map<string, { name: string; place: string; self: number; total: number }>();
  const visit = (call: Call, above: ReadonlySet<string>): void => {
    const key = `${call.name}\n${call.place}`;
    let found = functions.get(key);
    if (!found) {
      found = { name: call.name, place: call.place, self: 0, total: 0 };
      functions.set(key, found);
    }
    found.self += call.self;
    if (!above.has(key)) found.total += call.total;
    const within = new Set(above).add(key);
    for (const child of call.children) visit(child, within);
  };
  for (const child of tree.children) visit(child, new Set());
  const whole = tree.total || 1;
  return [...functions.values()]
    .sort((a, b) => b.self - a.self)
    .slice(0, count)
    .map(({ name, place, self, total }) => ({ name, place, self: self / whole, total: total / whole }));
}
