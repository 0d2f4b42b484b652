// Profiles a stretch of this process with V8's sampler, where the environment asks for it: what is measured, without
// the start of the process.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

/** The folder for profiles; none are made without. */
const FOLDER: string | undefined = process.env.MILLRACE_BENCH_PROFILE;
const INTERVAL_MICROS = 250;

/** Runs `work`; its profile goes to `<name>.cpuprofile`. */
export async function profiled<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (FOLDER === undefined) return await work();
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROS });
  await session.post('Profiler.start');
  try {
    return await work();
  } finally {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, `${name}.cpuprofile`), JSON.stringify(profile));
  }
}
