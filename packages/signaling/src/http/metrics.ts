// What the server counts, in the text format of Prometheus. No label names a room, a member or an address.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Watched {
  readonly readers: number;
  readonly tokenHits: number;
  readonly tokenMisses: number;
  rooms(): Promise<number>;
}

/** Milliseconds from an append to the moment its record has been written to every reader. */
const DELIVERY_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];

export class Metrics {
  readonly registry: Registry = new Registry();
  readonly requests: Counter<'method' | 'status'> = new Counter({
    name: 'millrace_signaling_requests_total',
    help: 'Requests answered',
    labelNames: ['method', 'status'],
    registers: [this.registry],
  });
  readonly records: Counter = this.#counter('records_appended_total', 'Records appended through this server');
  readonly slowReaders: Counter = this.#counter(
    'slow_readers_total',
    'Event streams cut because they were not read',
  );
  readonly limited: Counter = this.#counter(
    'limited_requests_total',
    'Requests refused because of their rate',
  );
  readonly delivery: Histogram = new Histogram({
    name: 'millrace_signaling_delivery_milliseconds',
    help: 'From an append to its being written to all who read at the end of the stream',
    buckets: DELIVERY_BUCKETS,
    registers: [this.registry],
  });

  constructor(watched: Watched) {
    const gauge = (name: string, help: string, value: () => number | Promise<number>): void => {
      new Gauge({
        name: `millrace_signaling_${name}`,
        help,
        registers: [this.registry],
        async collect() {
          this.set(await value());
        },
      });
    };
    gauge('rooms', 'Rooms in the store', () => watched.rooms());
    gauge('readers', 'Open event streams', () => watched.readers);
    gauge('token_cache_hits', 'Tokens that were remembered', () => watched.tokenHits);
    gauge('token_cache_misses', 'Tokens that had to be looked up', () => watched.tokenMisses);
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name: `millrace_signaling_${name}`, help, registers: [this.registry] });
  }
}
