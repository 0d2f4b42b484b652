// Short codes: found on the local network or on a signaling server that both know, good for one guess.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { startSignalingServer } from '@millrace/signaling/server';
import { namesBelow, type Workplace, workplace } from './programs.ts';

const CODE = / ([1-9]\d*-[a-z]+-[a-z]+)\b/;
/** Where mDNS goes, too: nowhere else. */
const HERE = ['--host', '127.0.0.1'];

/** Another of the codes with this number. */
const wrong = (code: string): string =>
  code.replace(/-.*/, code.endsWith('-zebra-zoo') ? '-zoo-zebra' : '-zebra-zoo');

async function withFile(t: Parameters<typeof workplace>[0]): Promise<Workplace> {
  const place = await workplace(t);
  await writeFile(place.path('x'), 'content');
  return place;
}

describe('a short code', () => {
  test('is found on the local network by its number', async (t) => {
    const place = await withFile(t);
    const sender = place.run('send', 'x', '--serve', ...HERE);
    const received = await place.run('receive', 'to', await sender.printed(CODE), ...HERE).ended;
    const sent = await sender.ended;
    assert.deepEqual([sent.code, received.code], [0, 0], sent.stderr + received.stderr);
    assert.deepEqual(await namesBelow(place.path('to')), ['x']);
  });

  test('is found on a signaling server, by either side, also in capitals and cut short', async (t) => {
    const place = await withFile(t);
    await using server = await startSignalingServer();
    const receiver = place.run('receive', 'to', '--url', server.url);
    const code = await receiver.printed(CODE);
    const short = code.toUpperCase().replace(/([A-Z]{4})[A-Z]*/g, '$1');
    const sent = await place.run('send', 'x', short, '--url', server.url).ended;
    const received = await receiver.ended;
    assert.deepEqual([sent.code, received.code], [0, 0], sent.stderr + received.stderr);
    const again = await place.run('send', 'x', code, '--url', server.url).ended;
    assert.equal(again.code, 5, 'its number is free again');
    assert.match(
      again.stderr,
      /^send: no code begins with \d+ \(any more\): ask the other side for another\n$/,
    );
  });

  test('that is wrong is refused, and spent: both sides are told, and it opens nothing afterwards', async (t) => {
    const place = await withFile(t);
    await using server = await startSignalingServer();
    const sender = place.run('send', 'x', '--url', server.url);
    const code = await sender.printed(CODE);
    const guesser = await place.run('receive', 'to', wrong(code), '--url', server.url).ended;
    assert.equal(guesser.code, 5);
    assert.equal(
      guesser.stderr,
      'receive: the code is not right, and it is spent now: ask the other side for another\n',
    );
    const sent = await sender.ended;
    assert.equal(sent.code, 5);
    assert.equal(
      sent.stderr,
      'send: somebody gave a wrong code, which is spent now: start again for another\n',
    );
    const right = await place.run('receive', 'to', code, '--url', server.url).ended;
    assert.deepEqual([right.code, right.stdout], [5, '']);
    await assert.rejects(namesBelow(place.path('to')));
  });

  test('with a word that is in no code costs nothing', async (t) => {
    const place = await withFile(t);
    await using server = await startSignalingServer();
    const sender = place.run('send', 'x', '--url', server.url);
    const code = await sender.printed(CODE);
    const mistyped = await place.run('receive', 'to', code.replace(/-[a-z]+$/, '-qqqq'), '--url', server.url)
      .ended;
    assert.deepEqual(
      [mistyped.code, mistyped.stderr.split('\n', 1)[0]],
      [2, "receive: 'qqqq' is not a word that codes are made of; nothing was tried"],
    );
    const received = await place.run('receive', 'to', code, '--url', server.url).ended;
    assert.deepEqual([received.code, (await sender.ended).code], [0, 0], received.stderr);
  });

  test('goes with no other way to meet', async (t) => {
    const { run } = await withFile(t);
    for (const args of [
      ['--serve'],
      ['--ice', 'x'],
      [`http://x/rooms/${'a'.repeat(16)}#${'b'.repeat(40)}`],
    ]) {
      const { code, stderr } = await run('receive', '4-zebra-zoo', ...args).ended;
      assert.equal(code, 2, stderr);
    }
    const nothing = await run('receive', 'to').ended;
    assert.deepEqual([nothing.code, nothing.stderr.split(':')[1]], [2, ' say where to meet']);
  });
});
