// The page of examples/browser-drop in real browsers, with the program that serves it as a child process: files each way,
// digests compared, names that mean harm, the keyboard alone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { claimed } from '../harness/claimed.ts';
import { interopOptions } from '../harness/options.ts';
import { withPeer } from '../harness/peer-here.ts';
import { BROWSERS, type BrowserKind, type DropBrowser, type DropPage, OTHER_NAME } from './browsers.ts';
import { DropProgram, digestOf, temporaryFolder } from './program.ts';

const PEER = 'browser-drop';
const PATIENCE = 400_000; // ms
const ROW_PATIENCE = 150_000; // ms
const LARGE_BYTES = 20 * 1024 * 1024;
/** Names of what the program offers and of what is dropped: both would run if they were taken for markup. */
const OFFERED_NAME = '<img src=x onerror="document.title=1">\u202egnp.txt';
const DROPPED_NAME = '../../<script>document.title=1</script>\u202egnp.\u001b[2Jtxt';

const options = interopOptions();
const missing =
  options.subject === 'millrace'
    ? BROWSERS.map((kind) => kind.missing()).find((reason) => reason !== undefined)
    : `only millrace has the program, not ${options.subject}`;

const version = missing === undefined ? BROWSERS.map((kind) => kind.version()).join(', ') : undefined;

withPeer(PEER, version, missing, () => {
  for (const kind of BROWSERS) describe(`browser-drop in ${kind.name} ${kind.version()}`, () => suite(kind));
});

