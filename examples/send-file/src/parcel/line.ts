// One conversation over a channel, with a sign of life every few seconds from each side: a line on which nothing is
// heard is cut, and everything that waits for it fails with ConnectionLost.
import type { RTCDataChannel } from 'millrace';
import type { PeerLink } from '../meeting.ts';
import { MESSAGE_BYTES } from '../transfer.ts';
import { Watchdog } from '../watchdog.ts';

/** Milliseconds between two signs of life. */
const ALIVE_INTERVAL = 2000;
/** Milliseconds of silence after which the connection counts as lost. */
const SILENCE = 10_000;
/** Milliseconds to wait for the other side to close the channel as well. */
const CLOSE_GRACE = 2000;
/** Milliseconds between two signs that files are being hashed. */
const CHECKING_INTERVAL = 1000;
const ALIVE = '{"type":"alive"}';
const CHECKING = '{"type":"checking"}';

export class Line implements AsyncIterator<unknown> {
  readonly channel: RTCDataChannel;
  /** Bytes in a message. */
  readonly messageBytes: number;
  readonly #link: PeerLink;
  readonly #messages: AsyncIterator<unknown>;
  readonly #onNews: () => void;
  readonly #silence: Watchdog;
  readonly #alive: NodeJS.Timeout;
  #checkingAt = 0;

  /** `onNews` hears of whatever brings the transfer on; signs of life do not. */
  constructor(channel: RTCDataChannel, link: PeerLink, onNews: () => void) {
    this.channel = channel;
    this.#link = link;
    this.#messages = channel[Symbol.asyncIterator]();
    this.#onNews = onNews;
    this.messageBytes = Math.min(
      MESSAGE_BYTES,
      link.connection.sctp?.maxMessageSize || MESSAGE_BYTES, // 0: no limit
    );
    this.#silence = new Watchdog(SILENCE, () => this.cut());
    this.#silence.start();
    this.#alive = setInterval(() => this.#say(ALIVE), ALIVE_INTERVAL);
  }

  async next(): Promise<IteratorResult<unknown>> {
    while (true) {
      const message = await this.#messages.next();
      this.#silence.feed();
      if (message.value === ALIVE) continue;
      this.#onNews();
      if (message.value !== CHECKING) return message;
    }
  }

  /** Files are being hashed: the other side shall be patient. */
  checking(): void {
    this.#onNews();
    const now = performance.now();
    if (now - this.#checkingAt < CHECKING_INTERVAL) return;
    this.#checkingAt = now;
    this.#say(CHECKING);
  }

  /** At once: what was sent may not arrive. */
  cut(): void {
    this.#stop();
    this.#link.close();
  }

  /** Closes the channel once everything has arrived, then the connection. */
  async close(): Promise<void> {
    this.#stop();
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, CLOSE_GRACE);
    this.channel.close();
    await Promise.race([this.channel.closed.catch(() => {}), grace.promise]); // the other side may be gone already
    clearTimeout(timer);
    this.#link.close();
  }

  #say(sign: string): void {
    if (this.channel.readyState !== 'open' || this.channel.bufferedAmount > 0) return; // more than a sign is on its way
    this.channel.send(sign);
  }

  #stop(): void {
    this.#silence.stop();
    clearInterval(this.#alive);
  }
}
