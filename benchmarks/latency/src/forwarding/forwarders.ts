// What forwards, by subject: one connection that packets come on, and one for each receiver that they go out on.
import type { MediaStreamTrack } from 'millrace';
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
