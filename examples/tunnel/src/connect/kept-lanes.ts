// Channels that a request has used and another may: the last one first, so that few are used often.
import { LIMITS } from '../options.ts';
import { Lane, type LaneUser, type WireChannel } from '../wire/lane.ts';

export class KeptLanes {
  readonly #open: () => WireChannel | undefined;
  readonly #kept: Lane[] = [];

  /** `open` makes a new channel, if it can. */
  constructor(open: () => WireChannel | undefined) {
    this.#open = open;
  }

  take(): Lane | undefined {
    for (let lane = this.#kept.pop(); lane; lane = this.#kept.pop()) if (lane.isFree) return lane;
    const channel = this.#open();
    return channel && unasked(channel);
  }

  giveBack(lane: Lane): void {
    if (lane.isFree && this.#kept.length < LIMITS.keptChannels) this.#kept.push(lane);
    else lane.close();
  }
}

/** While nothing has been asked there is nothing to answer. */
function unasked(channel: WireChannel): Lane {
  const rest: LaneUser = {
    onBytes: () => lane.close('protocol'),
    onControl: () => lane.close(),
    onRoom: () => {},
    onClosed: () => {},
  };
  const lane: Lane = new Lane(channel, rest);
  return lane;
}
