import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CpuProfile, drawFlameGraph, hottest, toCallTree } from '../src/profile/index.ts';

const node = (
  id: number,
  functionName: string,
  children: number[] = [],
  url = 'file:///repo/packages/a/src/b.ts',
) => ({
  id,
  callFrame: { functionName, url, lineNumber: 9 },
  children,
});
/** main calls work, which calls itself once; the rest is idle. */
const PROFILE: CpuProfile = {
  nodes: [
    node(1, '(root)', [2, 5, 6], ''),
    node(2, 'main', [3]),
    node(3, 'work', [4]),
    node(4, 'work'),
    node(5, '(idle)', [], ''),
    node(6, '(garbage collector)', [], ''),
  ],
  startTime: 0,
  endTime: 1000,
  samples: [2, 3, 4, 5, 6],
  timeDeltas: [100, 200, 300, 400, 200],
};

describe('a CPU profile', () => {
  const tree = toCallTree(PROFILE, 'file:///repo/');

  test('becomes a tree of calls without idle time', () => {
    assert.equal(tree.total, 800);
    assert.deepEqual(
      tree.children.map(({ name, place, self, total }) => [name, place, self, total]),
      [
        ['main', 'packages/a/src/b.ts:10', 100, 600],
        ['(garbage collector)', '(native)', 200, 200],
      ],
    );
  });

  test('names the hottest functions; one that calls itself is counted once', () => {
    assert.deepEqual(
      hottest(tree, 2).map(({ name, self, total }) => [name, self, total]),
      [
        ['work', 500 / 800, 500 / 800],
        ['(garbage collector)', 200 / 800, 200 / 800],
      ],
    );
  });

  test('is drawn as a flame graph that needs nothing else', () => {
    const svg = drawFlameGraph(tree, 'a <b>');
    assert.match(svg, /^<svg xmlns/);
    assert.ok(svg.includes('a &lt;b&gt;'));
    assert.equal([...svg.matchAll(/<g>/g)].length, 5);
    assert.match(svg, /<title>work \(packages\/a\/src\/b\.ts:10\): 62\.5 %, itself 25\.0 %<\/title>/);
    assert.doesNotMatch(svg, /<script|href=/);
  });
});
