// MediaStream (W3C mediacapture-main §4.2): tracks under one name.
import { randomUUID } from 'node:crypto';
import { TypedEventTarget } from '../events.ts';
import type { MediaStreamTrack } from './track.ts';

/** Tracks that belong together (W3C mediacapture-main §4.2). */
export class MediaStream extends TypedEventTarget<{ addtrack: Event; removetrack: Event }> {
  readonly id: string;
  readonly #tracks: Set<MediaStreamTrack>;

  constructor(tracks: Iterable<MediaStreamTrack> = [], id: string = randomUUID()) {
    super();
    this.id = id;
    this.#tracks = new Set(tracks);
  }

  get active(): boolean {
    return this.getTracks().some(({ readyState }) => readyState === 'live');
  }

  getTracks(): MediaStreamTrack[] {
    return [...this.#tracks];
  }

  getAudioTracks(): MediaStreamTrack[] {
    return this.getTracks().filter(({ kind }) => kind === 'audio');
  }

  getVideoTracks(): MediaStreamTrack[] {
    return this.getTracks().filter(({ kind }) => kind === 'video');
  }

  getTrackById(id: string): MediaStreamTrack | null {
    return this.getTracks().find((track) => track.id === id) ?? null;
  }

  addTrack(track: MediaStreamTrack): void {
    this.#tracks.add(track);
  }

  removeTrack(track: MediaStreamTrack): void {
    this.#tracks.delete(track);
  }
}
