// `send PATH...`: offers files and folders to the first receiver that comes, for as long as it takes.
import { type Progress, startProgress } from '../progress.ts';
import { type Collection, collect } from './collect.ts';
import type { ParcelCommand } from './command-line.ts';
import { type Summary, whoIs } from './options.ts';
import { workTogether } from './reunion.ts';
import { sendParcel } from './send-parcel.ts';

export interface SendCommand extends ParcelCommand {
  readonly paths: readonly string[];
}

export async function sendCommand(command: SendCommand): Promise<Summary> {
  const { paths, timeout, signal, onNotice } = command;
  const parcel = await collect(paths);
  if (parcel.skipped > 0)
    onNotice(`${parcel.skipped} links, special files or names that are no text are left out`);
  await using cleanup = new AsyncDisposableStack();
  const { place, secret } = await command.openPlace();
  cleanup.defer(() => place.close());
  const who = whoIs(place.room.name, ...paths);
  const total = parcel.entries.reduce((sum, { size }) => sum + (size ?? 0), 0);
  let started: number | undefined;
  let had = 0;
  await workTogether({
    place,
    role: 'send',
    who,
    secret,
    signal,
    timeout,
    onNotice,
    work: async (line) => {
      let progress: Progress | undefined;
      try {
        await sendParcel(line.channel, line, parcel, {
          messageBytes: line.messageBytes,
          onStart: (before) => {
            progress = startProgress({ label: 'Sending', total, from: before });
            progress.update(before);
            if (started === undefined) had = before;
            started ??= performance.now();
          },
          onProgress: (bytes) => progress?.update(bytes),
          onHashed: () => line.checking(),
        });
        progress?.update(total);
      } finally {
        progress?.stop();
      }
    },
  });
  return { verb: 'Sent', name: nameOf(parcel), ...sums(parcel, total), had, milliseconds: since(started) };
}

const since = (start: number | undefined): number => performance.now() - (start ?? performance.now());

function sums({ entries }: Collection, bytes: number): { files: number; bytes: number } {
  return { files: entries.filter(({ size }) => size !== undefined).length, bytes };
}

function nameOf({ entries }: Collection): string {
  return entries.flatMap(({ path }) => (path.includes('/') ? [] : [path])).join(', ');
}
