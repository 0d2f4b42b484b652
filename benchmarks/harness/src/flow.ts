// A flow is one benchmark between two processes: what the offering side does, and what the answering side does.
// A module that holds one exports it as `flow`; both processes load it by its URL.
import type { Channel, ChannelOptions } from './implementation.ts';

export interface Flow {
  offerer(context: FlowContext): Promise<Measurement | undefined>;
  answerer(context: FlowContext): Promise<Measurement | undefined>;
}

/** Numbers, lists of numbers and encoded histograms by name; they survive the way to the parent process. */
export type Measurement = Readonly<Record<string, number | readonly number[] | string>>;

export type Settings = Readonly<Record<string, number>>;

export interface FlowContext {
  readonly settings: Settings;
  /** The offering side: a new connection with one channel, open. */
  connect(options?: ChannelOptions): Promise<Connection>;
  /** The answering side: the channel of the next connection the other side makes. */
  accept(): Promise<Connection>;
  /** Says something to the other side's `heard`, past the connection. */
  tell(value: number): void;
  /** What the other side has told, in order. */
  heard(): Promise<number>;
  /** Costs are counted from here to the end of the flow; without a call, from its start. */
  startCosts(): void;
}

export interface Connection {
  readonly channel: Channel;
  /** From before the peer connection was made until the channel was open, in milliseconds. */
  readonly openedAfter: number;
  close(): void;
}

/** What a finished flow leaves, from both processes. */
export interface FlowResult {
  readonly version: string;
  readonly measurement: Measurement;
  readonly offerer: ProcessCost;
  readonly answerer: ProcessCost;
}

export interface ProcessCost {
  /** User and system time of the process, in milliseconds. */
  readonly cpu: number;
  readonly user: number;
  readonly system: number;
  /** Peak resident set, in bytes. */
  readonly peakMemory: number;
  /** What V8 has allocated on its heap, in bytes. Memory outside, such as array buffers, is not in it. */
  readonly allocatedBytes: number;
  /** Garbage collections. */
  readonly collections: number;
}
