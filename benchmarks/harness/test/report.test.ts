// The report as text: what is in it, and that it needs nothing else. How it looks and behaves in a browser is
// tested in ../browser.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderReport } from '../src/report/index.ts';
import { earlierRecord, sampleRecord } from './sample-record.ts';

const files = renderReport(sampleRecord, [earlierRecord('2025-12-01T00:00:00.000Z')]);
const page = String(files.get('index.html'));

describe('the report', () => {
  test('has a section for everything that was measured, with its drawings', () => {
    for (const id of ['ratios', 'comparison', 'latency', 'heat-maps', 'costs', 'trend', 'numbers']) {
      assert.match(page, new RegExp(`<section id="${id}"`));
      assert.match(page, new RegExp(`<a href="#${id}">`));
    }
    assert.ok([...page.matchAll(/<figure>/g)].length >= 12);
    assert.equal(
      [...page.matchAll(/<figure>/g)].length,
      [...page.matchAll(/<svg role="img" aria-label="/g)].length,
    );
  });

  test('names machine, versions, commit and command', () => {
    for (const text of [
      '2 × Some CPU, 16 GiB',
      '26.10.0',
      '0123456789ab, with changes',
      'npm run bench -- --full',
    ])
      assert.ok(page.includes(text), text);
  });

  test('fetches nothing and runs no script', () => {
    const found = /<script|(?:src|href)="(?:https?:)?\/\/|@import|url\((?!#)/.exec(page);
    assert.equal(found?.[0], undefined);
    // Drawings refer to clip paths by id: each has its own.
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('shows names as they are, whatever they contain', () => {
    assert.ok(page.includes('messages &amp; &lt;others&gt;'));
    assert.ok(!page.includes('<others>'));
  });

  test('says why a subject has no result', () => {
    assert.ok(page.includes('wrtc: not available: no such module'));
  });

  test('tells what one value of a percentile is the mean of', () => {
    assert.ok(page.includes('Each value is the mean of 16 in a row, less the 41 ns that the clock takes.'));
  });

  test('leaves out what there is nothing of', () => {
    const { comparison: _, ...rest } = sampleRecord;
    const bare = String(renderReport({ ...rest, sweeps: [] }, []).get('index.html'));
    for (const id of ['comparison', 'heat-maps', 'trend'])
      assert.doesNotMatch(bare, new RegExp(`id="${id}"`));
  });

  test('says so if the run was interrupted', () => {
    assert.match(
      String(renderReport({ ...sampleRecord, complete: false }, []).get('index.html')),
      /interrupted/,
    );
  });

  test('comes with each heat map as SVG in colours of its own and as PNG', () => {
    for (const subject of ['millrace', 'werift']) {
      const svg = String(files.get(`heat-map-e2e-size-by-channels-${subject}.svg`));
      assert.match(svg, /^<svg [\s\S]*<\/svg>\s*$/);
      assert.doesNotMatch(svg, /var\(/);
      const png = files.get(`heat-map-e2e-size-by-channels-${subject}.png`) as Uint8Array;
      assert.deepEqual([...png.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    }
  });
});
