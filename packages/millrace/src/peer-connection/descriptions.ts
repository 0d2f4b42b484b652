// The JSEP state machine (RFC 8829 §3.2, §3.5; W3C webrtc-pc §4.3.1): which descriptions are current or pending,
// and which may come next. Plain state: no transport, no event.
import {
  addCandidate,
  type CandidateTarget,
  endCandidates,
  formatSessionDescription,
  SdpError,
  type SessionDescription,
} from '@millrace/sdp';
import { exception } from '../errors.ts';
import { type RTCSdpType, RTCSessionDescription } from './session-description.ts';

export type RTCSignalingState =
  | 'stable'
  | 'have-local-offer'
  | 'have-remote-offer'
  | 'have-local-pranswer'
  | 'have-remote-pranswer'
  | 'closed';

export type Side = 'local' | 'remote';
type AppliedType = Exclude<RTCSdpType, 'rollback'>;

/** A description that was set, as data and as text. */
export class AppliedDescription {
  readonly type: AppliedType;
  #data: SessionDescription;
  #public: RTCSessionDescription;
  #isStale = false;

  constructor(type: AppliedType, data: SessionDescription, sdp: string) {
    this.type = type;
    this.#data = data;
    this.#public = new RTCSessionDescription({ type, sdp });
  }

  get data(): SessionDescription {
    return this.#data;
  }

  /** The same object until a candidate has been added. */
  get public(): RTCSessionDescription {
    if (this.#isStale) {
      this.#public = new RTCSessionDescription({
        type: this.type,
        sdp: formatSessionDescription(this.#data),
      });
      this.#isStale = false;
    }
    return this.#public;
  }

  addCandidate(target: CandidateTarget, candidate: string): SdpError | undefined {
    return this.#update(addCandidate(this.#data, target, candidate));
  }

  /** From every section that names it. */
  removeCandidate(candidate: string): void {
    const media = this.#data.media.map((section) =>
      section.candidates.includes(candidate)
        ? { ...section, candidates: section.candidates.filter((line) => line !== candidate) }
        : section,
    );
    if (media.some((section, i) => section !== this.#data.media[i])) this.#update({ ...this.#data, media });
  }

  endCandidates(target?: CandidateTarget): SdpError | undefined {
    return this.#update(endCandidates(this.#data, target));
  }

  #update(next: SessionDescription | SdpError): SdpError | undefined {
    if (next instanceof SdpError) return next;
    this.#isStale ||= next !== this.#data;
    this.#data = next;
    return undefined;
  }
}

/** The states in which a description may be set, and the state that follows. */
const TRANSITIONS: Readonly<
  Record<Side, Readonly<Record<AppliedType, { from: readonly RTCSignalingState[]; to: RTCSignalingState }>>>
> = {
  local: {
    offer: { from: ['stable', 'have-local-offer'], to: 'have-local-offer' },
    pranswer: { from: ['have-remote-offer', 'have-local-pranswer'], to: 'have-local-pranswer' },
    answer: { from: ['have-remote-offer', 'have-local-pranswer'], to: 'stable' },
  },
  remote: {
    offer: { from: ['stable', 'have-remote-offer'], to: 'have-remote-offer' },
    pranswer: { from: ['have-local-offer', 'have-remote-pranswer'], to: 'have-remote-pranswer' },
    answer: { from: ['have-local-offer', 'have-remote-pranswer'], to: 'stable' },
  },
};

export class Descriptions {
  state: RTCSignalingState = 'stable';
  currentLocal: AppliedDescription | null = null;
  pendingLocal: AppliedDescription | null = null;
  currentRemote: AppliedDescription | null = null;
  pendingRemote: AppliedDescription | null = null;

  get local(): AppliedDescription | null {
    return this.pendingLocal ?? this.currentLocal;
  }

  get remote(): AppliedDescription | null {
    return this.pendingRemote ?? this.currentRemote;
  }

  /** What was negotiated last, on the side that has the final word on the sections' order. */
  get negotiated(): SessionDescription | undefined {
    return this.currentLocal?.data;
  }

  /** @throws {DOMException} InvalidStateError when a description of this type can't be set by `side` now */
  check(side: Side, type: RTCSdpType): void {
    // W3C webrtc-pc §4.4.1.5: only an offer can be taken back; a provisional answer has already been acted upon.
    const fits =
      type === 'rollback'
        ? this.state === `have-${side}-offer`
        : TRANSITIONS[side][type].from.includes(this.state);
    if (!fits) throw exception('InvalidStateError', `can't set a ${side} ${type} in state ${this.state}`);
  }

  apply(side: Side, description: AppliedDescription): void {
    const { type } = description;
    this.check(side, type);
    if (side === 'local') this.pendingLocal = description;
    else this.pendingRemote = description;
    this.state = TRANSITIONS[side][type].to;
    if (type !== 'answer') return;
    this.currentLocal = this.pendingLocal;
    this.currentRemote = this.pendingRemote;
    this.pendingLocal = null;
    this.pendingRemote = null;
  }

  /** Back to what was negotiated last (RFC 8829 §4.1.10.2). */
  rollback(): void {
    this.pendingLocal = null;
    this.pendingRemote = null;
    this.state = 'stable';
  }
}
