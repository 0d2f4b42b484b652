// Who is there, in no order: what stands in for a Set whose members come and go while the Set itself stays.
//
// A Set makes a new table each time that deletions have filled its old one, and leaves in the old table both its last
// members and the way to the new one. Once one such table is old by V8's measure, all that come after it are reached
// from it until the next full collection, with every member they had in their last moments: connections long closed
// among them. An array has no such past.

/** One member's place in a roster. */
export interface Enrolment<T> {
  readonly member: T;
}

interface Seat<T> extends Enrolment<T> {
  place: number;
}

export class Roster<T> {
  readonly #seats: Array<Seat<T>> = [];

  get size(): number {
    return this.#seats.length;
  }

  /** May be in it more than once: each enrolment counts. */
  enrol(member: T): Enrolment<T> {
    const seat: Seat<T> = { member, place: this.#seats.length };
    this.#seats.push(seat);
    return seat;
  }

  /** False if it had been struck off before. */
  strike(enrolment: Enrolment<T>): boolean {
    const seat = enrolment as Seat<T>;
    const { place } = seat;
    if (this.#seats[place] !== seat) return false;
    const last = this.#seats.pop()!;
    if (last !== seat) {
      this.#seats[place] = last;
      last.place = place;
    }
    return true;
  }

  /** Those who are there now, whoever comes or goes while they are walked through. */
  members(): T[] {
    return this.#seats.map(({ member }) => member);
  }
}
