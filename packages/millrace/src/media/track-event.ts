// RTCTrackEvent (W3C webrtc-pc §5.7).
import type { EventOptions } from '../events.ts';
import type { RTCRtpReceiver } from './receiver.ts';
import type { MediaStream } from './stream.ts';
import type { MediaStreamTrack } from './track.ts';
import type { RTCRtpTransceiver } from './transceiver.ts';

export interface RTCTrackEventInit extends EventOptions {
  readonly receiver: RTCRtpReceiver;
  readonly track: MediaStreamTrack;
  readonly streams?: readonly MediaStream[];
  readonly transceiver: RTCRtpTransceiver;
}

/** The peer has a track for us (W3C webrtc-pc §5.7). */
export class RTCTrackEvent extends Event {
  readonly receiver: RTCRtpReceiver;
  readonly track: MediaStreamTrack;
  readonly streams: readonly MediaStream[];
  readonly transceiver: RTCRtpTransceiver;

  constructor(type: string, init: RTCTrackEventInit) {
    super(type, init);
    this.receiver = init.receiver;
    this.track = init.track;
    this.streams = Object.freeze([...(init.streams ?? [])]);
    this.transceiver = init.transceiver;
  }
}
