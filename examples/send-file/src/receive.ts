// `receive [DIR]`: takes the file that the first peer offers.
import { checkDirectory, Destination } from './destination.ts';
import { openFileSession } from './file-session.ts';
import type { MeetingPlace } from './meeting-place.ts';
import { type Progress, startProgress } from './progress.ts';
import { receiveFile, type TransferResult } from './transfer.ts';
import { watchTransfer } from './watch-transfer.ts';

export interface ReceiveCommand {
  readonly directory: string;
  /** Replace a file that is there. */
  readonly force: boolean;
  /** Milliseconds without any progress after which the transfer is given up. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  openPlace(): Promise<MeetingPlace>;
}

export async function receiveCommand(command: ReceiveCommand): Promise<TransferResult & { path: string }> {
  const { directory, force, timeout, signal } = command;
  await using cleanup = new AsyncDisposableStack();
  await checkDirectory(directory);
  const place = await command.openPlace();
  cleanup.defer(() => place.close());
  const session = await openFileSession(place, { signal, timeout });
  cleanup.defer(() => session.close());
  const watch = watchTransfer(session, signal, timeout);
  cleanup.defer(() => watch.stop());
  let destination: Destination | undefined;
  let progress: Progress | undefined;
  cleanup.defer(() => progress?.stop());
  const open = async (name: string, size: number): Promise<Destination> => {
    destination = await Destination.open(directory, name, force);
    progress = startProgress({ label: 'Receiving', total: size });
    return destination;
  };
  const onProgress = (bytes: number): void => {
    watch.feed();
    progress?.update(bytes);
  };
  try {
    const result = await watch.outcome(receiveFile(session.channel, session.messages, open, { onProgress }));
    return { ...result, path: destination!.path };
  } catch (error) {
    await destination?.discard();
    throw error;
  }
}
