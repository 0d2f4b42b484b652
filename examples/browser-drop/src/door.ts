// The door of the house: a signaling server with the page on it, one room, and always one connection that waits for
// the next page.
import { networkInterfaces } from 'node:os';
import { Failure } from '@millrace/example-send-file/failure';
import { connect } from '@millrace/signaling/connect';
import { type SignalingServer, startSignalingServer } from '@millrace/signaling/server';
import { type RTCDataChannelEvent, RTCPeerConnection } from 'millrace';
import { Guest, type Reporter, type Shelf } from './guest.ts';
import { buildSite, HEADERS } from './site.ts';
import type { DropChannel } from './wire/channel.ts';
import { formatGreeting, SIDES } from './wire/greeting.ts';

/** Pages at a time, those that are only about to connect included. */
const MAX_GUESTS = 16;
/** Milliseconds in which a page that has been met must be connected; then its place is free again. */
const MEETING_TIME = 30_000;
/** Milliseconds before the room is entered anew after that has failed. */
const RETRY_AFTER = 1000;

export interface DoorOptions extends Shelf {
  readonly host: string;
  readonly port: number;
  /** Where others reach the server, if that is not where it is: a proxy. */
  readonly url: string | undefined;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  onArrival(guest: Guest): void;
  onDeparture(guest: Guest): void;
}

interface Key {
  readonly room: string;
  readonly token: string;
}

export class Door {
  /** What to open in a browser, the likeliest to work first. */
  readonly addresses: readonly string[];
  readonly #options: DoorOptions;
  readonly #server: SignalingServer;
  readonly #key: Key;
  readonly #guests = new Set<Guest>();
  #seats = 0;

  private constructor(options: DoorOptions, server: SignalingServer, key: Key, token: string) {
    this.#options = options;
    this.#server = server;
    this.#key = key;
    this.addresses = urlsOf(server, options).map((url) => `${url}/#${key.room}.${token}`);
  }

  static async open(options: DoorOptions): Promise<Door> {
    const { host, port } = options;
    const server = await startSignalingServer({
      host,
      port,
      rooms: 1,
      openRooms: false,
      behindProxy: options.url !== undefined,
      files: await buildSite(),
      fileHeaders: HEADERS,
    }).catch((cause: Error) => {
      throw new Failure(`cannot serve at ${host}, port ${port}: ${cause.message}`, undefined, { cause });
    });
    try {
      const key = await server.createRoom();
      const door = new Door(options, server, key, await guestToken(server.url, key));
      void door.#wait();
      return door;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Files under way. */
  get active(): number {
    return [...this.#guests].reduce((sum, { active }) => sum + active, 0);
  }

  async close(): Promise<void> {
    for (const guest of this.#guests) guest.close();
    await this.#server.close();
  }

  /** One seat: waits for a page and stays with it. While it is taken the next one waits. */
  async #wait(): Promise<void> {
    const { signal, reporter } = this.#options;
    if (signal.aborted || this.#seats >= MAX_GUESTS) return;
    this.#seats++;
    const guest = new Guest(this.#options, reporter);
    const patience = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const prepare = (connection: RTCPeerConnection): void => {
      connection.addEventListener('datachannel', (event) => {
        const { channel } = event as RTCDataChannelEvent;
        guest.onChannel(channel.label, channel as unknown as DropChannel);
      });
      if (timer !== undefined) return; // the page it had met went away, this is another one
      timer = setTimeout(() => patience.abort(), MEETING_TIME);
      void this.#wait();
    };
    try {
      const peer = await connect({
        url: this.#server.url,
        ...this.#key,
        side: SIDES.program,
        RTCPeerConnection,
        configuration: { iceServers: [], millrace: { loopback: this.#isLocal } },
        prepare,
        signal: AbortSignal.any([signal, patience.signal]),
      });
      clearTimeout(timer);
      this.#guests.add(guest);
      this.#options.onArrival(guest);
      const { offers, folder } = this.#options;
      peer.channel.send(
        formatGreeting({
          offers: offers.map(({ id, name, size }) => ({ id, name, size })),
          takes: folder !== undefined,
        }),
      );
      await peer.closed.catch(() => {}); // however it went: it is over
      guest.close();
      this.#guests.delete(guest);
      this.#options.onDeparture(guest);
    } catch {
      // Nobody came, or whoever did could not be connected to.
      clearTimeout(timer);
      if (timer === undefined && !signal.aborted)
        await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
    }
    this.#seats--;
    // Who was met has left its waiting to another seat, unless all were taken.
    if (timer === undefined || this.#seats === MAX_GUESTS - 1) void this.#wait();
  }

  get #isLocal(): boolean {
    return /^https?:\/\/(?:localhost|127\.|\[::1\])/.test(this.addresses[0]!);
  }
}

/** For guests, who may come in but not end the room. */
async function guestToken(url: string, key: Key): Promise<string> {
  const headers = { Authorization: `Bearer ${key.token}` };
  const response = await fetch(`${url}/rooms/${key.room}/tokens`, { method: 'POST', headers });
  const { token } = (await response.json()) as { token?: unknown };
  if (typeof token !== 'string') throw new Failure('the signaling server gives no token');
  return token;
}

/** A server that listens on every interface is reached at each address that is not this machine's own. */
function urlsOf(server: SignalingServer, { host, url }: DoorOptions): string[] {
  if (url !== undefined) return [url.replace(/\/+$/, '')];
  if (host !== '0.0.0.0' && host !== '::') return [server.url];
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => `http://${address}:${server.port}`);
  return addresses.length > 0 ? addresses : [server.url];
}
