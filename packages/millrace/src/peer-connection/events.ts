// The events of RTCPeerConnection and their `on...` attributes (W3C webrtc-pc §4.4.2).
import type { RTCDataChannelEvent } from '../data-channel/rtc-data-channel.ts';
import { type Handler, handlerOf, setHandler, TypedEventTarget } from '../events.ts';
import type { RTCTrackEvent } from '../media/track-event.ts';
import type { RTCPeerConnectionIceErrorEvent, RTCPeerConnectionIceEvent } from './ice-event.ts';

export interface RTCPeerConnectionEventMap {
  negotiationneeded: Event;
  icecandidate: RTCPeerConnectionIceEvent;
  icecandidateerror: RTCPeerConnectionIceErrorEvent;
  signalingstatechange: Event;
  iceconnectionstatechange: Event;
  icegatheringstatechange: Event;
  connectionstatechange: Event;
  datachannel: RTCDataChannelEvent;
  track: RTCTrackEvent;
}

export class PeerConnectionEvents extends TypedEventTarget<RTCPeerConnectionEventMap> {
  get onnegotiationneeded(): Handler<Event> {
    return handlerOf(this, 'negotiationneeded');
  }

  set onnegotiationneeded(handler: Handler<Event>) {
    setHandler(this, 'negotiationneeded', handler);
  }

  get onicecandidate(): Handler<RTCPeerConnectionIceEvent> {
    return handlerOf(this, 'icecandidate');
  }

  set onicecandidate(handler: Handler<RTCPeerConnectionIceEvent>) {
    setHandler(this, 'icecandidate', handler);
  }

  get onicecandidateerror(): Handler<RTCPeerConnectionIceErrorEvent> {
    return handlerOf(this, 'icecandidateerror');
  }

  set onicecandidateerror(handler: Handler<RTCPeerConnectionIceErrorEvent>) {
    setHandler(this, 'icecandidateerror', handler);
  }

  get onsignalingstatechange(): Handler<Event> {
    return handlerOf(this, 'signalingstatechange');
  }

  set onsignalingstatechange(handler: Handler<Event>) {
    setHandler(this, 'signalingstatechange', handler);
  }

  get oniceconnectionstatechange(): Handler<Event> {
    return handlerOf(this, 'iceconnectionstatechange');
  }

  set oniceconnectionstatechange(handler: Handler<Event>) {
    setHandler(this, 'iceconnectionstatechange', handler);
  }

  get onicegatheringstatechange(): Handler<Event> {
    return handlerOf(this, 'icegatheringstatechange');
  }

  set onicegatheringstatechange(handler: Handler<Event>) {
    setHandler(this, 'icegatheringstatechange', handler);
  }

  get onconnectionstatechange(): Handler<Event> {
    return handlerOf(this, 'connectionstatechange');
  }

  set onconnectionstatechange(handler: Handler<Event>) {
    setHandler(this, 'connectionstatechange', handler);
  }

  get ondatachannel(): Handler<RTCDataChannelEvent> {
    return handlerOf(this, 'datachannel');
  }

  set ondatachannel(handler: Handler<RTCDataChannelEvent>) {
    setHandler(this, 'datachannel', handler);
  }

  get ontrack(): Handler<RTCTrackEvent> {
    return handlerOf(this, 'track');
  }

  set ontrack(handler: Handler<RTCTrackEvent>) {
    setHandler(this, 'track', handler);
  }
}
