// What runs in the pages: a page that sends its camera and microphone, and one that plays what comes. Each function
// is handed to the page as text, so it uses nothing from outside itself.
import type { PageWorld } from './page-world.ts';

/** Descriptions carry all candidates. */
export interface Description {
  readonly type: 'offer' | 'answer' | 'pranswer' | 'rollback';
  readonly sdp: string;
}

export interface CameraWish {
  readonly width: number;
  readonly height: number;
  /** Layers of simulcast, largest first; none for one stream. */
  readonly rids: readonly string[];
  /** `video/VP8` and the like; empty for the browser's choice. */
  readonly codec: string;
}

/** Sends; gives the offer. */
export async function offerCamera({ width, height, rids, codec }: CameraWish): Promise<Description> {
  const world = globalThis as unknown as PageWorld;
  const stream = await world.navigator.mediaDevices.getUserMedia({ audio: true, video: { width, height } });
  const pc = new world.RTCPeerConnection();
  world.pc = pc;
  for (const track of stream.getAudioTracks()) pc.addTrack(track, stream);
  for (const track of stream.getVideoTracks()) {
    const sendEncodings = rids.map((rid, i) => ({ rid, scaleResolutionDownBy: 2 ** i }));
    const transceiver = pc.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings });
    const codecs = world.RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
    const wanted = codecs.filter(({ mimeType }) => mimeType === codec || mimeType === 'video/rtx');
    if (codec !== '') transceiver.setCodecPreferences(wanted);
    // A browser that has too little of a processor would rather show a smaller picture; whoever cannot be told shows it.
    const parameters = transceiver.sender.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    await transceiver.sender.setParameters(parameters).catch(() => {});
  }
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== 'complete')
    await new Promise((resolve) => pc.addEventListener('icegatheringstatechange', resolve, { once: true }));
  return { type: 'offer', sdp: pc.localDescription?.sdp ?? '' };
}

export async function acceptAnswer(answer: Description): Promise<void> {
  const { pc } = globalThis as unknown as PageWorld;
  await pc.setRemoteDescription(answer);
}

/** Plays what the offer promises; gives the answer. */
export async function answerAndPlay(offer: Description): Promise<Description> {
  const world = globalThis as unknown as PageWorld;
  const { document } = world;
  const pc = new world.RTCPeerConnection();
  world.pc = pc;
  const video = document.createElement('video');
  video.autoplay = true;
  document.body.style.margin = '0';
  document.body.append(video);
  pc.ontrack = ({ streams, track }) => {
    video.srcObject ??= streams[0] ?? new world.MediaStream([track]);
  };
  await pc.setRemoteDescription(offer);
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== 'complete')
    await new Promise((resolve) => pc.addEventListener('icegatheringstatechange', resolve, { once: true }));
  return { type: 'answer', sdp: pc.localDescription?.sdp ?? '' };
}

export interface Playback {
  readonly width: number;
  readonly height: number;
  readonly time: number;
  readonly framesDecoded: number;
  readonly audioEnergy: number;
  readonly codec: string;
}

export async function playback(): Promise<Playback> {
  const { pc, document } = globalThis as unknown as PageWorld;
  const video = document.querySelector('video');
  const report = await pc.getStats();
  const inbound = [...report.values()].filter(({ type }) => type === 'inbound-rtp');
  const picture = inbound.find(({ kind }) => kind === 'video');
  const sound = inbound.find(({ kind }) => kind === 'audio');
  return {
    width: video?.videoWidth ?? 0,
    height: video?.videoHeight ?? 0,
    time: video?.currentTime ?? 0,
    framesDecoded: picture?.framesDecoded ?? 0,
    audioEnergy: sound?.totalAudioEnergy ?? 0,
    codec: report.get(picture?.codecId ?? '')?.mimeType ?? '',
  };
}

export interface Brightness {
  readonly mean: number;
  /** How far the pixels' brightness is spread: 0 for one colour. */
  readonly deviation: number;
}

/** Of a picture in PNG, base64. */
export async function brightness(png: string): Promise<Brightness> {
  const { document, Image } = globalThis as unknown as PageWorld;
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.width;
  canvas.height = image.height;
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  let squares = 0;
  const pixels = data.length / 4;
  for (let i = 0; i < data.length; i += 4) {
    const value = (data[i]! + data[i + 1]! + data[i + 2]!) / 3;
    sum += value;
    squares += value * value;
  }
  const mean = sum / pixels;
  return { mean, deviation: Math.sqrt(squares / pixels - mean * mean) };
}
