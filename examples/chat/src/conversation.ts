// The chat itself, without a terminal: everybody has a direct channel to everybody else. A message on a channel is
// JSON: { type: 'hello', name } once, then { type: 'text', text }.
import { Meeting, type PeerLink } from '@millrace/example-send-file/meeting';
import type { MeetingPlace } from '@millrace/example-send-file/meeting-place';
import type { RTCDataChannel } from 'millrace';
import { cleanName, cleanText } from './text.ts';

export interface ConversationEvents {
  onArrival(name: string): void;
  onDeparture(name: string): void;
  onText(name: string, text: string): void;
  /** The connection to somebody who is here has been interrupted, or is there again. */
  onConnection(name: string, isThere: boolean): void;
  /** Somebody is in the room but cannot be connected to. */
  onUnreachable(reason: string): void;
}

interface Member {
  readonly channel: RTCDataChannel;
  /** Known when they have said hello. */
  name: string | undefined;
  isInterrupted: boolean;
}

const LABEL = 'chat';
/** Milliseconds that a channel may take to close when we leave. */
const CLOSE_GRACE = 2000;

export class Conversation {
  readonly #name: string;
  readonly #events: ConversationEvents;
  readonly #meeting: Meeting;
  readonly #members = new Map<PeerLink, Member>();
  /** Those in the room who have not said hello yet. */
  readonly #expected = new Set<PeerLink>();
  #isLeaving = false;
  readonly #complete = Promise.withResolvers<void>();

  constructor(
    place: Pick<MeetingPlace, 'room' | 'isLocal' | 'iceServers'>,
    name: string,
    events: ConversationEvents,
  ) {
    this.#name = name;
    this.#events = events;
    this.#meeting = new Meeting(place.room, {
      labels: [LABEL],
      configuration: { iceServers: place.iceServers, millrace: { loopback: place.isLocal } },
      onMet: (link) => this.#expected.add(link),
      onChannel: (channel, link) => void this.#converse(channel, link),
      onLost: (link, reason) => {
        this.#onSettled(link);
        if (!this.#members.has(link)) events.onUnreachable(reason.message);
      },
    });
  }

  /** The names of those who are here. */
  get names(): string[] {
    return [...this.#members.values()].flatMap(({ name }) => name ?? []);
  }

  /** Those who are here, and how the connection to each of them is. */
  get roster(): Array<{ name: string; connection: string }> {
    return [...this.#members].flatMap(([link, { name, isInterrupted }]) =>
      name === undefined
        ? []
        : { name, connection: isInterrupted ? 'interrupted' : link.connection.connectionState },
    );
  }

  /** Resolves when somebody is here, and everybody who was in the room by then. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** Connects to everybody who comes; throws when the signaling server is lost. Those who are here stay. */
  run(): Promise<void> {
    return this.#meeting.run();
  }

  /** Says `text` to all who are here; returns how many that are. */
  async say(text: string): Promise<number> {
    const message = JSON.stringify({ type: 'text', text: cleanText(text) });
    const listening = [...this.#members.values()].filter(({ name }) => name !== undefined);
    const sent = await Promise.allSettled(
      listening.map(async ({ channel }) => {
        await channel.ready;
        channel.send(message);
      }),
    );
    return sent.filter(({ status }) => status === 'fulfilled').length;
  }

  /** Leaves when everything said has arrived. */
  async close(): Promise<void> {
    this.#isLeaving = true;
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, CLOSE_GRACE);
    const closings = [...this.#members.values()].map(({ channel }) => {
      channel.close();
      return channel.closed.catch(() => {}); // they may be gone already
    });
    await Promise.race([Promise.all(closings), grace.promise]);
    clearTimeout(timer);
    this.#meeting.close();
  }

  async #converse(channel: RTCDataChannel, link: PeerLink): Promise<void> {
    const messages = channel[Symbol.asyncIterator]();
    const member: Member = { channel, name: undefined, isInterrupted: false };
    link.connection.addEventListener('connectionstatechange', () => this.#onState(link, member));
    try {
      await channel.ready;
      this.#members.set(link, member);
      channel.send(JSON.stringify({ type: 'hello', name: this.#name }));
      for await (const message of messages) this.#onMessage(link, member, message);
    } catch {
      // The channel has failed: to the others that is no different from leaving.
    }
    this.#members.delete(link);
    this.#onSettled(link);
    link.close();
    if (member.name !== undefined && !this.#isLeaving) this.#events.onDeparture(member.name);
  }

  /** Ends are told otherwise. */
  #onState(link: PeerLink, member: Member): void {
    const state = link.connection.connectionState;
    const isInterrupted = state === 'disconnected' || (member.isInterrupted && state !== 'connected');
    if (isInterrupted === member.isInterrupted || member.name === undefined) return;
    member.isInterrupted = isInterrupted;
    this.#events.onConnection(member.name, !isInterrupted);
  }

  #onMessage(link: PeerLink, member: Member, message: unknown): void {
    const { type, name, text } = parse(message);
    if (type === 'hello' && member.name === undefined) {
      member.name = cleanName(String(name));
      this.#events.onArrival(member.name);
      this.#onSettled(link);
    } else if (type === 'text' && member.name !== undefined) {
      this.#events.onText(member.name, cleanText(String(text)));
    }
  }

  /** `link` has become a member or never will. */
  #onSettled(link: PeerLink): void {
    this.#expected.delete(link);
    if (this.#expected.size === 0 && this.names.length > 0) this.#complete.resolve();
  }
}

/** What is not ours to understand is passed over. */
function parse(message: unknown): Record<string, unknown> {
  try {
    return Object(JSON.parse(String(message)));
  } catch {
    return {};
  }
}
