// One that sends and many that watch: the sender's tracks are given to a connection of their own for each watcher.
import { once } from 'node:events';
import {
  MediaStream,
  type MediaStreamTrack,
  type RTCConfiguration,
  RTCPeerConnection,
  type RTCRtpSender,
} from 'millrace';

/** More watchers than this are refused: each costs the sender's bandwidth over again. */
const MAX_WATCHERS = 100;

export class Room {
  readonly #configuration: RTCConfiguration;
  readonly #watchers = new Set<RTCPeerConnection>();
  #source: RTCPeerConnection | undefined;

  constructor(configuration: RTCConfiguration = {}) {
    this.#configuration = configuration;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Takes the offer of a page that sends; it takes the place of the one before. */
  async send(sdp: string): Promise<string> {
    const pc = new RTCPeerConnection(this.#configuration);
    const answer = await answerTo(pc, sdp);
    this.#source?.close();
    this.#source = pc;
    for (const watcher of this.#watchers)
      for (const sender of watcher.getSenders()) void sender.replaceTrack(this.#trackLike(sender));
    return answer;
  }

  /** Takes the offer of a page that watches; `undefined` if there is nobody to watch, or no room. */
  async watch(sdp: string): Promise<string | undefined> {
    if (!this.#source || this.#watchers.size === MAX_WATCHERS) return undefined;
    const pc = new RTCPeerConnection(this.#configuration);
    this.#watchers.add(pc);
    void pc.closed.then(() => this.#watchers.delete(pc));
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'failed') pc.close();
    };
    const stream = new MediaStream();
    for (const { track } of this.#source.getReceivers()) pc.addTrack(track, stream);
    try {
      return await answerTo(pc, sdp);
    } catch (error) {
      pc.close();
      throw error;
    }
  }

  close(): void {
    for (const pc of [this.#source, ...this.#watchers]) pc?.close();
  }

  /** The new source's track in the place of that of the old one. */
  #trackLike({ track }: RTCRtpSender): MediaStreamTrack | null {
    const tracks = this.#source?.getReceivers().map((receiver) => receiver.track) ?? [];
    return tracks.find(({ kind }) => kind === track?.kind) ?? null;
  }
}

async function answerTo(pc: RTCPeerConnection, sdp: string): Promise<string> {
  await pc.setRemoteDescription({ type: 'offer', sdp });
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== 'complete') await once(pc, 'icegatheringstatechange');
  return pc.localDescription?.sdp ?? '';
}
