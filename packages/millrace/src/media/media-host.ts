// The connection, as senders, receivers and transceivers see it.
import type { RTCDtlsTransport } from '../peer-connection/dtls-transport.ts';
import type { RTCStatsReport } from '../peer-connection/stats.ts';
import type { RtpPath } from './media-path.ts';

export interface MediaHost {
  readonly path: RtpPath;
  /** Whether the path has been made. */
  readonly hasPath: boolean;
  readonly transport: RTCDtlsTransport;
  /** RFC 7022: the name of this end, the same for all of its streams. */
  readonly cname: string;
  readonly isClosed: boolean;
  /** Something is to be sent. */
  wake(): void;
  /** Something has changed that the peer has to agree to. */
  onNeedsNegotiation(): void;
  /** The report with what concerns the senders and receivers that `isWanted` names. */
  stats(isWanted: (core: object) => boolean): RTCStatsReport;
}
