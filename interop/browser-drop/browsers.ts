// Both browsers with a page of ours in them: files are chosen, dropped and downloaded as a person would.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium as playwright } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { missingPackages, missingProgram, programVersion } from '../harness/installed.ts';

const CHROMIUM = process.env.INTEROP_CHROMIUM || '/usr/bin/chromium';
const FIREFOX = process.env.INTEROP_FIREFOX || '/usr/bin/firefox-esr';

/** A name of this machine that browsers do not take for one: as a page of another machine, it is no secure context. */
export const OTHER_NAME = 'drop.test';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--allow-loopback-in-peer-connection',
  `--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1`,
];
const DOWNLOAD_PATIENCE = 150_000; // ms
const STARTING = 90_000; // ms

export interface DropPage {
  /** A promise of the page's is waited for. */
  evaluate<T>(expression: string): Promise<T>;
  /** Chooses a file in the page's one input. */
  choose(path: string): Promise<void>;
  press(key: 'Tab' | 'Enter'): Promise<void>;
  /** Does what makes the page download, and gives the path of what was downloaded. */
  download(act: () => Promise<unknown>): Promise<string>;
  /** What the page wrote to the console, and errors of it. */
  readonly messages: readonly string[];
  close(): Promise<void>;
}

export interface DropBrowser {
  open(url: string): Promise<DropPage>;
  close(): Promise<void>;
}

export interface BrowserKind {
  readonly name: 'chromium' | 'firefox';
  /** Whether pages may write to disk themselves. */
  readonly writesToDisk: boolean;
  missing(): string | undefined;
  version(): string;
  launch(): Promise<DropBrowser>;
}

export const BROWSERS: readonly BrowserKind[] = [
  {
    name: 'chromium',
    writesToDisk: true,
    missing: () => missingPackages('playwright-core') ?? missingProgram(CHROMIUM, 'apt-get install chromium'),
    version: () => programVersion(CHROMIUM),
    launch: launchChromium,
  },
  {
    name: 'firefox',
    writesToDisk: false,
    missing: () =>
      missingPackages('puppeteer-core') ?? missingProgram(FIREFOX, 'apt-get install firefox-esr'),
    version: () => programVersion(FIREFOX),
    launch: launchFirefox,
  },
];

async function launchChromium(): Promise<DropBrowser> {
  const temporary = mkdtempSync(join(tmpdir(), 'interop-drop-'));
  const tidy = (): void => rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  const env = { ...process.env, TMPDIR: temporary };
  const browser = await playwright
    .launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS, env, timeout: STARTING })
    .catch((error: unknown) => {
      tidy();
      throw error;
    });
  return {
    async open(url) {
      const page = await browser.newPage({ acceptDownloads: true });
      page.setDefaultTimeout(STARTING);
      const messages: string[] = [];
      page.on('console', (message) => messages.push(message.text()));
      page.on('pageerror', (error) => messages.push(error.message));
      await page.goto(url);
      return {
        messages,
        evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
        choose: (path) => page.setInputFiles('input[type=file]', path),
        press: (key) => page.keyboard.press(key),
        async download(act) {
          const [download] = await Promise.all([
            page.waitForEvent('download', { timeout: DOWNLOAD_PATIENCE }),
            act(),
          ]);
          return download.path();
        },
        close: () => page.close(),
      };
    },
    async close() {
      await browser.close();
      tidy();
    },
  };
}

async function launchFirefox(): Promise<DropBrowser> {
  const downloads = mkdtempSync(join(tmpdir(), 'interop-drop-'));
  const tidy = (): void => rmSync(downloads, { recursive: true, force: true, maxRetries: 5 });
  const browser = await puppeteer
    .launch({
      browser: 'firefox',
      executablePath: FIREFOX,
      headless: true,
      timeout: STARTING,
      protocolTimeout: DOWNLOAD_PATIENCE * 2,
      extraPrefsFirefox: {
        'media.peerconnection.ice.loopback': true,
        'network.dns.localDomains': OTHER_NAME,
        'browser.download.folderList': 2,
        'browser.download.dir': downloads,
        'browser.download.useDownloadDir': true,
        'browser.download.alwaysOpenPanel': false,
        'browser.helperApps.neverAsk.saveToDisk': 'application/octet-stream',
      },
    })
    .catch((error: unknown) => {
      tidy();
      throw error;
    });
  return {
    async open(url) {
      const page = await browser.newPage();
      page.setDefaultTimeout(STARTING);
      const messages: string[] = [];
      page.on('console', (message) => messages.push(message.text()));
      page.on('pageerror', (error) => messages.push(String(error)));
      await page.goto(url);
      return {
        messages,
        evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
        choose: async (path) => (await page.$('input[type=file]'))!.uploadFile(path),
        press: (key) => page.keyboard.press(key),
        async download(act) {
          const before = readdirSync(downloads);
          await act();
          for (const end = performance.now() + DOWNLOAD_PATIENCE; performance.now() < end; await sleep(50)) {
            const files = readdirSync(downloads).filter((name) => !before.includes(name));
            const whole = files.find((name) => !name.endsWith('.part') && !existsSync(`${name}.part`));
            if (whole !== undefined && files.length === 1) return join(downloads, whole);
          }
          throw new Error(`nothing was downloaded: ${readdirSync(downloads)}`);
        },
        close: () => page.close(),
      };
    },
    async close() {
      const child = browser.process();
      const late = setTimeout(() => child?.kill('SIGKILL'), 5000);
      await browser.close().catch(() => child?.kill('SIGKILL'));
      clearTimeout(late);
      tidy();
    },
  };
}
