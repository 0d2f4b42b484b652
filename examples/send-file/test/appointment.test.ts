import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { openAppointment } from '../src/parcel/appointment.ts';

const WORDS = ['send', '/tmp/x'];
const MEETING = { port: 4567, room: 'a'.repeat(16), token: 'b'.repeat(40), secret: 'c'.repeat(16) };

describe('an appointment', () => {
  const state = mkdtempSync(join(tmpdir(), 'millrace-state-'));
  const before = process.env.XDG_STATE_HOME;
  process.env.XDG_STATE_HOME = state;
  const folder = join(state, 'millrace', 'appointments');
  const file = async (): Promise<string> => join(folder, (await readdir(folder)).sort()[0]!);

  const kept = async (): Promise<string> => {
    const appointment = await openAppointment(WORDS);
    await appointment.keep(MEETING);
    await appointment.release();
    return file();
  };
  beforeEach(() => rm(folder, { recursive: true, force: true }));

  test('is known again to the same words and to no others, until it is forgotten', async () => {
    const first = await openAppointment(WORDS);
    assert.equal(first.known, undefined);
    await first.keep(MEETING);
    await first.release();
    const other = await openAppointment(['send', '/tmp/y']);
    assert.equal(other.known, undefined);
    await other.release();
    const second = await openAppointment(WORDS);
    assert.deepEqual(second.known, MEETING);
    await second.forget();
    await second.release();
    assert.deepEqual(await readdir(folder), []);
  });

  test('can be read by nobody else', async () => {
    const path = await kept();
    if (process.platform === 'win32') return; // files have no such modes there
    assert.deepEqual([(await stat(folder)).mode & 0o777, (await stat(path)).mode & 0o777], [0o700, 0o600]);
  });

  test('is not shared with a process that runs, and not kept where nothing can be', async () => {
    const path = await kept();
    const holder = await openAppointment(WORDS);
    await writeFile(`${path}.lock`, String(process.ppid)); // somebody else who lives
    const second = await openAppointment(WORDS);
    assert.equal(second.known, undefined);
    await second.keep({ ...MEETING, port: 1 });
    await second.release();
    await holder.release();
    assert.deepEqual((await openAppointment(WORDS)).known, MEETING);
    process.env.XDG_STATE_HOME = '/dev/null';
    const nowhere = await openAppointment(WORDS);
    await nowhere.keep(MEETING);
    assert.equal(nowhere.known, undefined);
    process.env.XDG_STATE_HOME = state;
  });

  test('that is a day old, or damaged, is none', async () => {
    const path = await kept();
    for (const damaged of ['', '{', '[]', '{"room":"x"}', JSON.stringify({ ...MEETING, token: '../x' })]) {
      await writeFile(path, damaged);
      const opened = await openAppointment(WORDS);
      assert.equal(opened.known, undefined, damaged);
      await opened.release();
    }
    await writeFile(path, JSON.stringify(MEETING));
    const yesterday = Date.now() / 1000 - 25 * 3600;
    await utimes(path, yesterday, yesterday);
    assert.equal((await openAppointment(WORDS)).known, undefined);
  });

  after(async () => {
    if (before === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = before;
    await rm(state, { recursive: true });
  });
});
