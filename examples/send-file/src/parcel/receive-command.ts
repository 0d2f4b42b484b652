// `receive [DIR]`: takes what the first sender offers, and waits for it to come back if it is lost.
import { checkDirectory } from '../destination.ts';
import { type Progress, startProgress } from '../progress.ts';
import type { ParcelCommand } from './command-line.ts';
import { type Summary, whoIs } from './options.ts';
import { receiveParcel } from './receive-parcel.ts';
import { workTogether } from './reunion.ts';

export interface ReceiveCommand extends ParcelCommand {
  readonly directory: string;
  /** Replace files that are there. */
  readonly force: boolean;
}

export async function receiveCommand(command: ReceiveCommand): Promise<Summary> {
  const { directory, force, timeout, signal, onNotice } = command;
  await using cleanup = new AsyncDisposableStack();
  await checkDirectory(directory);
  const { place, secret } = await command.openPlace();
  cleanup.defer(() => place.close());
  const who = whoIs(place.room.name, directory);
  let started: number | undefined;
  let had = 0;
  const manifest = await workTogether({
    place,
    role: 'receive',
    who,
    secret,
    signal,
    timeout,
    onNotice,
    work: async (line) => {
      let progress: Progress | undefined;
      try {
        return await receiveParcel(line.channel, line, {
          directory,
          force,
          messageBytes: line.messageBytes,
          onStart: ({ bytes }, before) => {
            progress = startProgress({ label: 'Receiving', total: bytes, from: before });
            progress.update(before);
            if (started === undefined) had = before;
            started ??= performance.now();
          },
          onProgress: (bytes) => progress?.update(bytes),
          onHashed: () => line.checking(),
        });
      } finally {
        progress?.stop();
      }
    },
  });
  const names = manifest.entries.flatMap(({ path }) => (path.includes('/') ? [] : [path]));
  const milliseconds = performance.now() - (started ?? performance.now());
  const { files, bytes } = manifest;
  return { verb: 'Received', name: names.join(', '), files, bytes, had, milliseconds };
}
