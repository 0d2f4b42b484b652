// What a stretch of work costs its process: CPU time, peak memory, what V8 has allocated and how often it collected.
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { ProcessCost } from './flow.ts';

export class CostMeter {
  #cpu = process.cpuUsage();
  #allocated = allocated();
  #collections = 0;
  #observer: PerformanceObserver;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      this.#collections += list.getEntries().length;
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  restart(): void {
    this.#observer.takeRecords();
    this.#collections = 0;
    this.#cpu = process.cpuUsage();
    this.#allocated = allocated();
  }

  /** Since the start or the last `restart`. Waits a moment, since V8 reports collections a little later. */
  async read(): Promise<ProcessCost> {
    const { user, system } = process.cpuUsage(this.#cpu);
    const allocatedBytes = allocated() - this.#allocated;
    await new Promise((resolve) => setImmediate(resolve));
    this.#collections += this.#observer.takeRecords().length;
    return {
      cpu: (user + system) / 1000,
      user: user / 1000,
      system: system / 1000,
      peakMemory: process.resourceUsage().maxRSS * 1024,
      allocatedBytes,
      collections: this.#collections,
    };
  }

  stop(): void {
    this.#observer.disconnect();
  }
}

/** Bytes allocated on V8's heap since it began. */
function allocated(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}
