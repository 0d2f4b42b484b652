// One open event stream: writes a room's records from where the peer stopped, as fast as the peer reads them.
// Nothing is queued here; a reader that is slow has its place in the room's log, and is cut off when the log
// has moved past it or it takes nothing for too long.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { ServerSettings } from '../options.ts';
import type { Peer, Room } from '../room/room.ts';

type ReaderLimits = Pick<ServerSettings, 'pingInterval' | 'peerTimeout' | 'streamLife'>;

export class Reader {
  readonly room: Room;
  readonly peer: Peer;
  readonly #response: ServerResponse;
  readonly #limits: ReaderLimits;
  readonly #clock: Clock;
  readonly #openedAt: number;
  #cursor: number;
  #pingedAt: number;
  #blockedSince: number | undefined;

  constructor(
    room: Room,
    peer: Peer,
    cursor: number,
    response: ServerResponse,
    limits: ReaderLimits,
    clock: Clock,
  ) {
    this.room = room;
    this.peer = peer;
    this.#cursor = cursor;
    this.#response = response;
    this.#limits = limits;
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#pingedAt = this.#openedAt;
  }

  start(): void {
    this.#response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    this.#response.setHeader('Cache-Control', 'no-store, no-transform');
    this.#response.setHeader('X-Accel-Buffering', 'no'); // a buffering proxy would hold events back
    this.#response.writeHead(200);
    this.#response.on('drain', () => {
      this.#blockedSince = undefined;
      this.pump();
    });
    this.#write(': welcome\n\n');
    this.pump();
  }

  /** Writes the records this peer has not had, until there are none or the connection is full. */
  pump(): void {
    if (this.#response.writableEnded) return;
    if (this.peer.lostUpTo > this.#cursor) {
      this.end('lost');
      return;
    }
    while (this.#blockedSince === undefined && this.#cursor < this.room.newest) {
      this.#cursor = this.room.after(this.#cursor);
      const event = this.room.read(this.#cursor, this.peer);
      if (event !== undefined) this.#write(event);
    }
  }

  /** Pings when it is time, and ends a stream that is not read or has lived long enough. */
  tick(): void {
    const now = this.#clock.now();
    if (this.#blockedSince !== undefined) {
      if (now - this.#blockedSince >= this.#limits.peerTimeout) this.#response.destroy();
      return;
    }
    if (now - this.#openedAt >= this.#limits.streamLife) this.#response.end();
    else if (now - this.#pingedAt >= this.#limits.pingInterval) {
      this.#pingedAt = now;
      this.#write(': ping\n\n');
    }
  }

  /** Ends the stream: `lost` and `closed` tell the peer not to come back, `replaced` that it has. */
  end(why: 'lost' | 'closed' | 'replaced'): void {
    if (this.#response.writableEnded) return;
    if (why === 'replaced') this.#response.destroy();
    else this.#response.end(`event: ${why}\ndata: {}\n\n`);
  }

  #write(text: string): void {
    if (!this.#response.write(text)) this.#blockedSince ??= this.#clock.now();
  }
}
