// The report in a real browser, as a reader meets it: on a phone and on a wide screen, light and dark, by keyboard.
// Runs with `npm run bench-page-test`, apart from the tests that need no browser. CHROMIUM names the program;
// SCREENSHOTS a folder to put pictures in, for looking at.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { renderReport } from '../src/report/index.ts';
import { earlierRecord, sampleRecord } from '../test/sample-record.ts';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const STARTING = 120_000; // ms
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
];

const folder = mkdtempSync(join(tmpdir(), 'millrace-report-'));
let browser: Browser;
const messages: string[] = [];

before(async () => {
  const history = ['2025-11-01', '2025-12-01'].map((date) => earlierRecord(`${date}T00:00:00.000Z`));
  for (const [name, content] of renderReport(sampleRecord, history))
    writeFileSync(join(folder, name), content);
  const executablePath = process.env.CHROMIUM ?? PROGRAMS.find(existsSync);
  assert.ok(executablePath, `no browser at ${PROGRAMS.join(', ')}; CHROMIUM names another`);
  browser = await chromium.launch({ executablePath, args: FLAGS, timeout: STARTING });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(width: number, scheme: 'light' | 'dark'): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: scheme });
  page.setDefaultTimeout(STARTING);
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(error.message));
  page.on('request', (request) => {
    if (!/^(?:file|data):/.test(request.url())) messages.push(`fetched ${request.url()}`);
  });
  await page.goto(pathToFileURL(join(folder, 'index.html')).href);
  const pictures = process.env.SCREENSHOTS;
  if (pictures !== undefined) {
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${width}-${scheme}.png`), fullPage: true });
  }
  return page;
}

/** Runs in the page: these sources know no DOM, so what it does is text. */
const ask = <T>(page: Page, script: string): Promise<T> => page.evaluate(script) as Promise<T>;

describe('the report in a browser', () => {
  for (const width of [375, 768, 1280])
    for (const scheme of ['light', 'dark'] as const)
      test(`at ${width} px, ${scheme}: everything unfolded fits, and every drawing has size`, async () => {
        const page = await open(width, scheme);
        await ask(page, `for (const fold of document.querySelectorAll('details')) fold.open = true`);
        assert.equal(await ask(page, 'document.documentElement.scrollWidth'), width);
        const drawings = await ask<Array<[number, number, number]>>(
          page,
          `[...document.querySelectorAll('figure svg')].map((svg) => [svg.getBoundingClientRect().width, svg.getBoundingClientRect().height, svg.querySelectorAll('path, text').length])`,
        );
        assert.ok(drawings.length >= 12);
        for (const [drawn, height, marks] of drawings) assert.ok(drawn > 200 && height > 50 && marks > 4);
        // Text within a drawing stays within it.
        const outside = await ask<string[]>(
          page,
          `[...document.querySelectorAll('figure svg')].flatMap((svg) => { const box = svg.getBoundingClientRect(); return [...svg.querySelectorAll('text')].filter((text) => { const own = text.getBoundingClientRect(); return own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 1 || own.bottom > box.bottom + 1; }).map((text) => text.textContent); })`,
        );
        assert.deepEqual(outside, []);
        await page.close();
      });

  test('follows the scheme: text is told from its background in both', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const page = await open(1280, scheme);
      const [ink, paper, axis] = await ask<[string, string, string]>(
        page,
        `[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('figure svg text')).fill]`,
      );
      assert.ok(contrast(ink, paper) > 10, `${ink} on ${paper}`);
      assert.ok(contrast(axis, paper) > 4.5, `${axis} on ${paper}`);
      await page.close();
    }
  });

  test('is used by keyboard: skip link, sections, folds and wide tables, in the order of the page', async () => {
    const page = await open(375, 'light');
    const seen: string[] = [];
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < 200; i++) {
      await page.keyboard.press('Tab');
      const [name, top, outline] = await ask<[string, number, string]>(
        page,
        `(() => { const it = document.activeElement; return [it.tagName + ' ' + (it.getAttribute('aria-label') ?? it.textContent).slice(0, 20), it.getBoundingClientRect().top + scrollY, getComputedStyle(it).outlineStyle]; })()`,
      );
      if (name.startsWith('BODY')) break;
      assert.equal(outline === 'none', false, `${name} shows that it is focused`);
      if (i > 0) assert.ok(top >= highest - 60, `${name} comes after what is above it`);
      highest = Math.max(highest, i === 0 ? highest : top);
      seen.push(name);
    }
    assert.match(seen[0]!, /^A Skip to the results/);
    assert.ok(seen.some((name) => name.startsWith('A Against the others')));
    assert.ok(seen.some((name) => name.startsWith('SUMMARY')));
    assert.ok(seen.some((name) => name.startsWith('DIV Head against base')));
    await page.focus('#numbers summary');
    await page.keyboard.press('Enter');
    assert.equal(await ask(page, `document.querySelector('#numbers details').open`), true);
    await page.close();
  });

  test('says nothing to the console and fetches nothing', () => assert.deepEqual(messages, []));
});

/** WCAG's contrast ratio of two `rgb(...)` colours. */
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high! + 0.05) / (low! + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = [...colour.matchAll(/\d+/g)].map(([digits]) => {
    const share = Number(digits) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
