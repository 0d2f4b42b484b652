// The two states of a connection that follow from its transports (W3C webrtc-pc §4.3.3, §4.3.4), for the one
// transport of each kind that a connection has.
import type { RTCDtlsTransportState } from './dtls-transport.ts';
import type { RTCIceTransportState } from './ice-transport.ts';

export type RTCPeerConnectionState =
  | 'new'
  | 'connecting'
  | 'connected'
  | 'disconnected'
  | 'failed'
  | 'closed';

/** The first rule that fits, in the order of the standard's table. */
export function connectionState(
  isClosed: boolean,
  ice: RTCIceTransportState | undefined,
  dtls: RTCDtlsTransportState | undefined,
): RTCPeerConnectionState {
  if (isClosed) return 'closed';
  if (ice === undefined || dtls === undefined) return 'new';
  if (ice === 'failed' || dtls === 'failed') return 'failed';
  if (ice === 'disconnected') return 'disconnected';
  if ((ice === 'new' || ice === 'closed') && (dtls === 'new' || dtls === 'closed')) return 'new';
  if (ice === 'new' || ice === 'checking' || dtls === 'new' || dtls === 'connecting') return 'connecting';
  return 'connected';
}
