// A flow is one benchmark between two processes: what the offering side does, and what the answering side does.
// A module that holds one exports it as `flow`; both processes load it by its URL.
import type { Channel, ChannelOptions, Phase } from './implementation.ts';

export interface Flow {
  offerer(context: FlowContext): Promise<Measurement | undefined>;
  answerer(context: FlowContext): Promise<Measurement | undefined>;
}

/** Numbers, lists of numbers and encoded histograms by name; they survive the way to the parent process. */
export type Measurement = Readonly<Record<string, number | readonly number[] | string>>;

export type Settings = Readonly<Record<string, number>>;

export interface FlowContext {
  readonly settings: Settings;
  /**
   * The offering side: a new connection with these channels, all open. One reliable ordered channel by default.
   * Rejects, and gives the connection up, where that takes more than `patience` milliseconds.
   */
  connect(channels?: readonly ChannelOptions[], patience?: number): Promise<Connection>;
  /** The answering side: the next connection the other side makes, with so many channels open. `patience` as above. */
  accept(channels?: number, patience?: number): Promise<Connection>;
  /** Says something to the other side's `heard`, past the connection. */
  tell(value: number): void;
  /** What the other side has told, in order. */
  heard(): Promise<number>;
  /** Costs are counted from here to the end of the flow; without a call, from its start. */
  startCosts(): void;
}

export interface Connection {
  /** The first of `channels`. */
  readonly channel: Channel;
  /** In the order in which the offering side named them. */
  readonly channels: readonly Channel[];
  /** From before the peer connection was made until the channels were open, in milliseconds. */
  readonly openedAfter: number;
  /** Milliseconds from before the peer connection was made to the end of each phase the stack tells of. */
  readonly phases: Readonly<Partial<Record<Phase, number>>>;
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
