// A server on one UDP port and its clients, as each stack has them: offers and answers name every candidate.
import { listen, RTCPeerConnection } from 'millrace';
import nodeDatachannel from 'node-datachannel';

export type Stack = 'millrace' | 'node-datachannel';

export interface Description {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

export interface Server {
  /** `onOpen` is called once its channel is there and open. */
  answer(offer: Description, onOpen: () => void): Promise<Description>;
}

export interface Client {
  readonly offer: Description;
  /** Resolves when the channel is open. */
  connect(answer: Description): Promise<void>;
}

const HERE = '127.0.0.1';

export function serverOf(stack: Stack, port: number): Promise<Server> {
  return stack === 'millrace' ? millraceServer(port) : Promise.resolve(nodeDatachannelServer(port));
}

export function clientOf(stack: Stack): Promise<Client> {
  return stack === 'millrace' ? millraceClient() : nodeDatachannelClient();
}

async function millraceServer(port: number): Promise<Server> {
  const server = await listen({ port, addresses: [HERE], connectTimeout: 120_000 });
  return {
    async answer(offer, onOpen) {
      const { connection, answer } = await server.answer(offer);
      connection.ondatachannel = ({ channel }) => {
        if (channel.readyState === 'open') onOpen();
        else channel.onopen = onOpen;
      };
      return answer as Description;
    },
  };
}

async function millraceClient(): Promise<Client> {
  const connection = new RTCPeerConnection({
    millrace: { loopback: true, addressFilter: (address) => address === HERE },
  });
  const channel = connection.createDataChannel('first');
  await connection.setLocalDescription();
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (connection.iceGatheringState === 'complete') resolve();
    };
    connection.onicegatheringstatechange = look;
    look();
  });
  const { sdp } = connection.localDescription!;
  return {
    offer: { type: 'offer', sdp },
    connect: (answer) =>
      new Promise((resolve, reject) => {
        channel.onopen = () => resolve();
        connection.setRemoteDescription(answer).catch(reject);
      }),
  };
}

/** Collected objects would close their connections. */
const kept: unknown[] = [];

// Its listener for unknown fragments tells of them and cannot answer; connections with the same port and
// `enableIceUdpMux` share it, told apart by their fragments, which is what `listen` does.
function nodeDatachannelServer(port: number): Server {
  const configuration = {
    iceServers: [],
    bindAddress: HERE,
    enableIceUdpMux: true,
    portRangeBegin: port,
    portRangeEnd: port,
  };
  return {
    answer(offer, onOpen) {
      const connection = new nodeDatachannel.PeerConnection('server', configuration);
      kept.push(connection);
      connection.onDataChannel((channel) => {
        kept.push(channel);
        if (channel.isOpen()) onOpen();
        else channel.onOpen(onOpen);
      });
      return new Promise((resolve) => {
        whenGathered(connection, (sdp) => resolve({ type: 'answer', sdp }));
        connection.setRemoteDescription(offer.sdp, 'offer');
      });
    },
  };
}

function nodeDatachannelClient(): Promise<Client> {
  const connection = new nodeDatachannel.PeerConnection('client', { iceServers: [], bindAddress: HERE });
  kept.push(connection);
  return new Promise((resolve) => {
    whenGathered(connection, (sdp) =>
      resolve({
        offer: { type: 'offer', sdp },
        connect: (answer) =>
          new Promise((opened) => {
            channel.onOpen(() => opened());
            connection.setRemoteDescription(answer.sdp, 'answer');
          }),
      }),
    );
    const channel = connection.createDataChannel('first');
    kept.push(channel);
  });
}

function whenGathered(connection: nodeDatachannel.PeerConnection, run: (sdp: string) => void): void {
  let isDone = false;
  connection.onGatheringStateChange((state) => {
    if (state !== 'complete' || isDone) return;
    isDone = true;
    run(connection.localDescription()!.sdp);
  });
}
