import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from '@millrace/example-send-file/testing/command';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const INVITATION = /'(http:\S+)'/;

function run(t: TestContext, ...args: string[]): Command {
  const command = new Command(MAIN, args, tmpdir());
  t.after(() => command.child.kill('SIGKILL'));
  return command;
}

describe('chat', () => {
  test('carries lines between three people, says who comes and goes, and exits 0', async (t) => {
    const ada = run(t, '--serve', '--host', '127.0.0.1', '--name', 'Ada');
    const invitation = await ada.printed(INVITATION);
    const grace = run(t, invitation, '--name', 'Grace');
    await Promise.all([ada.printed(/Grace is here/), grace.printed(/Ada is here/)]);
    const piped = run(t, invitation, '--name', '\u001b[31mPipe');
    piped.child.stdin!.end('first \u001b[2Jline\nsecond line\n');
    assert.equal((await piped.ended).code, 0);
    for (const someone of [ada, grace]) {
      await someone.printed(/\* Pipe has left\n/);
      assert.equal(someone.stdout.includes('\u001b'), false, 'colours are for terminals');
      assert.match(someone.stdout, /\* Pipe is here\nPipe first line\nPipe second line\n/);
    }
    ada.child.stdin!.write('/who\n/nonsense\n');
    await ada.printed(/\* here: Ada \(you\), Grace \(connected\)\n\* there is no \/nonsense/);
    grace.child.stdin!.write('bye\n/quit\n');
    await ada.printed(/Grace bye\n\* Grace has left\n/);
    assert.equal((await grace.ended).code, 0);
    ada.child.stdin!.write('anybody?\n');
    await ada.printed(/nobody is here to hear that/);
    ada.child.kill('SIGINT');
    assert.equal((await ada.ended).code, 0);
  });

  test('goes on among those who are here when the signaling server is gone', async (t) => {
    const ada = run(t, '--serve', '--host', '127.0.0.1', '--name', 'Ada');
    const invitation = await ada.printed(INVITATION);
    const [grace, edsger] = [run(t, invitation, '--name', 'Grace'), run(t, invitation, '--name', 'Edsger')];
    await Promise.all([
      ada.printed(/Grace is here/),
      ada.printed(/Edsger is here/),
      grace.printed(/Edsger is here/),
      edsger.printed(/Grace is here/),
    ]);
    ada.child.stdin!.end();
    assert.equal((await ada.ended).code, 0);
    await Promise.all([grace.printed(/Ada has left/), grace.printed(/nobody else can come in/)]);
    grace.child.stdin!.write('still here?\n');
    await edsger.printed(/Grace still here\?\n/);
    grace.child.stdin!.end();
    edsger.child.stdin!.end();
    assert.deepEqual([(await grace.ended).code, (await edsger.ended).code], [0, 0]);
  });

  test('exits 2 on wrong usage, 1 without a server, 0 on --help', async (t) => {
    const runs = [[], ['nowhere'], ['--nonsense'], ['--url', 'http://127.0.0.1:9'], ['--help']].map((args) =>
      run(t, ...args),
    );
    const ended = await Promise.all(runs.map((command) => command.ended));
    assert.deepEqual(
      ended.map(({ code }) => code),
      [2, 2, 2, 1, 0],
    );
    assert.match(
      ended[3]!.stderr,
      /^millrace-chat: the signaling server cannot be reached \(http:\/\/127\.0\.0\.1:9\)\n$/,
    );
    assert.match(ended[4]!.stdout, /^Usage: npm run chat -- /);
  });
});
