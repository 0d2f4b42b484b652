// `send PATH`: offers the file to the first peer that comes.

import { openFile } from './file-on-disk.ts';
import { openFileSession } from './file-session.ts';
import type { MeetingPlace } from './meeting-place.ts';
import { type Progress, startProgress } from './progress.ts';
import { sendFile, type TransferResult } from './transfer.ts';
import { watchTransfer } from './watch-transfer.ts';

export interface SendCommand {
  readonly path: string;
  /** Milliseconds without any progress after which the transfer is given up. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  openPlace(): Promise<MeetingPlace>;
}

export async function sendCommand(command: SendCommand): Promise<TransferResult> {
  const { path, timeout, signal } = command;
  await using cleanup = new AsyncDisposableStack();
  const file = await openFile(path);
  cleanup.defer(() => file.close());
  const place = await command.openPlace();
  cleanup.defer(() => place.close());
  const session = await openFileSession(place, { signal, timeout });
  cleanup.defer(() => session.close());
  const watch = watchTransfer(session, signal, timeout);
  cleanup.defer(() => watch.stop());
  let progress: Progress | undefined;
  cleanup.defer(() => progress?.stop());
  return await watch.outcome(
    sendFile(session.channel, session.messages, file, {
      maxMessageSize: session.link.connection.sctp?.maxMessageSize ?? 0,
      onAccepted: () => {
        progress = startProgress({ label: 'Sending', total: file.size });
      },
      onProgress: (bytes) => {
        watch.feed();
        progress?.update(bytes);
      },
    }),
  );
}
