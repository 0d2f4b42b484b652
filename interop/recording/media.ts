// What ffmpeg makes and says: small recordings to begin with, and what a decoder finds in one.

import { spawnSync } from 'node:child_process';

const SECONDS = 2;
const FFMPEG_PATIENCE = 240_000; // ms

/** What a codec wants of ffmpeg to be written into which container. */
const MAKING = {
  vp8: ['-c:v', 'libvpx', '-b:v', '600k', '-g', '30', '-f', 'ivf'],
  vp9: [
    '-c:v',
    'libvpx-vp9',
    '-b:v',
    '600k',
    '-g',
    '30',
    '-deadline',
    'realtime',
    '-cpu-used',
    '8',
    '-f',
    'ivf',
  ],
  av1: [
    '-c:v',
    'libaom-av1',
    '-b:v',
    '600k',
    '-g',
    '30',
    '-usage',
    'realtime',
    '-cpu-used',
    '8',
    '-f',
    'ivf',
  ],
  h264: ['-c:v', 'libx264', '-b:v', '600k', '-g', '30', '-bf', '0', '-x264-params', 'aud=1', '-f', 'h264'],
  opus: ['-c:a', 'libopus', '-b:a', '48k', '-f', 'ogg'],
} as const;

export type Codec = keyof typeof MAKING;

function ffmpeg(args: readonly string[], input?: Uint8Array): Uint8Array {
  const { status, stdout, stderr, error } = spawnSync(
    'ffmpeg',
    ['-hide_banner', '-loglevel', 'error', ...args],
    {
      timeout: FFMPEG_PATIENCE,
      maxBuffer: 64 * 1024 * 1024,
      ...(input === undefined ? {} : { input }),
    },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`ffmpeg ended with ${status}: ${String(stderr).slice(0, 1_000)}`);
  return new Uint8Array(stdout);
}

/** The version, or `undefined` if there is no ffmpeg. */
export function ffmpegVersion(): string | undefined {
  try {
    return /^ffmpeg version (\S+)/.exec(new TextDecoder().decode(ffmpeg(['-version'])))?.[1];
  } catch {
    return undefined;
  }
}

/** A moving picture or a tone, as a file. */
export function record(codec: Codec): Uint8Array {
  const source =
    codec === 'opus'
      ? ['-i', `sine=frequency=440:sample_rate=48000:duration=${SECONDS}`]
      : ['-i', `testsrc2=size=320x240:rate=30:duration=${SECONDS}`, '-pix_fmt', 'yuv420p'];
  return ffmpeg(['-f', 'lavfi', ...source, ...MAKING[codec], 'pipe:1']);
}

/** One checksum for each frame or piece of sound that a decoder makes of the file, without time stamps. */
export function decoded(codec: Codec, file: Uint8Array): string[] {
  const format = codec === 'opus' ? 'ogg' : codec === 'h264' ? 'h264' : 'ivf';
  const text = new TextDecoder().decode(
    ffmpeg(['-f', format, '-i', 'pipe:0', '-f', 'framemd5', 'pipe:1'], file),
  );
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(line.lastIndexOf(',') + 1).trim());
}
