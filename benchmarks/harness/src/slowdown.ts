// An artificial slowdown of what is measured, for the self-test of the judge: a share of its time, spent on nothing.

/** 0.1 makes everything a tenth slower; 0 unless the environment asks for it. */
export const INJECTED_SLOWDOWN: number = Number(process.env.MILLRACE_BENCH_SLOWDOWN ?? 0);

export function spinUntil(time: number): void {
  while (performance.now() < time);
}

/** Takes the share from whatever the process does on its event loop, a few milliseconds at a time. */
export function slowDownLoop(): void {
  let since = performance.now();
  setInterval(() => {
    const now = performance.now();
    spinUntil(now + (now - since) * INJECTED_SLOWDOWN);
    since = performance.now();
  }, 3).unref();
}
