// One peer connection with its local candidates and incoming channels kept in order until somebody asks.

import type { CandidateInit, Channel, PeerConnection } from './w3c.ts';

export class Connection {
  readonly pc: PeerConnection;
  readonly incoming: Channel[] = [];
  readonly candidates: CandidateInit[] = [];
  handedOut = 0;
  sawNull = false;

  constructor(pc: PeerConnection, onChannel: (channel: Channel) => void) {
    this.pc = pc;
    pc.onicecandidate = (event) => {
      if (event.candidate) this.candidates.push(plain(event.candidate));
      else this.sawNull = true;
    };
    pc.ondatachannel = (event) => onChannel(event.channel);
  }

  /** Some implementations never say that gathering is over with a null candidate; its state tells as well. */
  get isGathered(): boolean {
    return this.sawNull || this.pc.iceGatheringState === 'complete';
  }
}

/** As plain JSON, and without the members that are null: wrtc takes no null for a number. */
function plain(candidate: CandidateInit): CandidateInit {
  const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
  return {
    candidate: candidate.candidate,
    ...(sdpMid == null ? {} : { sdpMid }),
    ...(sdpMLineIndex == null ? {} : { sdpMLineIndex }),
    ...(usernameFragment == null ? {} : { usernameFragment }),
  };
}
