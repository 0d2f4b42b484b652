// A link between two network namespaces, kept by a program outside this repository. The program is asked
//   PROGRAM up rate=100 rtt=50 ...     to make the link (the environment variable SEED fixes its losses),
//   PROGRAM run a|b COMMAND...         to run a command at one end,
//   PROGRAM set key=value ...          to change the link, PROGRAM down to take it away and print its counts as JSON.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PeerPath } from '../run-flow.ts';
import { type LinkSettings, printLinkSettings } from './link-settings.ts';
import { RelayedSignals } from './relayed-signals.ts';
import { startRelay } from './start-relay.ts';

const run = promisify(execFile);

/** A link that is up. */
export interface Link {
  readonly path: PeerPath;
  /** Runs a command at the answering (b) or offering (a) end, if this link can: kernel TCP needs that. */
  readonly commandAt?: (end: 'a' | 'b') => readonly string[];
  change(settings: LinkSettings): Promise<void>;
  /** Takes the link away; returns what it counted. */
  down(): Promise<unknown>;
}

export interface LinkMaker {
  readonly name: string;
  up(settings: LinkSettings, seed: number): Promise<Link>;
}

export const relayLinks: LinkMaker = {
  name: 'relay',
  async up(settings, seed) {
    const relay = await startRelay(settings, seed);
    const signals = new RelayedSignals(relay);
    return {
      path: { translate: (from, signal) => signals.translate(from === 'offerer' ? 'a' : 'b', signal) },
      change: async (changed) => relay.change({ ...settings, ...changed }),
      async down() {
        const stats = await relay.stats();
        await relay.close();
        return stats;
      },
    };
  },
};

/** Nothing but this machine. */
export const noLinks: LinkMaker = {
  name: 'this machine',
  up: async () => ({ path: {}, change: async () => {}, down: async () => undefined }),
};

export function emulatedLinks(program: string): LinkMaker {
  return {
    name: program,
    async up(settings, seed) {
      await run(program, ['up', ...printLinkSettings(settings)], {
        env: { ...process.env, SEED: String(seed) },
      });
      const commandAt = (end: 'a' | 'b'): readonly string[] => [program, 'run', end];
      return {
        path: { command: (role) => commandAt(role === 'offerer' ? 'a' : 'b') },
        commandAt,
        change: async (changed) => void (await run(program, ['set', ...printLinkSettings(changed)])),
        async down() {
          const { stdout } = await run(program, ['down']);
          return JSON.parse(stdout || '{}');
        },
      };
    },
  };
}
