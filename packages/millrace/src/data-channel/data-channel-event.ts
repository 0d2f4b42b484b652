import type { EventOptions } from '../events.ts';
import type { RTCDataChannel } from './rtc-data-channel.ts';

/** W3C webrtc-pc §6.3: the peer has opened a channel. */
export class RTCDataChannelEvent extends Event {
  readonly channel: RTCDataChannel;

  constructor(type: string, init: EventOptions & { readonly channel: RTCDataChannel }) {
    super(type, init);
    if (init?.channel === undefined) throw new TypeError('an RTCDataChannelEvent needs a channel');
    this.channel = init.channel;
  }
}
