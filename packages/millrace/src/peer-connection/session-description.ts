// RTCSessionDescription (W3C webrtc-pc §4.7.2).
export type RTCSdpType = 'offer' | 'pranswer' | 'answer' | 'rollback';

export interface RTCSessionDescriptionInit {
  sdp?: string;
  type: RTCSdpType;
}

export interface RTCLocalSessionDescriptionInit {
  sdp?: string;
  type?: RTCSdpType;
}

const TYPES: readonly string[] = ['offer', 'pranswer', 'answer', 'rollback'];

/** Whether `type` is one of the four; what WebIDL would check. */
export function isSdpType(type: unknown): type is RTCSdpType {
  return typeof type === 'string' && TYPES.includes(type);
}

/** W3C webrtc-pc §4.6.2. */
export class RTCSessionDescription {
  readonly type: RTCSdpType;
  readonly sdp: string;

  /** @throws {TypeError} when `type` is not one of the four */
  constructor(init: RTCSessionDescriptionInit) {
    if (!isSdpType(init?.type)) {
      throw new TypeError(`type must be one of ${TYPES.join(', ')}; got ${String(init?.type)}`);
    }
    this.type = init.type;
    this.sdp = init.sdp ?? '';
  }

  toJSON(): { sdp: string; type: RTCSdpType } {
    return { type: this.type, sdp: this.sdp };
  }
}
