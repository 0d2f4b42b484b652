// One end of a connection under test, and one end of a channel: an agent's numbers under names one can read.

import type { BulkPlan, BulkResult, BulkSent, ChannelFacts, Securing } from '../agent/agent.ts';
import type { Item, Seen } from '../agent/payload.ts';
import type { ChannelInit } from '../agent/w3c.ts';
import type { Implementation, Remote } from './implementation.ts';
import { patient } from './patience.ts';

/** How long a step may take that takes milliseconds when all is well; as all of them, on a machine that does nothing else. */
export const PATIENCE = 8000; // ms

export class End {
  readonly implementation: Implementation;
  readonly remote: Remote;
  connection: number;
  /** How many channels were created here. */
  channels = 0;
  readonly part: 'offerer' | 'answerer';

  constructor(
    implementation: Implementation,
    remote: Remote,
    connection: number,
    part: 'offerer' | 'answerer',
  ) {
    this.implementation = implementation;
    this.remote = remote;
    this.connection = connection;
    this.part = part;
  }

  get name(): string {
    return this.implementation.name;
  }

  async create(label: string, init: ChannelInit = {}): Promise<ChannelEnd> {
    this.channels++;
    return new ChannelEnd(this, await this.remote.call('createChannel', this.connection, label, init));
  }

  async incoming(patience: number = PATIENCE): Promise<ChannelEnd> {
    return new ChannelEnd(this, await this.remote.call('incoming', this.connection, patient(patience)));
  }

  states(): Promise<{ connection: string; ice: string; signaling: string; maxMessageBytes: number | null }> {
    return this.remote.call('states', this.connection);
  }

  securing(): Promise<Securing | null> {
    return this.remote.call('securing', this.connection);
  }

  connectionState(...wanted: string[]): Promise<string> {
    return this.remote.call('connectionState', this.connection, wanted, patient(PATIENCE));
  }

  close(): Promise<void> {
    return this.remote.call('closeConnection', this.connection);
  }

  /** Gives the connection up for a new one. */
  async replace(configuration: object): Promise<void> {
    await this.close();
    this.channels = 0;
    this.connection = await this.remote.call('connect', configuration);
  }
}

export class ChannelEnd {
  readonly end: End;
  readonly #number: number;

  constructor(end: End, number: number) {
    this.end = end;
    this.#number = number;
  }

  facts(): Promise<ChannelFacts> {
    return this.end.remote.call('facts', this.#number);
  }

  opened(patience: number = PATIENCE): Promise<void> {
    return this.end.remote.call('readyState', this.#number, 'open', patient(patience));
  }

  closed(patience: number = PATIENCE): Promise<void> {
    return this.end.remote.call('readyState', this.#number, 'closed', patient(patience));
  }

  event(name: string, patience: number = PATIENCE): Promise<void> {
    return this.end.remote.call('event', this.#number, name, patient(patience));
  }

  send(...items: Item[]): Promise<void> {
    return this.end.remote.call('send', this.#number, items, 'nothing');
  }

  sendAndClose(...items: Item[]): Promise<void> {
    return this.end.remote.call('send', this.#number, items, 'close');
  }

  /** Sends `items`, and `item` on another channel behind them, all in one turn. */
  sendBehind(items: readonly Item[], other: ChannelEnd, item: Item): Promise<void> {
    return this.end.remote.call('sendBehind', this.#number, items, other.#number, item);
  }

  /** Of each message so far: which it was among those of all channels of this end. */
  arrivals(): Promise<number[]> {
    return this.end.remote.call('arrivals', this.#number);
  }

  sendError(item: Item): Promise<string | null> {
    return this.end.remote.call('sendError', this.#number, item);
  }

  receive(count: number, patience: number = PATIENCE): Promise<Seen[]> {
    return this.end.remote.call('receive', this.#number, count, patient(patience));
  }

  waiting(): Promise<number> {
    return this.end.remote.call('waiting', this.#number);
  }

  close(): Promise<void> {
    return this.end.remote.call('closeChannel', this.#number);
  }

  expectBulk(bytes: number): Promise<void> {
    return this.end.remote.call('expectBulk', this.#number, bytes);
  }

  sendBulk(plan: BulkPlan): Promise<BulkSent> {
    return this.end.remote.call('sendBulk', this.#number, plan);
  }

  receiveBulk(patience: number): Promise<BulkResult> {
    return this.end.remote.call('receiveBulk', this.#number, patient(patience));
  }
}
