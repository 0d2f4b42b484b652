// Firefox ESR, headless, driven over WebDriver BiDi. Each launch has a new empty profile in the temporary
// directory, which Puppeteer removes when the browser ends.

import puppeteer from 'puppeteer-core';
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

const PATH = process.env.INTEROP_FIREFOX || '/usr/bin/firefox-esr';
const STARTING = 90_000; // ms

export const firefox: Implementation = {
  name: 'firefox',
  missing: () => missingPackages('puppeteer-core') ?? missingProgram(PATH, 'apt-get install firefox-esr'),
  version: () => programVersion(PATH),
  launch,
  canHideAddresses: true,
  lacks: ['AES-256-GCM'], // in 1.3; it offers and takes 1301 and 1303
  canInterleave: false,
  speaksDtls13: true,
  offersHeldRole: false,
  capacity: EVERYTHING,
  defects,
};

async function launch({ hideAddresses, anyCertificate }: LaunchOptions): Promise<Remote> {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: PATH,
    headless: true,
    timeout: STARTING,
    acceptInsecureCerts: anyCertificate,
    protocolTimeout: 0, // scenarios have their own
    extraPrefsFirefox: {
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': hideAddresses,
    },
  });
  const child = browser.process();
  const endWithUs = (): void => void child?.kill('SIGKILL');
  process.once('exit', endWithUs);
  const server = await servePage();
  const close = async (): Promise<void> => {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      child?.kill('SIGKILL');
      resolve();
    }, 5000);
    await Promise.race([browser.close().catch(() => child?.kill('SIGKILL')), late]);
    clearTimeout(timer);
    await server.close();
    process.off('exit', endWithUs);
  };
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(STARTING);
    await page.goto(server.url);
    await page.waitForFunction('globalThis.command !== undefined');
    return new PageRemote({ evaluate: (expression) => page.evaluate(expression), close });
  } catch (error) {
    await close();
    throw error;
  }
}
