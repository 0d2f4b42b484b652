// Tells connections when this host's addresses change. Asked of the system once a second, by one timer for the whole
// process: a question costs as much for one connection as for a thousand.
import { type Millis, Roster } from '@millrace/sans-io';
import { recentText, refreshInterfaces } from './local-addresses.ts';

const INTERVAL: Millis = 1_000;

const listeners = new Roster<() => void>();
let timer: NodeJS.Timeout | undefined;
let known = '';

/** Calls `listener` within a second of a change, until the function returned is called. Keeps no process alive. */
export function watchAddresses(listener: () => void): () => void {
  if (listeners.size === 0) known = recentText();
  const enrolment = listeners.enrol(listener);
  timer ??= setInterval(look, INTERVAL).unref();
  return () => {
    if (!listeners.strike(enrolment)) return;
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function look(): void {
  const found = refreshInterfaces();
  if (found === known) return;
  known = found;
  for (const listener of listeners.members()) listener();
}
