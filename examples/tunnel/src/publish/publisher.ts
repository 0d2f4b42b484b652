// The side of the service: takes connections from whoever enters the meeting place, and requests on their channels.
import { Meeting, type PeerLink } from '@millrace/example-send-file/meeting';
import type { MeetingPlace } from '@millrace/example-send-file/meeting-place';
import { greet, LABELS, tuned } from '../greeting.ts';
import { serveRequests } from './requests.ts';
import type { Service } from './service.ts';

export interface PublisherEvents {
  onArrival(): void;
  onDeparture(reason: string): void;
}

/** Channels beyond the limit of requests are answered, up to this many times it; then they are closed unheard. */
const CHANNELS_PER_REQUEST = 2;

export class Publisher {
  readonly #meeting: Meeting;
  readonly #service: Service;
  readonly #events: PublisherEvents;
  readonly #clients = new Set<PeerLink>();

  constructor(place: MeetingPlace, service: Service, events: PublisherEvents) {
    this.#service = service;
    this.#events = events;
    this.#meeting = new Meeting(place.room, {
      labels: [LABELS.control],
      configuration: { iceServers: place.iceServers, millrace: { loopback: place.isLocal } },
      onChannel: (channel, link) => {
        if (channel.label === LABELS.request) {
          const { channels, options } = this.#service;
          if (channels < options.maxRequests * CHANNELS_PER_REQUEST) serveRequests(tuned(channel), service);
          else channel.close();
          return;
        }
        greet(channel, 'publish').then(
          (role) => (role === 'connect' ? this.#onClient(link) : link.close()),
          () => link.close(),
        );
        channel.addEventListener('close', () => this.#onGone(link, 'it has closed the connection'));
      },
      onLost: (link, reason) => this.#onGone(link, reason.message),
    });
  }

  /** Throws when the meeting place is lost. Those who are connected stay. */
  run(): Promise<void> {
    return this.#meeting.run();
  }

  close(): void {
    this.#clients.clear();
    this.#meeting.close();
    this.#service.close();
  }

  #onClient(link: PeerLink): void {
    this.#clients.add(link);
    this.#events.onArrival();
  }

  #onGone(link: PeerLink, reason: string): void {
    link.close();
    if (this.#clients.delete(link)) this.#events.onDeparture(reason);
  }
}
