// Chromium with a camera and a microphone that it makes up, and pages in it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { missingPackages, missingProgram, programVersion } from '../harness/installed.ts';
import { type PageServer, servePage } from '../harness/page-server.ts';

const PATH = process.env.INTEROP_CHROMIUM || '/usr/bin/chromium';

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

export function missingBrowser(): string | undefined {
  return missingPackages('playwright-core') ?? missingProgram(PATH, 'apt-get install chromium');
}

export function browserVersion(): string {
  return programVersion(PATH);
}

export class MediaBrowser {
  readonly #browser: Browser;
  readonly #server: PageServer;
  readonly #temporary: string;

  private constructor(browser: Browser, server: PageServer, temporary: string) {
    this.#browser = browser;
    this.#server = server;
    this.#temporary = temporary;
  }

  static async launch(): Promise<MediaBrowser> {
    const temporary = mkdtempSync(join(tmpdir(), 'interop-media-'));
    const env = { ...process.env, TMPDIR: temporary };
    const server = await servePage();
    try {
      const browser = await playwright.launch({ executablePath: PATH, headless: true, args: ARGUMENTS, env });
      return new MediaBrowser(browser, server, temporary);
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** On loopback, which is a secure context: without one there is no camera. */
  async page(): Promise<Page> {
    const page = await this.#browser.newPage({ viewport: { width: 800, height: 600 } });
    await page.goto(this.#server.url);
    return page;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
    rmSync(this.#temporary, { recursive: true, force: true, maxRetries: 5 });
  }
}
