// What every payload format does: cut a frame into the payloads of packets, and put payloads together to a frame.
// A format knows payloads only; RTP headers, order and loss belong to those who call it. The jitter buffer's video
// mode hands out the packets of one frame in order, which is what a depacketizer wants.

/**
 * Cuts frames into payloads, each at most as long as the room it is given.
 *
 * ```ts
 * packetizer.begin(frame, 0, frame.length);
 * for (let n; (n = packetizer.write(slot, at, at + room)) > 0; ) send(slot, at, at + n, packetizer.isLast);
 * ```
 */
export interface Packetizer {
  /**
   * Takes the next frame, `frame[at, end)`. The bytes are borrowed until the last payload has been written or the
   * next frame begins.
   * @throws PayloadError BAD_FRAME if the bytes are no frame of this format; BAD_RANGE if they are not in `frame`
   */
  begin(frame: Uint8Array, at: number, end: number): void;

  /**
   * Writes the next payload into `out[at, end)` and returns its length; 0 if the frame has no more.
   * @throws PayloadError NO_ROOM if `out[at, end)` has less than `LEAST_ROOM` bytes
   */
  write(out: Uint8Array, at: number, end: number): number;

  /** Whether the payload just written was the frame's last: the packet's marker bit (RFC 3550 §5.1). */
  readonly isLast: boolean;
}

/** A packetizer wants at least so many bytes for each payload: descriptors and one byte of the frame. */
export const LEAST_ROOM = 64;

/**
 * Puts the payloads of one frame together. One object serves all frames of a stream and keeps one buffer, which
 * grows up to `maxFrameBytes`.
 *
 * ```ts
 * depacketizer.reset();
 * for (const packet of packetsOfTheFrame) depacketizer.push(packet.bytes, packet.payloadAt, packet.payloadEnd);
 * if (depacketizer.isWhole) use(depacketizer.bytes, depacketizer.length, depacketizer.isKeyFrame);
 * ```
 */
export interface Depacketizer {
  /** Forgets the frame so far, and that it was spoilt. */
  reset(): void;

  /**
   * Takes the next payload of the frame, `bytes[at, end)`, borrowed for the call. Returns false if it is malformed,
   * does not go with what came before, or makes the frame too long; the frame is then spoilt until `reset`.
   */
  push(bytes: Uint8Array, at: number, end: number): boolean;

  /** Whether the payloads so far make a frame that a decoder may be given: begun, not spoilt, nothing left open. */
  readonly isWhole: boolean;

  /** Whether a decoder can begin with this frame. */
  readonly isKeyFrame: boolean;

  /** The frame is `bytes[0, length)`; valid until the next `push` or `reset`. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

export interface DepacketizerOptions {
  /** The longest frame, in bytes; a longer one is spoilt. Default 4 MiB. */
  readonly maxFrameBytes?: number;
}

export const DEFAULT_MAX_FRAME_BYTES: number = 4 * 1024 * 1024;
