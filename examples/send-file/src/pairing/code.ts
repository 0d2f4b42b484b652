// A code that people can say to each other: `4-abandon-zebra`. The number finds the other side and is public; the words
// are the secret. Two of 2048 words are 22 bits: one guess in 4,194,304 is right, and there is only one.
import { randomInt } from 'node:crypto';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { EXIT, Failure } from '../failure.ts';

/** The list of BIP 39: no two of its words begin with the same four letters. */
const WORDS: readonly string[] = wordlist;
const WORDS_IN_CODE = 2;
/** Letters that tell every longer word from every other. */
const ENOUGH_LETTERS = 4;

export interface Code {
  /** The number. */
  readonly nameplate: string;
  /** All of it, as both sides write it. */
  readonly text: string;
}

export function drawCode(nameplate: string): Code {
  const words = Array.from({ length: WORDS_IN_CODE }, () => WORDS[randomInt(WORDS.length)]!);
  return { nameplate, text: [nameplate, ...words].join('-') };
}

/** Takes it as people type it: in capitals, with spaces, words cut off behind the fourth letter. */
export function parseCode(typed: string): Code {
  const [nameplate = '', ...words] = typed
    .trim()
    .toLowerCase()
    .split(/[\s-]+/);
  if (!/^[1-9]\d{0,8}$/.test(nameplate) || words.length !== WORDS_IN_CODE)
    throw new Failure(
      `'${typed}' is no code: it is a number and ${WORDS_IN_CODE} words, as 4-piano-river`,
      EXIT.usage,
    );
  const full = words.map((word) => wordOf(word));
  return { nameplate, text: [nameplate, ...full].join('-') };
}

function wordOf(typed: string): string {
  const word = WORDS.includes(typed)
    ? typed
    : WORDS.find((each) => typed.length >= ENOUGH_LETTERS && each.startsWith(typed));
  if (word === undefined)
    throw new Failure(`'${typed}' is not a word that codes are made of; nothing was tried`, EXIT.usage);
  return word;
}
