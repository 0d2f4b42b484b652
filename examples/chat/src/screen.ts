// Lines come in while a line is being typed: on a terminal the typed line is taken away, and comes back below.
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import { styleText } from 'node:util';

const COLOURS = ['cyan', 'green', 'yellow', 'magenta', 'blue', 'red'] as const;

export class Screen {
  /** Lines as they are entered. */
  readonly input: Interface;
  readonly #isTerminal: boolean = process.stdin.isTTY === true && process.stdout.isTTY === true;

  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.input = createInterface({
      input: process.stdin,
      terminal: this.#isTerminal,
      prompt: promptOf(name, 0),
      ...(this.#isTerminal && { output: process.stdout }),
    });
    this.input.pause();
  }

  get isTerminal(): boolean {
    return this.#isTerminal;
  }

  /** Begins to take input. */
  start(): void {
    this.input.resume();
    if (this.#isTerminal) this.input.prompt();
  }

  /** How many others are here: before the line that is being typed. */
  showPresent(others: number): void {
    this.input.setPrompt(promptOf(this.#name, others));
  }

  /** A line about the chat. */
  notice(text: string): void {
    this.#print(styleText('dim', `* ${text}`));
  }

  /** A line of the chat. */
  message(name: string, text: string): void {
    this.#print(`${styleText([colourOf(name), 'bold'], name)} ${text}`);
  }

  /** Shows an entered line as a message, in place of the prompt. */
  own(name: string, text: string): void {
    if (!this.#isTerminal) return;
    moveCursor(process.stdout, 0, -1);
    this.#print(`${styleText(['bold'], name)} ${text}`);
  }

  close(): void {
    this.input.close();
    if (!this.#isTerminal) return;
    cursorTo(process.stdout, 0);
    clearScreenDown(process.stdout);
  }

  #print(line: string): void {
    if (!this.#isTerminal) {
      process.stdout.write(`${line}\n`);
      return;
    }
    // The line being typed may have grown over several rows.
    moveCursor(process.stdout, 0, -this.input.getCursorPos().rows);
    cursorTo(process.stdout, 0);
    clearScreenDown(process.stdout);
    process.stdout.write(`${line}\n`);
    this.input.prompt(true);
  }
}

function promptOf(name: string, others: number): string {
  return others === 0 ? `${name} (alone) > ` : `${name} (and ${others}) > `;
}

/** The same name has the same colour for everybody. */
function colourOf(name: string): (typeof COLOURS)[number] {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)!) % 1_000_003;
  return COLOURS[sum % COLOURS.length]!;
}
