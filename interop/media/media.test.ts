// Audio and video with real browsers: Chromium sends its made-up camera and microphone to millrace, which forwards
// them to a second page, whose <video> plays. What is claimed is what the page sees.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimed } from '../harness/claimed.ts';
import { interopOptions } from '../harness/options.ts';
import { withPeer } from '../harness/peer-here.ts';
import { decoded, ffmpegVersion, record as makeRecording } from '../recording/media.ts';
import {
  type BrowserPage,
  browserVersion,
  launchChromium,
  launchFirefox,
  type MediaBrowser,
  missingChromium,
  missingFirefox,
} from './browser.ts';
import { Forwarder } from './forwarder.ts';
import {
  acceptAnswer,
  answerAndPlay,
  brightness,
  type CameraWish,
  offerCamera,
  type Playback,
  playback,
} from './in-page.ts';
import { Player, recorded } from './recorder.ts';

const PEER = 'media';
const PATIENCE = 400_000; // ms
const PLAY_PATIENCE = 150_000; // ms
const ENOUGH_FRAMES = 30;

const CAMERA: CameraWish = { width: 640, height: 480, rids: [], codec: '' };

const options = interopOptions();
const reason =
  options.subject === 'millrace' ? missingChromium() : `only millrace forwards, not ${options.subject}`;

withPeer(PEER, reason === undefined ? browserVersion() : undefined, reason, cases);

function cases(): void {
  describe(`media with Chromium ${browserVersion()}`, () => {
    let browser: MediaBrowser;
    before(
      async () => {
        browser = await launchChromium();
      },
      { timeout: PATIENCE },
    );
    after(() => browser.close(), { timeout: PATIENCE });

    claim('a page plays the camera and the microphone of another, forwarded', async () => {
      await forwarded(browser, CAMERA, async (page) => {
        await seenAndHeard(page, await played(page, true, 640, 480));
      });
    });

    claim('of simulcast each layer is known by its rid, and the one that is forwarded plays', async () => {
      await paged(browser, async (sending, playing, forwarder) => {
        const camera = { ...CAMERA, width: 1280, height: 720, rids: ['f', 'h', 'q'], codec: 'video/VP8' };
        const answer = await forwarder.answer(await sending.evaluate(offerCamera, camera));
        await sending.evaluate(acceptAnswer, answer);
        const { offer, rids } = await forwarder.offerLayer('q');
        await forwarder.to.setRemoteDescription(await playing.evaluate(answerAndPlay, offer));
        await played(playing, false, 320, 180);
        for (let end = performance.now() + PLAY_PATIENCE; rids.size < 2; await sleep(100))
          assert.ok(performance.now() < end, `layers that came: ${[...rids]}`);
        for (const rid of rids) assert.ok(camera.rids.includes(rid ?? ''), String(rid));
      });
    });

    if (ffmpegVersion() !== undefined) {
      claim('a camera and a microphone are recorded into files that ffmpeg plays', async () => {
        await paged(browser, async (sending, _playing, forwarder) => {
          const camera = { ...CAMERA, codec: 'video/VP8' };
          const answer = await forwarder.answer(await sending.evaluate(offerCamera, camera));
          await sending.evaluate(acceptAnswer, answer);
          const { video, audio } = await recorded(forwarder.from, ENOUGH_FRAMES * 2);
          const pictures = decoded('vp8', video);
          assert.ok(pictures.length >= ENOUGH_FRAMES, `${pictures.length} pictures`);
          assert.ok(new Set(pictures).size > 3, 'the picture moves');
          const sound = decoded('opus', audio);
          assert.ok(sound.length >= ENOUGH_FRAMES, `${sound.length} pieces of sound`);
          assert.ok(new Set(sound).size > 3, 'it is not silence');
        });
      });

      claim('a stream that ffmpeg has prepared plays in a page', async () => {
        await paged(browser, async (_sending, playing, forwarder) => {
          const player = new Player('video/VP8', makeRecording('vp8'));
          try {
            forwarder.to.addTransceiver(player.track, { direction: 'sendonly' });
            const answer = await playing.evaluate(answerAndPlay, await forwarder.offer());
            await forwarder.to.setRemoteDescription(answer);
            const { width, height, codec } = await played(playing, false);
            assert.deepEqual([width, height, codec], [320, 240, 'video/VP8']);
            await showsMore(playing, 10);
          } finally {
            player.stop();
          }
        });
      });
    }

    const noFirefox = missingFirefox();
    if (noFirefox === undefined)
      claim('a page of Firefox is played by one of Chromium', async () => {
        const firefox = await launchFirefox();
        try {
          await forwarded(firefox, { ...CAMERA, codec: 'video/VP8' }, seenAndHeard, browser);
        } finally {
          await firefox.close();
        }
      });

    for (const codec of ['video/VP8', 'video/VP9', 'video/H264', 'video/AV1'])
      claim(`${codec} is forwarded`, async () => {
        await forwarded(browser, { ...CAMERA, codec }, async (_page, played) => {
          assert.equal(played.codec, codec);
        });
      });
  });
}

