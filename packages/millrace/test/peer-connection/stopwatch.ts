// Times by timers of this process, which fire in the order in which they are due: a busy machine is late for all alike.

/** Tells which of these times, counted from now, have gone by. */
export function stopwatch(...times: number[]): { readonly gone: readonly number[]; stop(): void } {
  const gone: number[] = [];
  const timers = times.map((time) => setTimeout(() => gone.push(time), time));
  return { gone, stop: () => timers.forEach(clearTimeout) };
}
