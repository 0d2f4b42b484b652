// The connection to one other program of this kind, with the channels a measurement needs.
import type { PeerLink } from '@millrace/example-send-file/meeting';
import type { RTCDataChannel, RTCDataChannelInit } from 'millrace';
import { Control, PROTOCOL, type Role, unexpected } from './control.ts';
import { Arrivals } from './load.ts';
import type { Measured } from './measurement.ts';
import type { Parameters } from './parameters.ts';
import { answerPings, Pinger } from './round-trips.ts';

export const CONTROL = 'control';
const LOAD = 'load';
const PINGS = 'pings';

/** Milliseconds to wait for the other side to close its channel as well. */
const CLOSE_GRACE = 2000;
/** Milliseconds for which nothing may be heard, once that shows: ICE itself would hope for 30 s. */
const SILENCE = 5000;

export class Peer {
  readonly link: PeerLink;
  readonly control: Control;
  readonly #arrivals = new Arrivals();
  readonly #loads: RTCDataChannel[] = [];
  #pings: RTCDataChannel | undefined;
  #onChannel: () => void = () => {};

  /** Make it as soon as the control channel exists. */
  constructor(link: PeerLink, control: RTCDataChannel) {
    this.link = link;
    this.control = new Control(control);
    this.#watch();
  }

  /** What waits for the other side fails when it has gone without a word. */
  #watch(): void {
    const { connection } = this.link;
    let timer: NodeJS.Timeout | undefined;
    connection.addEventListener('connectionstatechange', () => {
      clearTimeout(timer);
      if (connection.connectionState === 'disconnected') timer = setTimeout(() => this.link.close(), SILENCE);
    });
  }

  greet(role: Role): Promise<void> {
    return this.control.say('hello', { protocol: PROTOCOL, role });
  }

  /** Which role the other side has. */
  async greeted(): Promise<Role> {
    const { protocol, role } = await this.control.expect(['hello']);
    if (protocol !== PROTOCOL || (role !== 'client' && role !== 'server')) throw unexpected();
    return role;
  }

  /** The client's part: opens what is needed. */
  async openChannels(parameters: Parameters): Promise<Measured> {
    const { connection } = this.link;
    const init: RTCDataChannelInit = { ordered: parameters.ordered };
    for (let i = 0; i < parameters.channels; i++) this.#adoptLoad(connection.createDataChannel(LOAD, init));
    let pinger: Pinger | undefined;
    if (parameters.latency) {
      this.#pings = connection.createDataChannel(PINGS, { priority: 'high' });
      pinger = new Pinger(this.#pings);
    }
    await Promise.all([...this.#loads, ...(this.#pings ? [this.#pings] : [])].map(({ ready }) => ready));
    return this.#measured('client', pinger);
  }

  /** The server's part: what the client has opened, once it is all there. Needs `adopt`. */
  async awaitChannels(parameters: Parameters): Promise<Measured> {
    const complete = Promise.withResolvers<void>();
    this.#onChannel = () => {
      const hasPings = !parameters.latency || this.#pings !== undefined;
      if (this.#loads.length >= parameters.channels && hasPings) complete.resolve();
    };
    this.#onChannel();
    await complete.promise;
    return this.#measured('server', undefined);
  }

  /** The other side has opened a channel. */
  adopt(channel: RTCDataChannel): void {
    if (channel.label === LOAD) this.#adoptLoad(channel);
    if (channel.label === PINGS) {
      this.#pings = channel;
      answerPings(channel);
    }
    this.#onChannel();
  }

  /** Once everything said has arrived, or the other side takes too long. */
  async close(): Promise<void> {
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, CLOSE_GRACE);
    await Promise.race([this.control.close(), grace.promise]);
    clearTimeout(timer);
    this.link.close();
  }

  #adoptLoad(channel: RTCDataChannel): void {
    this.#loads.push(channel);
    this.#arrivals.watch(channel);
  }

  #measured(role: Role, pinger: Pinger | undefined): Measured {
    const { connection } = this.link;
    return {
      role,
      connection,
      control: this.control,
      channels: this.#loads,
      arrivals: this.#arrivals,
      pinger,
    };
  }
}
