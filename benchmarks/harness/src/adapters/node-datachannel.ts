// node-datachannel: libdatachannel behind Node-API, by its own interface, which is the faster of its two.
import type {
  Channel,
  ChannelOptions,
  Implementation,
  Peer,
  PeerOptions,
  Signal,
} from '../implementation.ts';
import { EarlyMessages } from './early-messages.ts';
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

  readonly #onPhase: PeerOptions['onPhase'];

  constructor(module: Module, { onSignal, onChannel, onPhase }: PeerOptions) {
    this.#connection = new module.PeerConnection('bench', { iceServers: [] });
    this.#onPhase = onPhase;
    this.#connection.onLocalDescription((sdp, type) => {
      if (type === 'offer') onPhase('offer');
      onSignal({ kind: type as 'offer' | 'answer', sdp });
    });
    this.#connection.onIceStateChange((state) => {
      if (state === 'connected' || state === 'completed') onPhase('ice');
    });
    this.#connection.onStateChange((state) => {
      if (state === 'connected') onPhase('dtls');
    });
    this.#connection.onLocalCandidate((candidate, mid) => onSignal({ kind: 'candidate', candidate, mid }));
    this.#connection.onDataChannel((channel) => onChannel(wrap(channel)));
  }

  open({ label = '0', ordered = true, maxRetransmits }: ChannelOptions): Promise<Channel> {
    const { promise, resolve } = Promise.withResolvers<Channel>();
    const channel = this.#connection.createDataChannel(label, {
      unordered: !ordered,
      ...(maxRetransmits === undefined ? {} : { maxRetransmits }),
    });
    const wrapped = wrap(channel); // now: the first message may come with the opening
    channel.onOpen(() => resolve(wrapped));
    return promise;
  }

  /** The first channel has done so by itself. */
  offer(): void {}

  signal(signal: Signal): void {
    if (signal.kind === 'candidate') {
      this.#connection.addRemoteCandidate(signal.candidate, signal.mid);
      return;
    }
    this.#connection.setRemoteDescription(signal.sdp, signal.kind as never);
    if (signal.kind === 'answer') this.#onPhase('answer');
  }

  close(): void {
    this.#connection.close();
  }
}

function wrap(channel: NativeChannel): Channel {
  const early = new EarlyMessages();
  let onMessage = (message: Uint8Array | ArrayBuffer): void => early.keep(message);
  // Set once: what is on its way to a callback that another one replaces is lost.
  channel.onMessage((message) => onMessage(message as Uint8Array | ArrayBuffer));
  return {
    label: channel.getLabel(),
    reportsLow: true,
    send: (bytes) => {
      channel.sendMessageBinary(bytes);
    },
    get bufferedAmount() {
      return channel.bufferedAmount();
    },
    onMessage(handler) {
      onMessage = handler;
      early.release(handler);
    },
    onLow(threshold, handler) {
      channel.setBufferedAmountLowThreshold(threshold);
      channel.onBufferedAmountLow(handler);
    },
  };
}
