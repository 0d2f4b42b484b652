// Browsers with a camera and a microphone that they make up, and pages in them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as playwright } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { missingPackages, missingProgram, programVersion } from '../harness/installed.ts';
import { servePage } from '../harness/page-server.ts';

const CHROMIUM = process.env.INTEROP_CHROMIUM || '/usr/bin/chromium';
const FIREFOX = process.env.INTEROP_FIREFOX || '/usr/bin/firefox-esr';

const STARTING = 90_000; // ms

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

export function missingChromium(): string | undefined {
  return missingPackages('playwright-core') ?? missingProgram(CHROMIUM, 'apt-get install chromium');
}

export function missingFirefox(): string | undefined {
  return missingPackages('puppeteer-core') ?? missingProgram(FIREFOX, 'apt-get install firefox-esr');
}

export function browserVersion(): string {
  return programVersion(CHROMIUM);
}

/** The part of a page that both drivers have. */
export interface BrowserPage {
  evaluate<A extends unknown[], R>(run: (...args: A) => R | Promise<R>, ...args: A): Promise<R>;
  /** The <video>, in PNG, base64. */
  screenshot(): Promise<string>;
  close(): Promise<void>;
}

export interface MediaBrowser {
  /** On loopback, which is a secure context: without one there is no camera. */
  page(): Promise<BrowserPage>;
  close(): Promise<void>;
}

export async function launchChromium(): Promise<MediaBrowser> {
  const temporary = mkdtempSync(join(tmpdir(), 'interop-media-'));
  const env = { ...process.env, TMPDIR: temporary };
  const server = await servePage();
  const tidy = async (): Promise<void> => {
    await server.close();
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  };
  const browser = await playwright
    .launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS, env, timeout: STARTING })
    .catch(async (error: unknown) => {
      await tidy();
      throw error;
    });
  return {
    async page() {
      const page = await browser.newPage({ viewport: { width: 800, height: 600 } });
      page.setDefaultTimeout(STARTING);
      await page.goto(server.url);
      return {
        // What goes over is JSON, whatever the types of the library say.
        evaluate: (run, ...args) => page.evaluate(`(${run})(...${JSON.stringify(args)})`),
        screenshot: async () => (await page.locator('video').screenshot()).toString('base64'),
        close: () => page.close(),
      };
    },
    async close() {
      await browser.close();
      await tidy();
    },
  };
}

export async function launchFirefox(): Promise<MediaBrowser> {
  const server = await servePage();
  const browser = await puppeteer
    .launch({
      browser: 'firefox',
      executablePath: FIREFOX,
      headless: true,
      timeout: STARTING,
      extraPrefsFirefox: {
        'media.peerconnection.ice.loopback': true,
        'media.peerconnection.ice.obfuscate_host_addresses': false,
        'media.navigator.streams.fake': true,
        'media.navigator.permission.disabled': true,
        'media.autoplay.default': 0,
      },
    })
    .catch(async (error: unknown) => {
      await server.close();
      throw error;
    });
  return {
    async page() {
      const page = await browser.newPage();
      page.setDefaultTimeout(STARTING);
      await page.goto(server.url);
      return {
        evaluate: (run, ...args) => page.evaluate(`(${run})(...${JSON.stringify(args)})`) as Promise<never>,
        screenshot: async () => (await (await page.$('video'))!.screenshot({ encoding: 'base64' })) as string,
        close: () => page.close(),
      };
    },
    async close() {
      const child = browser.process();
      const late = setTimeout(() => child?.kill('SIGKILL'), 5000);
      await browser.close().catch(() => child?.kill('SIGKILL'));
      clearTimeout(late);
      await server.close();
    },
  };
}
