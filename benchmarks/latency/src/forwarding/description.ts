// What both ends of a connection wait for, of whatever stack that follows W3C's interface so far.
import type { Description } from './messages.ts';

interface Describing {
  readonly iceGatheringState: string;
  readonly localDescription: { readonly type?: string; readonly sdp?: string } | null | undefined;
}

interface Connecting {
  readonly connectionState: string;
}

const LOOK_AGAIN_MS = 5;

/** The local description with all candidates. */
export async function described(pc: Describing): Promise<Description> {
  await until(() => pc.iceGatheringState === 'complete');
  const { type, sdp = '' } = pc.localDescription ?? {};
  return { type: type === 'answer' ? 'answer' : 'offer', sdp };
}

export function whenConnected(pc: Connecting): Promise<void> {
  return until(() => pc.connectionState === 'connected');
}

/** Looks now and then; what never comes is for the harness's time limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
}
