// node-datachannel: libdatachannel behind Node-API, by its own interface, which is the faster of its two.
import type {
  Channel,
  ChannelOptions,
  Implementation,
  Peer,
  PeerOptions,
  Signal,
} from '../implementation.ts';
import { installedVersion } from './installed-version.ts';

type Module = typeof import('node-datachannel');
type NativeChannel = ReturnType<InstanceType<Module['PeerConnection']>['createDataChannel']>;

export async function load(): Promise<Implementation> {
  const module = await import('node-datachannel');
  return {
    name: 'node-datachannel',
    version: installedVersion('node-datachannel'),
    createPeer: (options) => new NativePeer(module, options),
    shutdown: () => module.cleanup(),
  };
}

class NativePeer implements Peer {
  readonly #connection: InstanceType<Module['PeerConnection']>;

  constructor(module: Module, { onSignal, onChannel }: PeerOptions) {
    this.#connection = new module.PeerConnection('bench', { iceServers: [] });
    this.#connection.onLocalDescription((sdp, type) => {
      onSignal({ kind: type as 'offer' | 'answer', sdp });
    });
    this.#connection.onLocalCandidate((candidate, mid) => onSignal({ kind: 'candidate', candidate, mid }));
    this.#connection.onDataChannel((channel) => onChannel(wrap(channel)));
  }

  open({ label = 'bench', ordered = true, maxRetransmits }: ChannelOptions): Promise<Channel> {
    const { promise, resolve } = Promise.withResolvers<Channel>();
    const channel = this.#connection.createDataChannel(label, {
      unordered: !ordered,
      ...(maxRetransmits === undefined ? {} : { maxRetransmits }),
    });
    channel.onOpen(() => resolve(wrap(channel)));
    return promise;
  }

  signal(signal: Signal): void {
    if (signal.kind === 'candidate') this.#connection.addRemoteCandidate(signal.candidate, signal.mid);
    else this.#connection.setRemoteDescription(signal.sdp, signal.kind as never);
  }

  close(): void {
    this.#connection.close();
  }
}

function wrap(channel: NativeChannel): Channel {
  return {
    reportsLow: true,
    send: (bytes) => {
      channel.sendMessageBinary(bytes);
    },
    get bufferedAmount() {
      return channel.bufferedAmount();
    },
    onMessage: (handler) => channel.onMessage((message) => handler(message as Uint8Array | ArrayBuffer)),
    onLow(threshold, handler) {
      channel.setBufferedAmountLowThreshold(threshold);
      channel.onBufferedAmountLow(handler);
    },
  };
}