function suite(kind: BrowserKind): void {
  const folder = temporaryFolder();
  const large = join(folder.path, 'large.bin');
  const hostile = join(folder.path, OFFERED_NAME);
  let program: DropProgram;
  let browser: DropBrowser;
  let page: DropPage;
  let url: string;

  before(
    async () => {
      writeFileSync(large, randomBytes(LARGE_BYTES));
      writeFileSync(hostile, 'hostile');
      program = new DropProgram(folder.path, [large, hostile]);
      url = await program.printed(/(http:\S+)/);
      browser = await kind.launch();
      page = await browser.open(url);
    },
    { timeout: PATIENCE },
  );

  after(
    async () => {
      await browser?.close();
      await program?.close();
      folder.remove();
    },
    { timeout: PATIENCE },
  );

  const claim = (claims: string, says: string, run: () => Promise<void>): void => {
    const title = `${kind.name}: ${says}`;
    if (!title.includes(options.scenario)) return;
    test(says, { timeout: PATIENCE }, () =>
      claimed({ peer: PEER, part: 'subject', claim: claims, says: title }, run),
    );
  };

  claim('opens', 'the page finds the program and shows what it offers, as text', async () => {
    await until(page, `document.querySelectorAll('#offers li').length === 2`);
    await program.printed(/A browser is connected/);
    const names = await page.evaluate<string[]>(
      `[...document.querySelectorAll('#offers .name')].map((name) => name.textContent)`,
    );
    assert.deepEqual(names, ['large.bin', OFFERED_NAME]);
  });

  claim('gives', 'a chosen file of 20 MiB arrives, and both sides show its digest', async () => {
    for (const name of ['large.bin', 'large (1).bin']) {
      await page.choose(large);
      const shown = await finished(page, 'Given and verified, 20.0 MiB');
      assert.equal(shown, `SHA-256 ${digestOf(large)}`);
      assert.equal(digestOf(join(program.inbox, name)), digestOf(large));
      await program.printed(
        new RegExp(`Received .*/${name.replace(/[()]/g, '.')} (.*)
SHA-256 ${digestOf(large)}`),
      );
    }
  });

  claim('harmless', 'a dropped file gets a harmless name, and its name is text on the page', async () => {
    await page.evaluate(
      `(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['harm'], ${JSON.stringify(DROPPED_NAME)}));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      })()`,
    );
    await finished(page, 'Given and verified, 4 B');
    const received = readdirSync(program.inbox).filter((name) => !name.startsWith('large'));
    assert.equal(received.length, 1);
    assert.equal(received[0], 'script_gnp.[2Jtxt');
    assert.deepEqual(readdirSync(folder.path).sort(), [OFFERED_NAME, 'in', 'large.bin'].sort());
  });

  claim('takes', 'an offered file of 20 MiB is downloaded, and both sides show its digest', async () => {
    await page.evaluate('delete globalThis.showSaveFilePicker; delete Window.prototype.showSaveFilePicker');
    const path = await page.download(async () => {
      await page.evaluate(`document.querySelector('#offers li:first-child button').click()`);
      const shown = await finished(page, 'Taken and verified, 20.0 MiB');
      assert.equal(shown, `SHA-256 ${digestOf(large)}`);
    });
    assert.equal(digestOf(path), digestOf(large));
    await program.printed(new RegExp(`Sent .*/large\\.bin \\(.*\\)\nSHA-256 ${digestOf(large)}`));
  });

  claim('keyboard', 'an offered file is taken with the keyboard alone', async () => {
    const label = `Take ${OFFERED_NAME}`;
    for (let tabs = 0; ; tabs++) {
      assert.ok(tabs < 20, 'the button is reached');
      await page.press('Tab');
      if ((await page.evaluate(`document.activeElement.getAttribute('aria-label')`)) === label) break;
    }
    const path = await page.download(() => page.press('Enter'));
    assert.equal(digestOf(path), digestOf(hostile));
    await finished(page, 'Taken and verified, 7 B');
  });

  if (kind.writesToDisk)
    claim(
      'to-disk',
      'an offered file is written piece by piece where the browser lets pages do so',
      async () => {
        // The private file system of the page in the place of one that a person would choose.
        await page.evaluate(
          `globalThis.showSaveFilePicker = async () => (await navigator.storage.getDirectory()).getFileHandle('large', { create: true })`,
        );
        await page.evaluate(`document.querySelector('#offers li:first-child button').click()`);
        await finished(page, 'Taken and verified, 20.0 MiB');
        const digest = await page.evaluate(
          `(async () => {
          const handle = await (await navigator.storage.getDirectory()).getFileHandle('large');
          const bytes = await (await handle.getFile()).arrayBuffer();
          return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex();
        })()`,
        );
        assert.equal(digest, digestOf(large));
      },
    );

  claim(
    'plain-http',
    'a second page, as of another machine without https, takes a file all the same',
    async () => {
      const other = await browser.open(url.replace('127.0.0.1', OTHER_NAME));
      try {
        await until(other, `document.querySelectorAll('#offers li').length === 2`);
        assert.equal(await other.evaluate('isSecureContext'), false);
        await other.evaluate(`document.querySelector('#offers li:last-child button').click()`);
        assert.equal(await finished(other, 'Taken and verified, 7 B'), `SHA-256 ${digestOf(hostile)}`);
        assert.deepEqual(other.messages, []);
      } finally {
        await other.close();
      }
      await program.printed(/A browser has gone/);
    },
  );

  claim('quiet', 'no name has become markup, and nothing was refused or written to the console', async () => {
    assert.equal(await page.evaluate('document.title'), 'browser-drop');
    assert.equal(await page.evaluate(`document.querySelectorAll('main img, main script').length`), 0);
    assert.deepEqual(page.messages, []);
  });

  claim('ends', 'a page that closes is noticed, and Ctrl-C ends the program with 0', async () => {
    await page.close();
    await program.printed(/A browser has gone[\s\S]*A browser has gone/);
    assert.equal(await program.interrupt(), 0);
  });
}

/** Waits for the newest row to say this; gives the digest it shows. */
async function finished(page: DropPage, detail: string): Promise<string> {
  const row = `document.querySelector('#rows li:first-child')`;
  await until(page, `/verified|^Not /.test(${row}?.querySelector('.detail').textContent)`);
  assert.equal(await page.evaluate(`${row}.querySelector('.detail').textContent`), detail);
  const shown = await page.evaluate<string>(`${row}.querySelector('code').textContent`);
  await page.evaluate(`${row}.remove()`);
  return shown;
}

/** Waits in the page, and says what it looks like when nothing comes of it. */
async function until(page: DropPage, condition: string): Promise<void> {
  const seen = await page.evaluate<string>(
    `(async () => {
      for (const end = performance.now() + ${ROW_PATIENCE}; performance.now() < end; await new Promise((next) => setTimeout(next, 20)))
        if (${condition}) return '';
      return document.querySelector('main').innerText;
    })()`,
  );
  assert.equal(seen, '', `${condition}\n${page.messages.join('\n')}`);
}
