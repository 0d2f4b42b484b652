// Who wants to hear of news of which room, within this process.

export class Followers {
  readonly #byRoom = new Map<string, Set<() => void>>();
  readonly #onFirst: (room: string) => void;
  readonly #onNone: (room: string) => void;

  /** `onFirst` and `onNone` are told when somebody begins to follow a room that nobody did, and when the last one stops. */
  constructor(onFirst: (room: string) => void = () => {}, onNone: (room: string) => void = () => {}) {
    this.#onFirst = onFirst;
    this.#onNone = onNone;
  }

  add(room: string, onNews: () => void): () => void {
    let followers = this.#byRoom.get(room);
    if (!followers) {
      followers = new Set();
      this.#byRoom.set(room, followers);
      this.#onFirst(room);
    }
    followers.add(onNews);
    return () => {
      const held = this.#byRoom.get(room);
      if (!held?.delete(onNews) || held.size > 0) return;
      this.#byRoom.delete(room);
      this.#onNone(room);
    };
  }

  tell(room: string): void {
    for (const onNews of this.#byRoom.get(room) ?? []) onNews();
  }

  /** News may have been missed: everybody looks. */
  tellAll(): void {
    for (const room of [...this.#byRoom.keys()]) this.tell(room);
  }

  rooms(): IterableIterator<string> {
    return this.#byRoom.keys();
  }
}
