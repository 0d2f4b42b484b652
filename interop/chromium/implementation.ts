// Chromium, headless, driven over CDP. Each launch has a new empty profile in the temporary directory, which
// Playwright removes when the browser ends, and a temporary directory of its own, which we remove.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as playwright } from 'playwright-core';
import {
  EVERYTHING,
  type Implementation,
  type LaunchOptions,
  type Remote,
} from '../harness/implementation.ts';
import { missingPackages, missingProgram, programVersion } from '../harness/installed.ts';
import { PageRemote } from '../harness/page-remote.ts';
import { servePage } from '../harness/page-server.ts';
import { defects } from './defects.ts';

const PATH = process.env.INTEROP_CHROMIUM || '/usr/bin/chromium';
const STARTING = 90_000; // ms

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const LOOPBACK = '--allow-loopback-in-peer-connection';
/** Off by default: dcSCTP then takes and sends DATA only. */
const INTERLEAVING = 'WebRTC-DataChannelMessageInterleaving/Enabled/';
/** Off by default too; their names in libwebrtc. */
const TRIALS = {
  snap: 'WebRTC-Sctp-Snap/Enabled/',
  sped: 'WebRTC-IceHandshakeDtls/Enabled/',
} as const;
const PLAIN_ADDRESSES = '--disable-features=WebRtcHideLocalIpsWithMdns';

export const chromium: Implementation = {
  name: 'chromium',
  missing: () => missingPackages('playwright-core') ?? missingProgram(PATH, 'apt-get install chromium'),
  version: () => programVersion(PATH),
  launch,
  canHideAddresses: true,
  canInterleave: true,
  hasTrials: true,
  speaksDtls13: true,
  offersHeldRole: false,
  capacity: EVERYTHING,
  defects,
};

async function launch({ hideAddresses, interleave, trials, anyCertificate }: LaunchOptions): Promise<Remote> {
  const wanted = [...(interleave ? [INTERLEAVING] : []), ...trials.map((trial) => TRIALS[trial])].join('');
  const args = [
    ...QUIET,
    LOOPBACK,
    ...(hideAddresses ? [] : [PLAIN_ADDRESSES]),
    ...(anyCertificate ? ['--ignore-certificate-errors'] : []),
    ...(wanted ? [`--force-fieldtrials=${wanted}`] : []),
  ];
  const temporary = mkdtempSync(join(tmpdir(), 'interop-chromium-'));
  const env = { ...process.env, TMPDIR: temporary };
  const browser = await playwright.launchServer({
    executablePath: PATH,
    headless: true,
    args,
    env,
    timeout: STARTING,
  });
  const child = browser.process();
  const tidy = (): void => rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  const endWithUs = (): void => {
    child.kill('SIGKILL');
    tidy();
  };
  process.once('exit', endWithUs);
  const server = await servePage();
  const close = async (): Promise<void> => {
    await browser.kill();
    await server.close();
    tidy();
    process.off('exit', endWithUs);
  };
  try {
    const client = await playwright.connect(browser.wsEndpoint());
    const page = await client.newPage();
    page.setDefaultTimeout(STARTING);
    await page.goto(server.url);
    await page.waitForFunction('globalThis.command !== undefined');
    return new PageRemote({ evaluate: (expression) => page.evaluate(expression), close });
  } catch (error) {
    await close();
    throw error;
  }
}
