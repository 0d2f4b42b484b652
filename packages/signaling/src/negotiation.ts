// Perfect negotiation (W3C webrtc-pc §10.7) of one connection over any two-way line of messages: both sides may offer at
// any time, and where offers cross the polite side takes its own back. To begin with only the impolite side offers,
// so that they do not cross when both have just met.
import type { ConnectionShape, DescriptionShape } from './connection-shape.ts';

/** What the two sides tell each other. */
export interface NegotiationMessage {
  readonly description?: DescriptionShape;
  readonly candidate?: object;
}

export interface NegotiationOptions {
  /** One side is, the other is not. */
  readonly polite: boolean;
  send(message: NegotiationMessage): void;
  /** A description of the other side's can't be used. */
  onError(error: unknown): void;
}

export class Negotiation {
  readonly #connection: ConnectionShape;
  readonly #options: NegotiationOptions;
  #isMakingOffer = false;
  #isIgnoringOffer = false;
  #hasBegun: boolean;
  #work: Promise<void> = Promise.resolve();

  constructor(connection: ConnectionShape, options: NegotiationOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#hasBegun = !options.polite;
    connection.addEventListener('negotiationneeded', () => void this.#offer());
    connection.addEventListener('icecandidate', (event) => {
      const { candidate } = event as Event & { candidate: { toJSON(): object } | null };
      if (candidate) options.send({ candidate: candidate.toJSON() });
    });
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState === 'failed' && !options.polite) connection.restartIce();
    });
  }

  /** Takes a message of the other side's, which may be anything. */
  receive({ description, candidate }: NegotiationMessage): void {
    this.#work = this.#work.then(async () => {
      try {
        if (description) await this.#onDescription(description);
        else if (candidate) await this.#onCandidate(candidate);
      } catch (error) {
        if (this.#connection.connectionState !== 'closed') this.#options.onError(error);
      }
    });
  }

  async #offer(): Promise<void> {
    if (!this.#hasBegun) return;
    this.#isMakingOffer = true;
    try {
      await this.#connection.setLocalDescription();
      this.#sendDescription();
    } catch (error) {
      if (this.#connection.connectionState !== 'closed') this.#options.onError(error);
    } finally {
      this.#isMakingOffer = false;
    }
  }

  async #onDescription(description: DescriptionShape): Promise<void> {
    const isOffer = description.type === 'offer';
    const isCollision = isOffer && (this.#isMakingOffer || this.#connection.signalingState !== 'stable');
    this.#isIgnoringOffer = isCollision && !this.#options.polite;
    if (this.#isIgnoringOffer) return;
    await this.#connection.setRemoteDescription(description);
    this.#hasBegun = true;
    if (!isOffer) return;
    await this.#connection.setLocalDescription();
    this.#sendDescription();
  }

  async #onCandidate(candidate: object): Promise<void> {
    try {
      await this.#connection.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#isIgnoringOffer) throw error; // it belongs to the offer that was not taken
    }
  }

  #sendDescription(): void {
    const { localDescription } = this.#connection;
    if (!localDescription) return;
    const { type, sdp } = localDescription;
    this.#options.send({ description: { type, sdp } });
  }
}
