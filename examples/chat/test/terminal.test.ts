// The chat on a terminal: a pseudo-terminal that Python's `pty` module makes, with people at it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const PATIENCE = 80_000; // ms
const HAS_PTY = spawnSync('python3', ['-c', 'import pty, termios']).status === 0;
const NO_PTY = 'needs python3 with its module pty';

/** Runs a program on a terminal of its own; what is between two NULs on standard input sets its size: ROWS,COLUMNS. */
const PTY = `
import fcntl, os, pty, select, struct, sys, termios
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
def resize(rows, columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
resize(24, 80)
inputs = [fd, 0]
while True:
    ready = select.select(inputs, [], [])[0]
    if 0 in ready:
        data = os.read(0, 4096)
        if not data: inputs = [fd]
        for i, part in enumerate(data.split(b'\\0')):
            if i % 2: resize(*map(int, part.split(b',')))
            elif part: os.write(fd, part)
    if fd in ready:
        try: data = os.read(fd, 4096)
        except OSError: break
        if not data: break
        os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

class Terminal {
  readonly ended: Promise<number | null>;
  /** Everything that has been written to it, escape codes among that. */
  text = '';
  readonly #child: ReturnType<typeof spawn>;
  #onText = Promise.withResolvers<void>();
  #isOver = false;

  constructor(t: TestContext, ...args: string[]) {
    const command = [process.execPath, '--conditions=@millrace/source', MAIN, ...args];
    const env: NodeJS.ProcessEnv = { ...process.env, TERM: 'xterm-256color' };
    for (const name of ['NO_COLOR', 'FORCE_COLOR', 'CI']) delete env[name]; // by which Node decides about colours
    this.#child = spawn('python3', ['-c', PTY, ...command], { cwd: tmpdir(), env });
    t.after(() => this.#child.kill('SIGKILL'));
    this.#child.stdout!.on('data', (chunk) => {
      this.text += String(chunk).replaceAll('\x1b', ESCAPE);
      this.#onText.resolve();
    });
    this.ended = once(this.#child, 'close').then(([code]) => {
      this.#isOver = true;
      this.#onText.resolve();
      return code as number | null;
    });
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  resize(rows: number, columns: number): void {
    this.#child.stdin!.write(`\0${rows},${columns}\0`);
  }

  /** What `pattern` finds behind all that was there before the last call, once it does. */
  async shows(pattern: RegExp): Promise<string> {
    const late = setTimeout(() => {
      this.#isLate = true;
      this.#onText.resolve();
    }, PATIENCE);
    try {
      return await this.#find(pattern);
    } finally {
      clearTimeout(late);
    }
  }

  async #find(pattern: RegExp): Promise<string> {
    while (true) {
      const found = pattern.exec(this.text.slice(this.#seen));
      if (found) {
        this.#seen += found.index + found[0].length;
        return found[1] ?? found[0];
      }
      if (this.#isOver || this.#isLate) {
        const how = this.#isOver ? 'ended' : `${PATIENCE} ms`;
        throw new Error(`${how} without ${pattern}: ${JSON.stringify(this.text)}`);
      }
      this.#onText = Promise.withResolvers();
      await this.#onText.promise;
    }
  }
  #seen = 0;
  #isLate = false;
}

/** What stands for the escape character in `Terminal.text`. */
const ESCAPE = '\u241b';
const ENTER = '\r';
const [CTRL_C, CTRL_D, BACKSPACE] = ['\x03', '\x04', '\x7f'];

test('on a terminal lines come in above what is being typed, and people leave with keys', {
  skip: HAS_PTY ? false : NO_PTY,
}, async (t) => {
  const ada = new Terminal(t, '--serve', '--host', '127.0.0.1', '--name', 'Ada');
  const invitation = await ada.shows(/'(http:\S+)'/);
  await ada.shows(/Ada \(alone\) > /);
  const grace = new Terminal(t, invitation, '--name', 'Grace');
  await ada.shows(/␛\[2m\* Grace is here␛\[22m\r\n[^\n]*Ada \(and 1\) > /);
  await grace.shows(/Grace \(and 1\) > /);
  const edsger = new Terminal(t, invitation, '--name', 'Edsger');
  await ada.shows(/Ada \(and 2\) > /);
  await grace.shows(/Grace \(and 2\) > /);
  await edsger.shows(/Edsger \(and 2\) > /);

  // Ada is in the middle of a line when somebody else says something: it is taken away, and comes back below.
  ada.type('half a li');
  await ada.shows(/li$/);
  grace.type(`hullo${BACKSPACE}${BACKSPACE}${BACKSPACE}${BACKSPACE}ello${ENTER}`);
  for (const other of [ada, edsger]) await other.shows(/␛\[\d+m␛\[1mGrace␛\[\S*m hello\r\n/);
  await ada.shows(/Ada \(and 2\) > half a li/);
  ada.type(`ne${ENTER}`);
  for (const other of [grace, edsger]) await other.shows(/Ada␛\[\S*m half a line\r\n/);

  // A line that is longer than a narrow terminal is taken away whole.
  ada.resize(10, 20);
  ada.type('x'.repeat(50));
  await ada.shows(/x{5}[^x]*$/);
  edsger.type(`look${ENTER}`);
  await ada.shows(/␛\[[1-9]A[^\n]*␛\[0J[^\n]*Edsger␛\[\S*m look\r\n/);
  await ada.shows(/x{5}/);
  ada.resize(24, 80);
  ada.type(ENTER);
  await grace.shows(/Ada␛\[\S*m x{50}\r\n/);

  edsger.type(CTRL_C);
  assert.equal(await edsger.ended, 0);
  for (const other of [ada, grace]) await other.shows(/\* Edsger has left/);
  grace.type(CTRL_D);
  assert.equal(await grace.ended, 0);
  await ada.shows(/\* Grace has left[^\n]*\r\n[^\n]*Ada \(alone\) > /);
  ada.type(`/quit${ENTER}`);
  assert.equal(await ada.ended, 0);
});
