// The part of a browser's globals that the pages use, in its smallest shape: the repository compiles without lib.dom.

export interface PageWorld {
  readonly navigator: { readonly mediaDevices: { getUserMedia(wish: object): Promise<Stream> } };
  readonly document: {
    createElement(name: 'video'): VideoElement;
    createElement(name: 'canvas'): CanvasElement;
    querySelector(name: 'video'): VideoElement | null;
    readonly body: { readonly style: { margin: string }; append(element: object): void };
  };
  readonly RTCPeerConnection: new () => Connection;
  readonly RTCRtpReceiver: { getCapabilities(kind: string): { codecs: Codec[] } | null };
  readonly MediaStream: new (tracks: readonly object[]) => Stream;
  readonly Image: new () => {
    src: string;
    readonly width: number;
    readonly height: number;
    decode(): Promise<void>;
  };
  pc: Connection;
}

interface Codec {
  readonly mimeType: string;
}

interface Stream {
  getAudioTracks(): object[];
  getVideoTracks(): object[];
}

interface VideoElement {
  autoplay: boolean;
  srcObject: Stream | null;
  readonly videoWidth: number;
  readonly videoHeight: number;
  readonly currentTime: number;
}

interface CanvasElement {
  width: number;
  height: number;
  getContext(kind: '2d'): {
    drawImage(image: object, x: number, y: number): void;
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  };
}

/** A dictionary of getStats(), whatever its type. */
interface StatsRow {
  readonly type: string;
  readonly kind?: string;
  readonly codecId?: string;
  readonly mimeType?: string;
  readonly framesDecoded?: number;
  readonly totalAudioEnergy?: number;
}

interface Transceiver {
  readonly sender: {
    getParameters(): { degradationPreference?: string };
    setParameters(parameters: object): Promise<void>;
  };
  setCodecPreferences(codecs: readonly Codec[]): void;
}

interface Connection extends EventTarget {
  readonly iceGatheringState: string;
  readonly localDescription: { readonly sdp: string } | null;
  ontrack: ((event: { readonly streams: readonly Stream[]; readonly track: object }) => void) | null;
  addTrack(track: object, stream: Stream): void;
  addTransceiver(track: object, init: object): Transceiver;
  setLocalDescription(): Promise<void>;
  setRemoteDescription(description: object): Promise<void>;
  getStats(): Promise<ReadonlyMap<string, StatsRow>>;
}
