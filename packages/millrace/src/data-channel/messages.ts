// What a message is to the application: a string, or bytes as `binaryType` has them.

export type BinaryType = 'blob' | 'arraybuffer';
/**
 * What `binaryType` may be set to. `uint8array` is ours: an ArrayBuffer of its own for each message costs more than
 * all the protocols do for a short one (docs/performance.md).
 */
export type BinaryForm = BinaryType | 'uint8array';
export type ChannelMessage = string | ArrayBuffer | Uint8Array<ArrayBuffer> | Blob;

/** `message` is handed over. */
export function present(message: Uint8Array | string, form: BinaryForm): ChannelMessage {
  if (typeof message === 'string') return message;
  if (form === 'uint8array') return message as Uint8Array<ArrayBuffer>;
  if (form === 'blob') return new Blob([message as Uint8Array<ArrayBuffer>]);
  const { buffer, byteOffset, byteLength } = message;
  if (byteLength === buffer.byteLength) return buffer as ArrayBuffer;
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
