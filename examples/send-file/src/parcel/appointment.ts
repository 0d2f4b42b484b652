// Where two have agreed to meet, kept until they are done: a program that has died and is started again with the same
// words finds itself where the other side waits. One file for each set of words, which only this user can read: it holds
// the room's token and the secret of the invitation.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from './lock.ts';

export interface Appointment {
  /** Of the signaling server; that of this machine if missing. */
  readonly url?: string | undefined;
  /** Where the server of this process listens, if it has one. */
  readonly port?: number | undefined;
  readonly room: string;
  readonly token: string;
  readonly secret: string;
}

export interface KeptAppointment {
  /** What was agreed on before this process began. */
  readonly known: Appointment | undefined;
  keep(appointment: Appointment): Promise<void>;
  /** They have met and are done, or never will. */
  forget(): Promise<void>;
  /** Another process may take it up. */
  release(): Promise<void>;
}

/** Milliseconds after which nobody waits any more. */
const LIFETIME = 24 * 60 * 60 * 1000;

/** That of the same words; nothing is kept where that can't be, or while another process with these words runs. */
export async function openAppointment(words: readonly string[]): Promise<KeptAppointment> {
  const folder = join(stateFolder(), 'millrace', 'appointments');
  const path = join(folder, createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await clearOld(folder);
    const unlock = await takeLock(`${path}.lock`);
    return { ...keptAt(path), known: await read(path), release: unlock };
  } catch {
    const nothing = (): Promise<void> => Promise.resolve();
    return { known: undefined, keep: nothing, forget: nothing, release: nothing };
  }
}

function keptAt(path: string): Pick<KeptAppointment, 'keep' | 'forget'> {
  return {
    keep: async (appointment) => {
      const fresh = `${path}.new`;
      try {
        await rm(fresh, { force: true });
        await writeFile(fresh, JSON.stringify(appointment), { mode: 0o600, flag: 'wx' });
        await rename(fresh, path);
      } catch {
        // the disk is full, say: then it is not kept
      }
    },
    forget: () => rm(path, { force: true }).catch(() => {}),
  };
}

async function read(path: string): Promise<Appointment | undefined> {
  try {
    const kept = Object(JSON.parse(await readFile(path, 'utf8'))) as Record<string, unknown>;
    const { url, port, room, token, secret } = kept;
    if (!isWord(room, 16) || !isWord(token, 40) || typeof secret !== 'string') return undefined;
    if (url !== undefined && !URL.canParse(String(url))) return undefined;
    if (port !== undefined && !(Number(port) > 0 && Number(port) <= 65_535)) return undefined;
    return kept as unknown as Appointment;
  } catch {
    return undefined; // there is none
  }
}

const isWord = (text: unknown, length: number): boolean =>
  typeof text === 'string' && text.length === length && /^[a-z2-9]+$/.test(text);

async function clearOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const age = Date.now() - (await stat(path).then(({ mtimeMs }) => mtimeMs, Date.now));
    if (age > LIFETIME) await rm(path, { force: true });
  }
}

function stateFolder(): string {
  if (process.env.XDG_STATE_HOME) return process.env.XDG_STATE_HOME;
  return process.platform === 'win32' && process.env.LOCALAPPDATA
    ? process.env.LOCALAPPDATA
    : join(homedir(), '.local', 'state');
}
