// Data channels (RFC 8831, 8832) over an association that says whatever it likes: messages of any kind on any stream,
// resets in any order, a full queue, an end. The channels keep their caps, tell each end once, and never throw.
import {
  type Association,
  type Channel,
  DataChannelError,
  DataChannels,
  type SctpSink,
} from '@millrace/datachannel';
import type { SeededRandom } from '@millrace/sans-io/testing';
import { type FuzzTarget, invariant } from './target.ts';

const MAX_CHANNELS = 24;
const PPIDS = [50, 51, 52, 53, 54, 56, 57, 0, 0xffff_ffff];

class Script implements Association {
  state: Association['state'] = 'new';
  maxOutboundStreams = 30;
  maxInboundStreams = 30;
  totalBuffered = 0;
  isFull = false;
  readonly events: Array<(sink: SctpSink) => void> = [];
  readonly resetting: number[] = [];

  hold(): void {}

  consumed(): void {}

  canSend(): boolean {
    return !this.isFull;
  }

  send(stream: number, _ppid: number, _bytes: Uint8Array, at: number, end: number): void {
    invariant(end > at, 'SCTP has no message without a byte');
    if (this.isFull) throw Object.assign(new Error('full'), { code: 'QUEUE_FULL' });
    if (this.state !== 'connected') throw Object.assign(new Error('closed'), { code: 'CLOSED' });
    this.events.push((sink) => sink.onSent(stream, end - at));
  }

  resetStreams(streams: readonly number[]): void {
    if (this.state !== 'connected') throw Object.assign(new Error('closed'), { code: 'CLOSED' });
    this.resetting.push(...streams);
  }

  drain(sink: SctpSink): boolean {
    const events = this.events.splice(0);
    for (const event of events) event(sink);
    return events.length > 0;
  }
}

const OPEN = [3, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0x61, 0x62];

export const target: FuzzTarget = {
  name: 'datachannels',
  seeds: [
    Uint8Array.of(0, 8, 8, 1, 2, 2, 3, 5, 6, ...OPEN),
    Uint8Array.of(8, 2, 2, 2, 4, 5, 6, 7, 0, 0, 1, 3, 3, 5, 5, 6, 6, ...OPEN),
    Uint8Array.from(OPEN),
  ],
  run(script, random) {
    const association = new Script();
    const channels = new DataChannels({
      association,
      dtlsRole: random.chance(0.5) ? 'client' : 'server',
      maxChannels: MAX_CHANNELS,
      maxEarlyMessages: 4,
      maxEarlyBytes: 200,
      maxRemoteNameBytes: 100,
    });
    const alive = new Set<Channel>();
    const open = new Set<Channel>();
    const sink = {
      onChannel: (channel: Channel): void => void alive.add(channel),
      onOpen(channel: Channel): void {
        invariant(alive.has(channel) && !open.has(channel), 'a channel opens once');
        open.add(channel);
      },
      onMessage: (channel: Channel): void =>
        invariant(open.has(channel), 'a message comes to an open channel'),
      onClosing: (channel: Channel): void => invariant(open.has(channel), 'an open channel closes'),
      onClosed(channel: Channel): void {
        invariant(alive.delete(channel), 'a channel is closed once');
        open.delete(channel);
      },
      onSent(channel: Channel, bytes: number): void {
        invariant(bytes > 0 && channel.bufferedAmount >= 0, `${bytes} sent, ${channel.bufferedAmount} left`);
      },
    };
    let now = 0;
    for (let i = 0; i < script.length; i++) {
      now += random.below(50);
      const stream = random.below(random.chance(0.9) ? 12 : 0x1_0000);
      const known = [...alive][random.below(alive.size)];
      try {
        switch (script[i]! % 10) {
          case 0:
            alive.add(
              channels.open(
                random.chance(0.7)
                  ? { label: 'x' }
                  : { negotiated: true, id: stream, ordered: random.chance(0.5) },
                now,
              ),
            );
            break;
          case 1:
            if (known)
              channels.send(known, random.chance(0.5) ? 'ä'.repeat(random.below(9)) : new Uint8Array(3), now);
            break;
          case 2:
          case 3: {
            const ppid = PPIDS[random.below(PPIDS.length)]!;
            const message = script.slice(random.below(script.length));
            association.events.push((to) => to.onMessage(stream, ppid, message));
            break;
          }
          case 4:
            if (known) channels.close(known, now);
            break;
          case 5:
            association.events.push((to) => to.onStreamsReset([stream]));
            break;
          case 6: {
            const done = association.resetting.splice(random.below(2));
            association.events.push((to) =>
              random.chance(0.9) ? to.onResetDone(done) : to.onResetFailed(done),
            );
            break;
          }
          case 7:
            association.isFull = !association.isFull;
            break;
          case 8:
            if (association.state !== 'new') break;
            association.state = 'connected';
            association.events.push((to) => to.onConnected());
            break;
          default:
            misfortune(association, random, stream);
        }
      } catch (error) {
        if (!(error instanceof DataChannelError)) throw error;
      }
      channels.drain(sink, now);
      invariant(channels.size <= MAX_CHANNELS && channels.size >= 0, `${channels.size} channels`);
      invariant(channels.size === alive.size, `${channels.size} channels, ${alive.size} that were told of`);
    }
    channels.abandon({ by: 'local', code: 'ABORTED' });
    channels.drain(sink, now);
    invariant(alive.size === 0 && channels.size === 0, 'in the end every channel is closed');
  },
};

/** What happens rarely. */
function misfortune(association: Script, random: SeededRandom, stream: number): void {
  const kind = random.below(20);
  if (kind < 10) association.events.push((to) => to.onMessageDropped?.(stream, 51, 1e6));
  else if (kind === 10) association.events.push((to) => to.onRestarted?.());
  else if (kind === 11 && association.state === 'connected') {
    association.state = 'closed';
    association.events.push((to) => to.onClosed({ by: 'timeout', code: 'PEER_UNREACHABLE' }));
  }
}
