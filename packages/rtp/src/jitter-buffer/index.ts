// Packets put in order and held until their time.
export { AudioJitterBuffer } from './audio-jitter-buffer.ts';
export type { JitterBufferOptions } from './options.ts';
export type { JitterBufferDrop } from './reorder-buffer.ts';
export { type VideoFrame, VideoJitterBuffer, type VideoJitterBufferOptions } from './video-jitter-buffer.ts';
