// A number that leads to a room, short enough to be said: the room's name is made from it. Whoever has the number gets in,
// so what is said there has to be guarded by other means.
import { randomInt } from 'node:crypto';
import { ALPHABET, ROOM_LENGTH } from './token.ts';

/** The most that a number has of digits. */
const MAX_DIGITS = 6;
/** Numbers drawn of each length before longer ones are. */
const DRAWS = 4;
/** Random names begin with this and so many digits after it once in 2^60. */
const PREFIX = 'number';
const NUMBER = new RegExp(`^[1-9]\\d{0,${MAX_DIGITS - 1}}$`);

export function isNameplate(text: string): boolean {
  return NUMBER.test(text);
}

/** The name of its room. */
export function roomOf(nameplate: string): string {
  let word = '';
  for (let rest = Number(nameplate); word.length < ROOM_LENGTH - PREFIX.length; rest = Math.floor(rest / 32))
    word = ALPHABET[rest % 32] + word;
  return PREFIX + word;
}

/** Numbers to try, short ones first. */
export function* drawNameplates(): Generator<string> {
  for (let digits = 1; digits <= MAX_DIGITS; digits++)
    for (let draw = 0; draw < DRAWS; draw++) yield String(randomInt(10 ** (digits - 1), 10 ** digits));
}
