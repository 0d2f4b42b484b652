// Two whole connections of one process that meet on loopback.
import { once } from 'node:events';
import { type RTCDataChannelEvent, RTCPeerConnection } from '../src/index.ts';
import { BUFFERED_BYTES, type Course } from './course.ts';

export async function openConnections(native: boolean, version?: '1.2' | '1.3'): Promise<Course> {
  const millrace = {
    native,
    loopback: true,
    addressFilter: (address: string) => address === '127.0.0.1',
    ...(version === undefined ? {} : { dtls: { minVersion: version, maxVersion: version } }),
  };
  const a = new RTCPeerConnection({ millrace });
  const b = new RTCPeerConnection({ millrace });
  a.onicecandidate = ({ candidate }) => void b.addIceCandidate(candidate);
  b.onicecandidate = ({ candidate }) => void a.addIceCandidate(candidate);
  const channel = a.createDataChannel('allocation', { ordered: false });
  const announced = once(b, 'datachannel') as Promise<[RTCDataChannelEvent]>;
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription!);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription!);
  const [{ channel: remote }] = await announced;
  if (channel.readyState !== 'open') await once(channel, 'open');

  let messages = 0;
  remote.onmessage = () => void messages++;
  channel.bufferedAmountLowThreshold = BUFFERED_BYTES / 2;
  const packetsReceived = async (): Promise<number> => {
    let packets = 0;
    for (const entry of (await b.getStats()).values())
      if (entry.type === 'transport') packets += Number(entry.packetsReceived);
    return packets;
  };

  return {
    async run(bytes, packets) {
      const message = new Uint8Array(bytes);
      const wanted = Math.ceil(packets / Math.ceil(bytes / 1128));
      const [first, messagesBefore] = [await packetsReceived(), messages];
      let sent = 0;
      await new Promise<void>((resolve) => {
        const fill = (): void => {
          while (sent < wanted && channel.bufferedAmount < BUFFERED_BYTES) {
            channel.send(message);
            sent++;
          }
          if (sent === wanted) resolve();
        };
        channel.onbufferedamountlow = fill;
        fill();
      });
      channel.onbufferedamountlow = null;
      while (messages - messagesBefore < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
      return { packets: (await packetsReceived()) - first, messages: wanted };
    },
    async echo(bytes, trips) {
      const message = new Uint8Array(bytes);
      const { onmessage } = remote;
      remote.onmessage = ({ data }) => remote.send(data);
      let left = trips;
      await new Promise<void>((resolve) => {
        channel.onmessage = () => {
          if (--left > 0) channel.send(message);
          else resolve();
        };
        channel.send(message);
      });
      channel.onmessage = null;
      remote.onmessage = onmessage;
    },
    close() {
      a.close();
      b.close();
    },
  };
}
