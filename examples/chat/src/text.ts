// What other people wrote, made safe for a terminal.
import { stripVTControlCharacters } from 'node:util';

/** Characters of a message. */
export const MAX_TEXT = 4000;
/** Characters of a name. */
export const MAX_NAME = 32;

/** One line without anything that moves the cursor, changes colours or turns text around. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu, ' ')
    .slice(0, MAX_TEXT)
    .trim();
}

export function cleanName(name: string): string {
  return cleanText(name).replace(/\s+/g, ' ').slice(0, MAX_NAME).trim() || 'somebody';
}
