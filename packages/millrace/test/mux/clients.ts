// Clients of a server on one port: they offer without candidates of their own to be told, as any client may.
import { once } from 'node:events';
import {
  type Answered,
  type MillraceConfiguration,
  type RTCDataChannel,
  type RTCDataChannelEvent,
  RTCPeerConnection,
  type RTCServer,
} from 'millrace';

export interface Client extends Answered {
  readonly client: RTCPeerConnection;
  readonly channel: RTCDataChannel;
  /** The server's end of the channel. */
  readonly far: RTCDataChannel;
}

export const ON_LOOPBACK: MillraceConfiguration = {
  loopback: true,
  addressFilter: (address) => address === '127.0.0.1',
};

export async function connect(server: RTCServer, millrace: MillraceConfiguration = {}): Promise<Client> {
  const client = new RTCPeerConnection({ millrace: { ...ON_LOOPBACK, ...millrace } });
  const channel = client.createDataChannel('first');
  await client.setLocalDescription();
  // Whom a lite server talks to it learns from checks; a lite client has to tell.
  while (millrace.iceLite && client.iceGatheringState !== 'complete') await turns(1);
  const answered = await server.answer(JSON.parse(JSON.stringify(client.localDescription))).catch((error) => {
    client.close();
    throw error;
  });
  const announced = once(answered.connection, 'datachannel') as Promise<[RTCDataChannelEvent]>;
  await client.setRemoteDescription(JSON.parse(JSON.stringify(answered.answer)));
  const [{ channel: far }] = await announced;
  if (channel.readyState !== 'open') await once(channel, 'open');
  return { ...answered, client, channel, far };
}

export async function echo({ channel, far }: Client, text: string): Promise<string> {
  far.addEventListener('message', ({ data }) => far.send(`${data}!`), { once: true });
  const answered = once(channel, 'message') as Promise<[{ data: string }]>;
  channel.send(text);
  const [{ data }] = await answered;
  return data;
}

/** Settles once nothing more is under way. */
export function turns(count = 50): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number): void => void (left === 0 ? resolve() : setImmediate(next, left - 1));
    next(count);
  });
}
