// @millrace/srtp against ffmpeg, whose SRTP is its own: the profiles with AES in counter mode, both ways. GCM it has not.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SrtpProfile } from '@millrace/srtp';
import { freePort } from '../harness/free-port.ts';
import {
  checkSilence,
  FIRST_SEQUENCE,
  HOST,
  keyAndSalt,
  keysOf,
  MediaEnd,
  PACKETS,
  PAYLOAD_BYTES,
  PAYLOAD_TYPE,
  SSRC,
  until,
} from '../media/end.ts';
import { Program, versionOf } from '../media/program.ts';
import { type MediaCase, mediaSuite } from '../media/suite.ts';

/** Under the name of RFC 4568 its second suite has short tags for RTCP, too; under this one as RFC 5764 §4.1.2 says. */
const SUITES = [
  ['aes128-cm-hmac-sha1-80', 'AES_CM_128_HMAC_SHA1_80'],
  ['aes128-cm-hmac-sha1-32', 'SRTP_AES128_CM_HMAC_SHA1_32'],
] as const satisfies ReadonlyArray<readonly [SrtpProfile, string]>;

const version = versionOf('ffmpeg', '-version');

mediaSuite('ffmpeg', version, version === undefined ? 'ffmpeg is not installed' : undefined, () =>
  SUITES.flatMap(([profile, suite]): MediaCase[] => [
    {
      title: `RTP and RTCP of ${profile}, sent by ffmpeg`,
      sender: 'peer',
      run: () => receives(profile, suite),
    },
    { title: `RTP of ${profile}, sent by millrace`, sender: 'millrace', run: () => sends(profile, suite) },
  ]),
);

async function receives(profile: SrtpProfile, suite: string): Promise<void> {
  const keys = keysOf(profile);
  const end = await MediaEnd.open(keys);
  const [rtp, rtcp] = [end.rtp.address().port, end.rtcp.address().port];
  const program = new Program('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-re', '-f', 'lavfi', '-i', 'anullsrc=r=8000:cl=mono'],
    ...['-af', `asetnsamples=${PAYLOAD_BYTES}`, '-frames:a', String(PACKETS), '-c:a', 'pcm_alaw'],
    ...[
      '-f',
      'rtp',
      '-payload_type',
      String(PAYLOAD_TYPE),
      '-ssrc',
      String(SSRC),
      '-seq',
      String(FIRST_SEQUENCE),
    ],
    ...['-srtp_out_suite', suite, '-srtp_out_params', keyAndSalt(keys).toString('base64')],
    `srtp://${HOST}:${rtp}?rtcpport=${rtcp}&pkt_size=${12 + PAYLOAD_BYTES}`,
  ]);
  try {
    const seen = (): string => `${end.packets.length} packets, ${end.drops}\n${program.output}`;
    await until('all packets have come', () => end.packets.length >= PACKETS, seen);
    checkSilence(end);
    await until('a report has come', () => end.reports.length > 0, seen);
    for (const report of end.reports) {
      assert([200, 203].includes(report[1]!), `a packet of type ${report[1]}`);
      assert.equal(report.readUInt32BE(4), SSRC);
    }
  } finally {
    program.kill();
    end.close();
  }
}

/** It writes what it receives to its output. */
async function sends(profile: SrtpProfile, suite: string): Promise<void> {
  const keys = keysOf(profile);
  const end = await MediaEnd.open(keys);
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'millrace-ffmpeg-'));
  const description = join(directory, 'session.sdp');
  writeFileSync(
    description,
    [
      'v=0',
      `o=- 0 0 IN IP4 ${HOST}`,
      's=millrace',
      `c=IN IP4 ${HOST}`,
      't=0 0',
      `m=audio ${port} RTP/SAVP ${PAYLOAD_TYPE}`,
      `a=crypto:1 ${suite} inline:${keyAndSalt(keys).toString('base64')}`,
      '',
    ].join('\r\n'),
  );
  const program = new Program('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-loglevel', 'debug', '-protocol_whitelist', 'file,rtp,srtp,udp,crypto'],
    ...['-analyzeduration', '0', '-probesize', '32', '-max_delay', '0', '-i', description],
    ...['-c:a', 'copy', '-flush_packets', '1', '-f', 'alaw', 'pipe:1'],
  ]);
  try {
    const expected: Buffer[] = [];
    const seen = (): string => `${program.stdout.length} bytes\n${program.output.slice(-2_000)}`;
    await until('it has its ports', () => program.output.includes('setting jitter buffer size'), seen);
    for (let i = 0; i < PACKETS; i++) {
      expected.push(end.sendRtp(FIRST_SEQUENCE + i, port).subarray(12));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const wanted = Buffer.concat(expected);
    await until('all of it has come out', () => program.stdout.length >= wanted.length, seen);
    assert.deepEqual(program.stdout, wanted);
  } finally {
    program.kill();
    end.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
