// From an invitation to an open connection in one call, the same in Node and in browsers: enters the room, finds the
// other side, negotiates, and keeps the line up: when the connection fails ICE is restarted by way of the room.
import { type JoinOptions, joinRoom, type SignalingRoom } from './client.ts';
import {
  type ChannelShape,
  type ConnectionClass,
  type ConnectionShape,
  connectionClass,
} from './connection-shape.ts';
import { SignalingError } from './errors.ts';
import { Negotiation, type NegotiationMessage } from './negotiation.ts';

export type { ChannelShape, ConnectionClass, ConnectionShape, DescriptionShape } from './connection-shape.ts';
export { Negotiation, type NegotiationMessage, type NegotiationOptions } from './negotiation.ts';

export interface ConnectOptions<C extends ConnectionShape> extends JoinOptions {
  /** For the connection: `iceServers` and so on. */
  readonly configuration?: object;
  /** Default: the browser's, or that of the package `millrace`. */
  readonly RTCPeerConnection?: ConnectionClass<C>;
  /** Members of one side don't meet each other: of a program and many pages, a page meets only the program. */
  readonly side?: string;
  /** Called with the connection before anything is negotiated: the place to add tracks and channels. */
  readonly prepare?: (connection: C) => void;
}

export interface Peer<C extends ConnectionShape> extends AsyncDisposable {
  readonly connection: C;
  /** Open, ordered and reliable: a channel that both sides have without announcing it (`negotiated`, id 0). */
  readonly channel: ReturnType<C['createDataChannel']>;
  /** Whom this is a connection to, by the name it has in the room. */
  readonly name: string;
  readonly room: SignalingRoom;
  /** Resolves when the connection is over; rejects with the reason if neither side wanted that. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** What members of a room say to find each other. Everything else that is said is for `Negotiation`. */
type Greeting = 'hello' | 'welcome' | 'taken';

interface Message extends NegotiationMessage {
  readonly greeting?: Greeting;
  readonly side?: string;
}

const CHANNEL = { label: 'millrace', init: { negotiated: true, id: 0 } } as const;

/**
 * Resolves with an open peer once another one has called `connect` with the same room, however long that takes (see
 * `signal`). In a room of many each connects to one other. Rejects as `joinRoom` does.
 *
 * @example
 * const { url, room, token } = parseInvite(invitation);
 * const peer = await connect({ url, room, token });
 * peer.channel.send('hello');
 */
export async function connect<C extends ConnectionShape = ConnectionShape>(
  options: ConnectOptions<C>,
): Promise<Peer<C>> {
  const Connection = await connectionClass(options.RTCPeerConnection);
  const room = await joinRoom(options);
  const makeConnection = (): C => {
    const connection = new Connection(options.configuration);
    options.prepare?.(connection);
    return connection;
  };
  const meeting = new Meeting(room, options.side, makeConnection);
  return meeting.run(options.signal);
}

class Meeting<C extends ConnectionShape> {
  readonly #room: SignalingRoom;
  readonly #side: string | undefined;
  readonly #makeConnection: () => C;
  readonly #opened = Promise.withResolvers<Peer<C>>();
  readonly #closed = Promise.withResolvers<void>();
  /** Whom this side has settled on. */
  #link: Link<C> | undefined;
  #isOver = false;

  constructor(room: SignalingRoom, side: string | undefined, makeConnection: () => C) {
    this.#room = room;
    this.#side = side;
    this.#makeConnection = makeConnection;
    this.#closed.promise.catch(() => {});
  }

