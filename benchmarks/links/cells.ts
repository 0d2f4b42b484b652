// What is measured, on which links, for whom.
import type { LinkSettings } from '../harness/src/link/link-settings.ts';

export interface Cell {
  readonly name: string;
  readonly link: LinkSettings;
}

/** 64 KiB messages, goodput in Mbit/s. */
export const BULK_CELLS: readonly Cell[] = [
  cell(100, 50, 0),
  cell(100, 50, 1),
  cell(100, 100, 0),
  cell(100, 100, 1),
  cell(100, 200, 3),
  cell(1000, 20, 0),
  cell(1000, 50, 0),
  cell(1000, 50, 0.1),
];

/** Latency of small messages in milliseconds. */
export const LATENCY_CELL: Cell = cell(100, 20, 1);

export interface Measure {
  readonly name: string;
  readonly flow: string;
  readonly unit: string;
  readonly settings: Readonly<Record<string, number>>;
}

export const BULK: Measure = {
  name: 'bulk',
  flow: new URL('./bulk-flow.ts', import.meta.url).href,
  unit: 'Mbit/s',
  settings: { messageBytes: 65_536 },
};

export const LATENCIES: readonly Measure[] = [
  {
    name: 'ping-pong',
    flow: new URL('./ping-pong-flow.ts', import.meta.url).href,
    unit: 'ms',
    settings: { messageBytes: 1024 },
  },
  {
    name: 'steady',
    flow: new URL('./steady-flow.ts', import.meta.url).href,
    unit: 'ms',
    settings: { messageBytes: 200, perSecond: 200 },
  },
];

function cell(rate: number, rtt: number, loss: number): Cell {
  return {
    name: `${rate} Mbit/s, ${rtt} ms, ${loss} %`,
    link: { rate, rtt, ...(loss === 0 ? {} : { loss }) },
  };
}
