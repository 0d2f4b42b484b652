// What forwards, by subject: one connection that packets come on, and one for each receiver that they go out on.
import { startStunResponder } from '@millrace/bench-harness';
import type { MediaStreamTrack } from 'millrace';
import type { RtpPacket as WeriftPacket, MediaStreamTrack as WeriftTrack } from 'werift';
import { described, whenConnected } from './description.ts';
import type { Description } from './messages.ts';

export interface Forwarder {
  /** The sender's offer answered; packets come from there. */
  answer(offer: Description): Promise<Description>;
  /** An offer to the next receiver. */
  offer(): Promise<{ readonly description: Description; accept(answer: Description): Promise<void> }>;
  /** All connections. */
  connected(): Promise<void>;
  close(): void;
}

/** Without its native parts if `MILLRACE_NATIVE` says so by the time it is loaded. */
export async function millraceForwarder(): Promise<Forwarder> {
  const { RTCPeerConnection } = await import('millrace');
  const all: Array<InstanceType<typeof RTCPeerConnection>> = [];
  const connection = (): InstanceType<typeof RTCPeerConnection> => {
    const pc = new RTCPeerConnection({ millrace: { loopback: true } });
    all.push(pc);
    return pc;
  };
  const incoming = Promise.withResolvers<MediaStreamTrack>();
  return {
    async answer(offer) {
      const pc = connection();
      pc.ontrack = ({ track }) => incoming.resolve(track);
      await pc.setRemoteDescription(offer);
      await pc.setLocalDescription();
      return described(pc);
    },
    async offer() {
      const pc = connection();
      pc.addTransceiver(await incoming.promise, { direction: 'sendonly' });
      await pc.setLocalDescription();
      return { description: await described(pc), accept: (answer) => pc.setRemoteDescription(answer) };
    },
    connected: async () => void (await Promise.all(all.map(whenConnected))),
    close() {
      for (const pc of all) pc.close();
    },
  };
}

/** werift's own way: each packet that comes is written to a track for each receiver. */
export async function weriftForwarder(): Promise<Forwarder> {
  const { MediaStreamTrack, RTCPeerConnection, useVP8 } = await import('werift');
  const stun = await startStunResponder();
  const iceServers = [{ urls: `stun:127.0.0.1:${stun.address().port}` }];
  const all: Array<InstanceType<typeof RTCPeerConnection>> = [];
  const connection = (): InstanceType<typeof RTCPeerConnection> => {
    const pc = new RTCPeerConnection({ iceServers, codecs: { video: [useVP8()] } });
    all.push(pc);
    return pc;
  };
  const outgoing: WeriftTrack[] = [];
  const forward = (packet: WeriftPacket): void => {
    // Each sender rewrites the header it is given, so each is given its own.
    for (const track of outgoing) track.writeRtp(packet.clone());
  };
  return {
    async answer(offer) {
      const pc = connection();
      pc.onTrack.subscribe((track) => void track.onReceiveRtp.subscribe(forward));
      await pc.setRemoteDescription(offer);
      await pc.setLocalDescription(await pc.createAnswer());
      return described(pc);
    },
    async offer() {
      const pc = connection();
      const track = new MediaStreamTrack({ kind: 'video' });
      outgoing.push(track);
      pc.addTransceiver(track, { direction: 'sendonly' });
      await pc.setLocalDescription(await pc.createOffer());
      return { description: await described(pc), accept: (answer) => pc.setRemoteDescription(answer) };
    },
    connected: async () => void (await Promise.all(all.map(whenConnected))),
    close() {
      for (const pc of all) void pc.close();
      stun.close();
    },
  };
}
