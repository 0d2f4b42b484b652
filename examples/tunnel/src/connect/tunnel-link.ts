// Finds the side that publishes in the meeting place and keeps connected to it: when the connection is lost the place is
// entered anew, as whoever enters offers connections to those who are there.
import { setTimeout as delay } from 'node:timers/promises';
import { Meeting, type PeerLink } from '@millrace/example-send-file/meeting';
import type { MeetingPlace } from '@millrace/example-send-file/meeting-place';
import type { RTCDataChannel } from 'millrace';
import { greet, LABELS, tuned } from '../greeting.ts';
import type { Lane } from '../wire/lane.ts';
import { KeptLanes } from './kept-lanes.ts';
import type { Peer } from './peer.ts';

export interface TunnelLinkEvents {
  onConnected(): void;
  onLost(reason: string): void;
}

/** Milliseconds between attempts to come back: doubling from the first to the last. */
const FIRST_DELAY = 500;
const LAST_DELAY = 15_000;

export class TunnelLink implements Peer {
  readonly #enter: (signal: AbortSignal) => Promise<MeetingPlace>;
  readonly #signal: AbortSignal;
  readonly #events: TunnelLinkEvents;
  readonly #lanes: KeptLanes = new KeptLanes(() => this.#openChannel());
  #link: PeerLink | undefined;

  constructor(
    enter: (signal: AbortSignal) => Promise<MeetingPlace>,
    signal: AbortSignal,
    events: TunnelLinkEvents,
  ) {
    this.#enter = enter;
    this.#signal = signal;
    this.#events = events;
  }

  takeLane(): Lane | undefined {
    return this.#lanes.take();
  }

  giveBack(lane: Lane): void {
    this.#lanes.giveBack(lane);
  }

  #openChannel(): RTCDataChannel | undefined {
    try {
      const channel = this.#link?.connection.createDataChannel(LABELS.request);
      return channel && tuned(channel);
    } catch {
      return undefined; // closed this moment, or there are too many
    }
  }

  /** Until the signal. `first` is a place that has been entered already. */
  async run(first: MeetingPlace): Promise<void> {
    let wait = FIRST_DELAY;
    for (let place: MeetingPlace | undefined = first; !this.#signal.aborted; ) {
      if (place && (await this.#stay(place))) wait = FIRST_DELAY;
      await delay(wait, undefined, { signal: this.#signal }).catch(() => {});
      wait = Math.min(wait * 2, LAST_DELAY);
      place = this.#signal.aborted ? undefined : await this.#enter(this.#signal).catch(() => undefined);
    }
  }

  /** Until the connection is lost; returns whether there was one. Without any it waits for somebody to publish. */
  async #stay(place: MeetingPlace): Promise<boolean> {
    const lost = Promise.withResolvers<void>();
    let wasConnected = false;
    const meeting: Meeting = new Meeting(place.room, {
      labels: [LABELS.control],
      configuration: { iceServers: place.iceServers, millrace: { loopback: place.isLocal } },
      onChannel: (channel, link) => {
        if (channel.label !== LABELS.control) return link.close();
        greet(channel, 'connect').then(
          (role) => {
            if (role !== 'publish' || this.#link) return link.close();
            this.#link = link;
            wasConnected = true;
            channel.addEventListener('close', () => onLost('the other side has closed the connection'));
            this.#events.onConnected();
          },
          () => link.close(),
        );
        const onLost = (reason: string): void => {
          if (this.#link !== link) return;
          this.#link = undefined;
          link.close();
          this.#events.onLost(reason);
          lost.resolve();
        };
      },
      onLost: (link, reason) => {
        if (this.#link !== link) return;
        this.#link = undefined;
        this.#events.onLost(reason.message);
        lost.resolve();
      },
    });
    const left = (): void => {
      if (!this.#link) lost.resolve(); // a connection that stands goes on without the meeting place
    };
    meeting.run().then(left, left);
    this.#signal.addEventListener('abort', () => lost.resolve(), { once: true });
    await lost.promise;
    this.#link = undefined;
    meeting.close();
    await place.close().catch(() => {});
    return wasConnected;
  }
}
