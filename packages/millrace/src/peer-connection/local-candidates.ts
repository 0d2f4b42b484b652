// When this side's candidates are gathered and what the application hears of them. W3C webrtc-pc §4.4.1.6, §4.8;
// RFC 8829 §3.5.
import type { CandidateSource } from '../servers/server-gathering.ts';
import { queueTask } from '../task-queue.ts';
import { type RTCConfiguration, serversOf } from './configuration.ts';
import { RTCIceCandidate } from './ice-candidate.ts';
import { RTCPeerConnectionIceEvent } from './ice-event.ts';
import type { RTCIceGathererState } from './ice-transport.ts';
import type { Negotiator } from './negotiator.ts';
import type { Session } from './session.ts';
import type { Transports } from './transports.ts';

/** The connection, as this sees it. */
export interface LocalCandidatesHost {
  isClosed(): boolean;
  configuration(): RTCConfiguration;
  fire(event: Event): void;
}

interface News {
  /** Empty: their end. */
  readonly text: string;
  readonly usernameFragment: string | undefined;
  readonly source: CandidateSource | undefined;
}

export class LocalCandidates {
  readonly #session: Session;
  readonly #negotiator: Negotiator;
  readonly #transports: Transports;
  readonly #host: LocalCandidatesHost;
  /** What the pool has been gathered for. */
  #prepared = '';

  constructor(session: Session, negotiator: Negotiator, transports: Transports, host: LocalCandidatesHost) {
    this.#session = session;
    this.#negotiator = negotiator;
    this.#transports = transports;
    this.#host = host;
  }

  /**
   * W3C webrtc-pc §4.2.1: a pool is gathered before candidates are asked for, anew when the servers have changed. One
   * transport carries everything here, so that a pool of one set serves however many sections.
   */
  prepare(): void {
    const { iceCandidatePoolSize = 0, iceTransportPolicy, iceServers } = this.#host.configuration();
    if (this.#session.hasBegunGathering) return;
    const wanted = iceCandidatePoolSize === 0 ? '' : JSON.stringify([iceServers, iceTransportPolicy]);
    if (wanted === this.#prepared) return;
    this.#prepared = wanted;
    if (wanted === '') this.#session.discardPrepared();
    else this.#session.prepare(serversOf(this.#host.configuration()), iceTransportPolicy === 'relay');
  }

  gather(): void {
    if (this.#host.isClosed() || this.#session.hasBegunGathering) return;
    queueTask((state) => this.#onGathering(state), 'gathering' as const);
    const configuration = this.#host.configuration();
    void this.#session.gather(serversOf(configuration), configuration.iceTransportPolicy === 'relay');
  }

  tellLater(text: string, usernameFragment: string | undefined, source?: CandidateSource): void {
    queueTask(this.#tell, { text, usernameFragment, source });
  }

  tellGathered(usernameFragment: string): void {
    this.tellLater('', usernameFragment);
    queueTask(this.#tellComplete, undefined);
  }

  readonly #tell = ({ text, usernameFragment, source }: News): void => {
    const place = this.#host.isClosed()
      ? undefined
      : this.#negotiator.placeLocalCandidate(text, usernameFragment);
    if (!place) return;
    const candidate = new RTCIceCandidate({ candidate: text, ...place, ...source });
    this.#host.fire(new RTCPeerConnectionIceEvent('icecandidate', { candidate, url: source?.url ?? null }));
  };

  readonly #tellComplete = (): void => {
    this.#onGathering('complete');
    if (!this.#host.isClosed())
      this.#host.fire(new RTCPeerConnectionIceEvent('icecandidate', { candidate: null }));
  };

  #onGathering(state: RTCIceGathererState): void {
    if (!this.#host.isClosed()) this.#transports.onGathering(state);
  }
}