function claim(says: string, run: () => Promise<void>): void {
  if (!says.includes(options.scenario)) return;
  test(says, { timeout: PATIENCE }, () =>
    claimed({ peer: PEER, part: 'subject', claim: 'media', says }, run),
  );
}

async function seenAndHeard(page: BrowserPage, played: Playback): Promise<void> {
  // Firefox begins with a smaller picture than it was asked for.
  assert.ok(
    played.width >= 160 && played.width * 3 === played.height * 4,
    `${played.width} x ${played.height}`,
  );
  assert.ok(played.audioEnergy > 0, 'the microphone is heard');
  // Firefox's camera shows one colour, which changes; Chromium's shows a clock.
  await showsMore(page, 1);
}

/** The picture is not black, and its brightness is spread further than this: a picture that changes is so now and then. */
async function showsMore(page: BrowserPage, spread: number): Promise<void> {
  for (const end = performance.now() + PLAY_PATIENCE; ; await sleep(100)) {
    const { mean, deviation } = await page.evaluate(brightness, await page.screenshot());
    if (mean > 20 && deviation > spread) return;
    assert.ok(performance.now() < end, `the screenshot has mean ${mean}, deviation ${deviation}`);
  }
}

/** A page that sends, one that plays, and a forwarder. */
async function paged(
  browser: MediaBrowser,
  run: (sending: BrowserPage, playing: BrowserPage, forwarder: Forwarder) => Promise<void>,
  player: MediaBrowser = browser,
): Promise<void> {
  const [sending, playing] = [await browser.page(), await player.page()];
  const forwarder = new Forwarder();
  try {
    await run(sending, playing, forwarder);
  } finally {
    forwarder.close();
    await Promise.all([sending.close(), playing.close()]);
  }
}

/** The whole way, until the page has played a while. */
async function forwarded(
  browser: MediaBrowser,
  camera: CameraWish,
  check: (page: BrowserPage, played: Playback) => Promise<void>,
  player?: MediaBrowser,
): Promise<void> {
  await paged(
    browser,
    async (sending, playing, forwarder) => {
      const answer = await forwarder.answer(await sending.evaluate(offerCamera, camera));
      await sending.evaluate(acceptAnswer, answer);
      const answered = await playing.evaluate(answerAndPlay, await forwarder.offer());
      await forwarder.to.setRemoteDescription(answered);
      await check(playing, await played(playing, true));
    },
    player,
  );
}

/** What is seen when it has played a while, in this size if there is one: a stream may begin with a smaller picture. */
async function played(
  page: BrowserPage,
  hasSound: boolean,
  width?: number,
  height?: number,
): Promise<Playback> {
  const end = performance.now() + PLAY_PATIENCE;
  for (;;) {
    const now = await page.evaluate(playback);
    const hasSize = width === undefined || (now.width === width && now.height === height);
    const isHeard = !hasSound || now.audioEnergy > 0;
    if (now.framesDecoded >= ENOUGH_FRAMES && now.time > 0 && isHeard && hasSize) return now;
    assert.ok(performance.now() < end, `after ${PLAY_PATIENCE} ms: ${JSON.stringify(now)}`);
    await sleep(100);
  }
}
