// The examination, the meeting if one is wanted, and what is to be said of both.
import { interruptible } from '@millrace/example-send-file/failure';
import { chooseMeetingPlace, type MeetingPlaceOptions } from '@millrace/example-send-file/meeting-place';
import { examine } from './examination.ts';
import type { Advice, Findings } from './findings.ts';
import { enter, meet } from './meet.ts';
import type { Server } from './server.ts';
import { adviceOn } from './verdict.ts';

export interface DiagnosisOptions {
  readonly servers: readonly Server[];
  readonly patience: number;
  readonly place: MeetingPlaceOptions | undefined;
  /** The invitation goes to standard error, since standard output is for machines. */
  readonly isQuiet: boolean;
}

export async function diagnose({
  servers,
  patience,
  place,
  isQuiet,
}: DiagnosisOptions): Promise<{ findings: Findings; advice: Advice[] }> {
  const open = place && chooseMeetingPlace(place);
  const { signal } = interruptible();
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason));
  const work = async (): Promise<Findings> => {
    if (open === undefined) return await examine({ servers, patience });
    await using cleanup = new AsyncDisposableStack();
    const opened = await open(signal);
    cleanup.defer(() => opened.close());
    // While the invitation travels, and the other side is examined, there is time.
    const room = enter(opened, isQuiet ? process.stderr : process.stdout);
    const findings = await examine({ servers, patience });
    const meeting = await meet({ room, isLocal: opened.isLocal, servers, findings, patience });
    return { ...findings, meeting };
  };
  const findings = await Promise.race([work(), interrupted]);
  return { findings, advice: adviceOn(findings) };
}
