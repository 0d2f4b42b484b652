// Two sides of data channels over a pair of fake associations, and a sink that remembers.
import {
  type Channel,
  type ChannelCloseReason,
  type ChannelInit,
  type ChannelsSink,
  type CloseReason,
  DataChannels,
  type DataChannelsOptions,
} from '@millrace/datachannel';
import { FakeAssociation } from './fake-association.ts';

export class ChannelRecorder implements ChannelsSink {
  readonly log: string[] = [];
  readonly channels: Channel[] = [];
  readonly messages: Array<Uint8Array | string> = [];
  readonly reasons: ChannelCloseReason[] = [];
  sent = 0;

  onConnected(): void {
    this.log.push('connected');
  }
  onChannel(channel: Channel): void {
    this.channels.push(channel);
    this.log.push(`channel ${channel.label}`);
  }
  onOpen(channel: Channel): void {
    this.log.push(`open ${channel.label}`);
  }
  onMessage(channel: Channel, message: Uint8Array | string): void {
    this.messages.push(message);
    this.log.push(`message ${channel.label} ${typeof message === 'string' ? message : `[${message}]`}`);
  }
  onClosing(channel: Channel): void {
    this.log.push(`closing ${channel.label}`);
  }
  onClosed(channel: Channel, reason: ChannelCloseReason): void {
    this.reasons.push(reason);
    this.log.push(`closed ${channel.label} ${reason.by} ${reason.code}`);
  }
  onSent(_channel: Channel, bytes: number): void {
    this.sent += bytes;
  }
  onAssociationClosed(reason: CloseReason): void {
    this.log.push(`association ${reason.code}`);
  }

  /** What has happened since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }
}

export class Side {
  readonly association: FakeAssociation = new FakeAssociation();
  readonly channels: DataChannels;
  readonly seen: ChannelRecorder = new ChannelRecorder();
  now = 0;

  constructor(options: DataChannelsOptions) {
    this.channels = new DataChannels({ association: this.association, ...options });
  }

  drain(): boolean {
    return this.channels.drain(this.seen, this.now);
  }

  open(init: ChannelInit = {}): Channel {
    return this.channels.open(init, this.now);
  }

  send(channel: Channel, message: Uint8Array | string): number {
    return this.channels.send(channel, message, this.now);
  }

  close(channel: Channel): void {
    this.channels.close(channel, this.now);
  }
}

/** A is DTLS client, b is server; not yet connected. */
export function unconnectedPair(options: DataChannelsOptions = {}): { a: Side; b: Side } {
  const a = new Side({ dtlsRole: 'client', ...options });
  const b = new Side({ dtlsRole: 'server', ...options });
  a.association.peer = b.association;
  b.association.peer = a.association;
  return { a, b };
}

export function connectedPair(options: DataChannelsOptions = {}): { a: Side; b: Side } {
  const pair = unconnectedPair(options);
  connect(pair);
  return pair;
}

export function connect({ a, b }: { a: Side; b: Side }): void {
  a.association.connected();
  b.association.connected();
  settle({ a, b });
  a.seen.take();
  b.seen.take();
}

/** Delivers everything until nothing more is said. */
export function settle({ a, b }: { a: Side; b: Side }): void {
  for (let any = true; any; ) {
    any = a.drain();
    if (b.drain()) any = true;
    if (a.association.deliver() > 0) any = true;
    if (b.association.deliver() > 0) any = true;
  }
}

/** A pair with one open channel: `here` at a, `there` at b. */
export function openPair(init: ChannelInit = {}, options: DataChannelsOptions = {}): OpenPair {
  const { a, b } = connectedPair(options);
  const here = a.open({ label: 'x', ...init });
  settle({ a, b });
  const there = b.seen.channels[0];
  if (there === undefined) throw new Error('the channel did not open');
  a.seen.take();
  b.seen.take();
  return { a, b, here, there };
}

export interface OpenPair {
  readonly a: Side;
  readonly b: Side;
  readonly here: Channel;
  readonly there: Channel;
}
