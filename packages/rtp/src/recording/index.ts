// Files that media tools read and write. Only bytes: nothing here touches the disk.
export { RecordingError, type RecordingErrorCode } from './errors.ts';
export {
  IVF_FRAME_HEADER_BYTES,
  IVF_HEADER_BYTES,
  type IvfHeader,
  IvfReader,
  ivfHeader,
  writeIvfFrameHeader,
} from './ivf.ts';
export { type OggOpusOptions, OggOpusReader, OggOpusWriter } from './ogg-opus.ts';
