// A millrace process between two pages: what one sends, the other gets.
import { once } from 'node:events';
import {
  MediaStream,
  MediaStreamTrack,
  type RTCConfiguration,
  RTCPeerConnection,
  type RTCTrackEvent,
} from 'millrace';
import type { Description } from './in-page.ts';

const LOOPBACK: RTCConfiguration = { millrace: { loopback: true } };

export class Forwarder {
  readonly from: RTCPeerConnection = new RTCPeerConnection(LOOPBACK);
  readonly to: RTCPeerConnection = new RTCPeerConnection(LOOPBACK);
  readonly #tracks: RTCTrackEvent[] = [];

  /** The answer to a page that sends. */
  async answer(offer: Description): Promise<Description> {
    this.from.ontrack = (event) => this.#tracks.push(event);
    await this.from.setRemoteDescription(offer);
    await this.from.setLocalDescription();
    return described(this.from);
  }

  /** An offer of all that comes, to a page that plays it. */
  async offer(): Promise<Description> {
    const stream = new MediaStream();
    for (const { track } of this.#tracks)
      this.to.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
    await this.to.setLocalDescription();
    return described(this.to);
  }

  /** An offer of one layer of simulcast, and of no sound; and the layers that have come, which fill up. */
  async offerLayer(rid: string): Promise<{ offer: Description; rids: ReadonlySet<string | null> }> {
    const receiver = this.from.getReceivers().find(({ track }) => track.kind === 'video')!;
    const rids = new Set<string | null>();
    const { codecs } = receiver.getParameters();
    const layer = new MediaStreamTrack({ kind: 'video', codecs });
    receiver.track.onrtp = ({ bytes, at, end }, source) => {
      rids.add(source.rid);
      if (source.rid === rid) layer.writeRtp(bytes, at, end);
    };
    layer.onkeyframerequest = () => receiver.requestKeyFrame(rid);
    this.to.addTransceiver(layer, { direction: 'sendonly' });
    await this.to.setLocalDescription();
    return { offer: await described(this.to), rids };
  }

  close(): void {
    this.from.close();
    this.to.close();
  }
}

/** With all candidates. */
async function described(pc: RTCPeerConnection): Promise<Description> {
  while (pc.iceGatheringState !== 'complete') await once(pc, 'icegatheringstatechange');
  const { type = 'offer', sdp = '' } = pc.localDescription ?? {};
  return { type, sdp };
}
