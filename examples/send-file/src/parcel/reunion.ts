// Two peers that meet until their work is done: when the connection is lost, or one of them has died and was started
// again, they meet again in the room and go on. The first partner stays the partner; others are turned away.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SignalingErrorCode, SignalingRoom } from '@millrace/signaling/client';
import type { RTCDataChannel } from 'millrace';
import { ConnectionLost, expect, nextControl, tell } from '../control.ts';
import { EXIT, Failure } from '../failure.ts';
import { Meeting, type PeerLink } from '../meeting.ts';
import { type MeetingPlace, signalingCodeOf } from '../meeting-place.ts';
import { Watchdog } from '../watchdog.ts';
import { Line } from './line.ts';
import { isProof, proofOf } from './pairing.ts';

export interface ReunionOptions<T> {
  readonly place: MeetingPlace;
  readonly role: 'send' | 'receive';
  /** What this side is known by when it comes again: the same after a crash. */
  readonly who: string;
  /** What the other side has to know, too; may be empty. */
  readonly secret: string;
  readonly signal: AbortSignal;
  /** Milliseconds without progress, once somebody was there, after which it is given up. */
  readonly timeout: number;
  /** Something people may want to know. */
  onNotice(line: string): void;
  /** What there is to do; again from the start with each line. Lost lines end in ConnectionLost. */
  work(line: Line): Promise<T>;
}

const LABEL = 'parcel';
const VERSION = 1;
/** Connections at the same time, most of them to peers that have died. */
const MAX_LINKS = 32;
/** Milliseconds, and as many again by chance: the other side may be coming already. */
const REJOIN_DELAY = 300;

export function workTogether<T>(options: ReunionOptions<T>): Promise<T> {
  return new Reunion(options).run();
}

/** Says nothing of the machine or the path to who does not know them. */
export function nameOfSide(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}

class Reunion<T> {
  readonly #options: ReunionOptions<T>;
  readonly #result = Promise.withResolvers<T>();
  readonly #patience: Watchdog;
  readonly #meetings = new Set<Meeting>();
  #room: SignalingRoom;
  #partner: string | undefined;
  #line: Line | undefined;
  #working: Promise<void> = Promise.resolve();
  #isOver = false;
  #isRejoining = false;

  constructor(options: ReunionOptions<T>) {
    this.#options = options;
    this.#room = options.place.room;
    this.#patience = new Watchdog(options.timeout, () =>
      this.#fail(new Failure(`nothing has moved for ${options.timeout / 1000} s`)),
    );
  }

  async run(): Promise<T> {
    const { signal } = this.#options;
    const onAbort = (): void => this.#fail(signal.reason);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else this.#attend(this.#room);
    try {
      return await this.#result.promise;
    } finally {
      this.#isOver = true;
      signal.removeEventListener('abort', onAbort);
      this.#patience.stop();
      this.#line?.cut();
      for (const meeting of this.#meetings) meeting.close();
      await this.#working;
      await this.#room.close();
    }
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    this.#result.reject(error);
  }

  #attend(room: SignalingRoom): void {
    const { place } = this.#options;
    const meeting = new Meeting(room, {
      labels: [LABEL],
      maxPeers: MAX_LINKS,
      configuration: { iceServers: place.iceServers, millrace: { loopback: place.isLocal } },
      onChannel: (channel, link) => {
        if (channel.label === LABEL) void this.#onChannel(channel, link);
      },
      onLost: () => {}, // the line tells it, if there was one
    });
    this.#meetings.add(meeting);
    meeting.run().then(
      () => {},
      (error: unknown) => {
        if (room === this.#room) this.#onRoomLost(error);
      },
    );
  }

  /** Its server may have died, and be started again: whoever knows somebody waits for that. */
  #onRoomLost(error: unknown): void {
    if (this.#partner !== undefined) void this.#rejoin(true);
    else if (!this.#line) this.#fail(error);
  }

  async #onChannel(channel: RTCDataChannel, link: PeerLink): Promise<void> {
    const line = new Line(channel, link, () => this.#patience.feed());
    try {
      await channel.ready;
      if (!(await this.#greet(line, link))) return await line.close();
    } catch (error) {
      if (!(error instanceof Failure) || error instanceof ConnectionLost) return line.cut();
      await line.close(); // the other side shall hear as much as this one
      return this.#fail(error);
    }
    this.#line?.cut(); // it is of an earlier life of the same partner
    this.#line = line;
    await this.#working;
    if (this.#line === line && !this.#isOver) this.#working = this.#work(line);
    else line.cut();
  }

  /** Whether this is the one to work with. */
  async #greet(line: Line, { connection }: PeerLink): Promise<boolean> {
    const { role, who, secret, onNotice } = this.#options;
    const descriptions = {
      local: connection.localDescription?.sdp ?? '',
      remote: connection.remoteDescription?.sdp ?? '',
    };
    const proof = proofOf(secret, role, descriptions);
    await tell(line.channel, { type: 'hello', version: VERSION, role, who, proof });
    const hello = expect(await nextControl(line), 'hello');
    if (hello.version !== VERSION) throw new Failure('the other side has another version of this program');
    if (!isProof(hello.proof, secret, String(hello.role), descriptions))
      throw new Failure('the other side has another invitation, or somebody stands between you');
    if (hello.role === role) {
      onNotice(`somebody else is there who wants to ${role}, too`);
      return false;
    }
    if (typeof hello.who !== 'string' || (this.#partner !== undefined && hello.who !== this.#partner)) {
      await tell(line.channel, { type: 'busy' });
      return false;
    }
    this.#partner = hello.who;
    await tell(line.channel, { type: 'welcome' });
    if ((await nextControl(line)).type !== 'welcome')
      throw new Failure('the other side is busy with somebody else', EXIT.refused);
    return true;
  }

  async #work(line: Line): Promise<void> {
    this.#patience.start();
    try {
      const result = await this.#options.work(line);
      this.#isOver = true;
      await line.close();
      this.#result.resolve(result);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) {
        await line.close(); // the other side shall hear why
        this.#fail(error);
        return;
      }
      line.cut();
      if (this.#line === line && !this.#isOver) {
        this.#line = undefined;
        this.#options.onNotice('the connection is lost; waiting for the other side to come back');
        void this.#rejoin();
      }
    }
  }

  /** Comes to the room as somebody new, who offers a connection to everybody who is there. */
  async #rejoin(roomIsLost = false): Promise<void> {
    if (this.#isRejoining) return;
    this.#isRejoining = true;
    await this.#tryToRejoin(roomIsLost);
    this.#isRejoining = false;
  }

  async #tryToRejoin(roomIsLost: boolean): Promise<void> {
    while (true) {
      await sleep(REJOIN_DELAY * (1 + Math.random()));
      if ((this.#line && !roomIsLost) || this.#isOver) return;
      try {
        const room = await this.#options.place.enter();
        const old = this.#room;
        this.#room = room;
        this.#attend(room);
        void old.close();
        if (this.#isOver) await room.close();
        return;
      } catch (error) {
        if (isPassing(error)) continue;
        if (!this.#line) this.#fail(error);
        return;
      }
    }
  }
}

/** The network may come back, and a room forgets its dead. */
function isPassing(error: unknown): boolean {
  const code = signalingCodeOf(error);
  return code !== undefined && PASSING.includes(code);
}

const PASSING: readonly SignalingErrorCode[] = [
  'UNREACHABLE',
  'SERVER_CLOSED',
  'ROOM_FULL',
  'TOO_MANY_REQUESTS',
  'STORE_FAILED',
];
