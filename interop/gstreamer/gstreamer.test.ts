// @millrace/srtp against the srtpenc and srtpdec elements of GStreamer, which are libsrtp: RTP and RTCP of all profiles,
// both ways. What it receives it sends back in the clear.

import assert from 'node:assert/strict';
import { PROFILES, type SrtpProfile } from '@millrace/srtp';
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
import { Program, succeeds, versionOf } from '../media/program.ts';
import { type MediaCase, mediaSuite } from '../media/suite.ts';

/** What GStreamer calls the cipher and the tags of RTP and RTCP; the tag of GCM belongs to the cipher. */
const NAMES: Readonly<Record<SrtpProfile, readonly [cipher: string, rtp: string, rtcp: string]>> = {
  'aes128-cm-hmac-sha1-80': ['aes-128-icm', 'hmac-sha1-80', 'hmac-sha1-80'],
  'aes128-cm-hmac-sha1-32': ['aes-128-icm', 'hmac-sha1-32', 'hmac-sha1-80'],
  'aead-aes-128-gcm': ['aes-128-gcm', 'null', 'null'],
  'aead-aes-256-gcm': ['aes-256-gcm', 'null', 'null'],
};

const version = versionOf('gst-launch-1.0', '--version');
const ELEMENTS = ['srtpenc', 'srtpdec', 'rtppcmapay', 'rtpbin', 'audiotestsrc', 'alawenc', 'udpsrc'];

function missing(): string | undefined {
  if (version === undefined) return 'gst-launch-1.0 is not installed (gstreamer1.0-tools)';
  const absent = ELEMENTS.filter((element) => !succeeds('gst-inspect-1.0', '--exists', element));
  return absent.length === 0
    ? undefined
    : `${absent.join(', ')} of GStreamer is not installed (gstreamer1.0-plugins-good and -bad)`;
}

mediaSuite('gstreamer', version, missing(), () =>
  (Object.keys(PROFILES) as SrtpProfile[]).flatMap((profile): MediaCase[] => [
    { title: `RTP and RTCP of ${profile}, sent by gstreamer`, sender: 'peer', run: () => receives(profile) },
    { title: `RTP and RTCP of ${profile}, sent by millrace`, sender: 'millrace', run: () => sends(profile) },
  ]),
);

async function receives(profile: SrtpProfile): Promise<void> {
  const keys = keysOf(profile);
  const [cipher, rtpTag, rtcpTag] = NAMES[profile];
  const end = await MediaEnd.open(keys);
  const program = gstLaunch(
    'rtpbin name=bin',
    `srtpenc name=enc key=${keyAndSalt(keys).toString('hex')}`,
    `rtp-cipher=${cipher} rtp-auth=${rtpTag} rtcp-cipher=${cipher} rtcp-auth=${rtcpTag}`,
    `audiotestsrc wave=silence is-live=true samplesperbuffer=${PAYLOAD_BYTES} num-buffers=${PACKETS}`,
    '! audio/x-raw,rate=8000,channels=1 ! alawenc',
    `! rtppcmapay pt=${PAYLOAD_TYPE} ssrc=${SSRC} seqnum-offset=${FIRST_SEQUENCE} ! bin.send_rtp_sink_0`,
    `bin.send_rtp_src_0 ! enc.rtp_sink_0 enc.rtp_src_0 ! udpsink host=${HOST} port=${end.rtp.address().port}`,
    'bin.send_rtcp_src_0 ! enc.rtcp_sink_0 enc.rtcp_src_0',
    `! udpsink host=${HOST} port=${end.rtcp.address().port} sync=false async=false`,
  );
  try {
    const seen = (): string => `${end.packets.length} packets, ${end.drops}\n${program.output}`;
    await until('all packets have come', () => end.packets.length >= PACKETS, seen);
    checkSilence(end);
    await until('a report has come', () => end.reports.length > 0, seen);
    for (const report of end.reports) {
      assert([200, 201].includes(report[1]!), `a packet of type ${report[1]}`);
      assert.equal(report.readUInt32BE(4), SSRC);
    }
  } finally {
    program.kill();
    end.close();
  }
}

async function sends(profile: SrtpProfile): Promise<void> {
  const keys = keysOf(profile);
  const [cipher, rtpTag, rtcpTag] = NAMES[profile];
  const end = await MediaEnd.open(keys, { clear: true });
  const [rtpPort, rtcpPort] = [await freePort(), await freePort()];
  const key = keyAndSalt(keys).toString('hex');
  const caps =
    `ssrc=(uint)${SSRC},payload=(int)${PAYLOAD_TYPE},roc=(uint)0,srtp-key=(buffer)${key},` +
    `srtp-cipher=(string)${cipher},srtp-auth=(string)${rtpTag},` +
    `srtcp-cipher=(string)${cipher},srtcp-auth=(string)${rtcpTag}`;
  const program = gstLaunch(
    'srtpdec name=dec',
    `udpsrc address=${HOST} port=${rtpPort} caps="application/x-srtp,media=(string)audio,clock-rate=(int)8000,`,
    `encoding-name=(string)PCMA,${caps}" ! dec.rtp_sink`,
    `dec.rtp_src ! udpsink host=${HOST} port=${end.rtp.address().port} sync=false async=false`,
    `udpsrc address=${HOST} port=${rtcpPort} caps="application/x-srtcp,${caps}" ! dec.rtcp_sink`,
    `dec.rtcp_src ! udpsink host=${HOST} port=${end.rtcp.address().port} sync=false async=false`,
  );
  try {
    const seen = (): string => `${end.packets.length} packets\n${program.output}`;
    await until('it is ready', () => program.output.includes('Setting pipeline to PLAYING'), seen);
    for (let i = 0; i < PACKETS; i++) {
      const plain = end.sendRtp(FIRST_SEQUENCE + i, rtpPort);
      await until(`packet ${i} is back`, () => end.packets.length > i, seen);
      assert.deepEqual(end.packets[i], plain);
    }
    for (let i = 0; i < 5; i++) {
      const plain = end.sendRtcp(rtcpPort);
      await until(`report ${i} is back`, () => end.reports.length > i, seen);
      assert.deepEqual(end.reports[i], plain);
    }
  } finally {
    program.kill();
    end.close();
  }
}

function gstLaunch(...parts: string[]): Program {
  // Words of a pipeline are arguments, but for what stands in quotes.
  const words = parts.join(' ').match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  return new Program(
    'gst-launch-1.0',
    words.map((word) => word.replaceAll('"', '')),
  );
}