  async run(signal: AbortSignal | undefined): Promise<Peer<C>> {
    signal?.addEventListener('abort', () => void this.#end(signal.reason), { once: true });
    for (const name of this.#room.peers) this.#greet('hello', name);
    void this.#listen();
    return this.#opened.promise;
  }

  async #listen(): Promise<void> {
    try {
      for await (const event of this.#room) {
        if (event.type === 'message') this.#onMessage(event.from, (event.data ?? {}) as Message);
        else if (event.type === 'leave' && event.peer === this.#link?.name) this.#onLeft();
      }
    } catch (error) {
      // A connection that is open goes on without the room, as long as it lasts.
      if (this.#link?.isOpen) this.#link.isAlone = true;
      else void this.#end(error);
    }
  }

  #onMessage(from: string, message: Message): void {
    const { greeting, side } = message;
    if (greeting !== undefined && side !== undefined && side === this.#side) return;
    if (greeting === 'hello') {
      if (!this.#link) this.#settle(from);
      this.#greet(this.#link?.name === from ? 'welcome' : 'taken', from);
    } else if (greeting === 'welcome') {
      if (!this.#link) this.#settle(from);
      else if (this.#link.name !== from) this.#greet('taken', from);
    } else if (greeting === 'taken') {
      if (this.#link?.name === from && !this.#link.isOpen) this.#drop();
    } else if (this.#link?.name === from) this.#link.negotiation.receive(message);
  }

  #settle(name: string): void {
    const connection = this.#makeConnection();
    const channel = connection.createDataChannel(CHANNEL.label, CHANNEL.init);
    const negotiation = new Negotiation(connection, {
      polite: this.#room.peer > name,
      send: (message) => this.#say(message, name),
      onError: (error) => void this.#end(error),
    });
    const link: Link<C> = { name, connection, channel, negotiation, isOpen: false, isAlone: false };
    this.#link = link;
    channel.addEventListener('open', () => this.#onOpen(link));
    channel.addEventListener('close', () => link === this.#link && void this.#end(undefined));
    connection.addEventListener('connectionstatechange', () => {
      if (link !== this.#link) return;
      const state = connection.connectionState;
      if (state === 'closed') void this.#end(undefined);
      else if (state === 'failed' && link.isAlone) void this.#end(new SignalingError('RECIPIENT_GONE'));
    });
  }

  #onOpen(link: Link<C>): void {
    if (link !== this.#link) return;
    link.isOpen = true;
    const { name, connection, channel } = link;
    const close = (): Promise<void> => this.#end(undefined);
    this.#opened.resolve({
      name,
      connection,
      channel: channel as ReturnType<C['createDataChannel']>,
      room: this.#room,
      closed: this.#closed.promise,
      close,
      [Symbol.asyncDispose]: close,
    });
  }

  /** Before the connection is open that means to look for another; afterwards it only means that nobody restarts it. */
  #onLeft(): void {
    const link = this.#link!;
    if (!link.isOpen) this.#drop();
    else if (link.connection.connectionState === 'failed')
      void this.#end(new SignalingError('RECIPIENT_GONE'));
    else link.isAlone = true;
  }

  #drop(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.connection.close();
    for (const name of this.#room.peers) if (name !== link?.name) this.#greet('hello', name);
  }

  #greet(greeting: Greeting, to: string): void {
    this.#say({ greeting, ...(this.#side !== undefined && { side: this.#side }) }, to);
  }

  /** Who has left can't be told: that is noticed by its leaving. */
  #say(message: Message, to: string): void {
    this.#room.send(message, to).catch(() => {});
  }

  async #end(error: unknown): Promise<void> {
    if (this.#isOver) return this.#closed.promise.catch(() => {});
    this.#isOver = true;
    const link = this.#link;
    this.#link = undefined;
    link?.connection.close();
    await this.#room.close();
    this.#opened.reject(error ?? new SignalingError('CLOSED'));
    if (error === undefined) this.#closed.resolve();
    else this.#closed.reject(error);
  }
}

interface Link<C extends ConnectionShape> {
  readonly name: string;
  readonly connection: C;
  readonly channel: ChannelShape;
  readonly negotiation: Negotiation;
  isOpen: boolean;
  /** The other side has left the room: nobody is there to restart the connection with. */
  isAlone: boolean;
}
