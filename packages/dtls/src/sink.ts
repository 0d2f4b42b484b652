// What a connection tells its user, by `drain`.
import type { CloseReason } from './close-reason.ts';

export interface DtlsSink {
  /**
   * The handshake is verified: `seal` works from now on. Send what `transmit` has before the first sealed record:
   * data that overtakes the last flight is kept by the peer at best, and OpenSSL hands it on only with the next
   * record that comes.
   */
  onConnected(): void;
  /**
   * Server of DTLS 1.3: `sealEarly` works from now on. Who the client is has not been shown yet: that is what `onConnected`
   * says.
   */
  onHalfConnected?(): void;
  /** The plaintext of one record, never before `onConnected`. Borrowed for the call. */
  onApplicationData(bytes: Uint8Array, at: number, end: number): void;
  /** The last event. */
  onClosed(reason: CloseReason): void;
  /** Only with the option `keyLog`: one line in the format of NSS. */
  onKeyLog?(line: string): void;
}
