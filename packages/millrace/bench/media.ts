// `node --expose-gc --conditions=@millrace/source media.ts [--packets N] [--receivers N]`: what a forwarder spends on
// each packet of 1200 bytes, without sockets: SRTP opened, the chain, the track, and for each receiver rewritten,
// through its chain, and sealed. Time and bytes of V8's heap, on each back end.
import { randomFillSync } from 'node:crypto';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { srtpCryptos } from '@millrace/crypto';
import { loadNative } from '@millrace/native';
import { ExtensionMap, writeRtpHeader } from '@millrace/rtp';
import { PROFILES, type SrtpCryptos, type SrtpProfile } from '@millrace/srtp';
import type { MediaHost } from '../src/media/media-host.ts';
import { RtpPath } from '../src/media/media-path.ts';
import { Numbering } from '../src/media/numbering.ts';
import { ReceiverCore } from '../src/media/receiver.ts';
import { SenderCore } from '../src/media/sender.ts';
import { MediaStreamTrack } from '../src/media/track.ts';
import { TransceiverCore } from '../src/media/transceiver.ts';
import { now } from '../src/transport/alarm.ts';
import '../src/transport/driver.ts'; // has parts of arrays copied without views

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '200000' },
    receivers: { type: 'string', default: '1' },
  },
});
const PACKETS = Number(values.packets);
const RECEIVERS = Number(values.receivers);
const PACKET_BYTES = 1200;
const OUT = loadNative()?.slab(2048) ?? new Uint8Array(2048);
const random = { fill: (bytes: Uint8Array) => void randomFillSync(bytes) };

function host(): MediaHost & { path: RtpPath } {
  return {
    path: new RtpPath({ cname: 'bench', random, wallClockOffset: 0 }),
    transport: undefined as never,
    cname: 'bench',
    isClosed: false,
    hasPath: true,
    wake: () => {},
    onNeedsNegotiation: () => {},
    stats: () => new Map(),
  };
}

function secure(path: RtpPath, profile: SrtpProfile, cryptos: SrtpCryptos): void {
  const { id, keyBytes, saltBytes } = PROFILES[profile];
  const [localKey, remoteKey] = [new Uint8Array(keyBytes), new Uint8Array(keyBytes)];
  const [localSalt, remoteSalt] = [new Uint8Array(saltBytes), new Uint8Array(saltBytes)];
  path.secure({ profile: id, localKey, localSalt, remoteKey, remoteSalt }, cryptos);
}

/** What has been negotiated everywhere. */
const rtp = new TransceiverCore(host(), { kind: 'video', direction: 'sendrecv' }).describe(new Numbering());

function sender(track: MediaStreamTrack, profile: SrtpProfile, cryptos: SrtpCryptos): SenderCore {
  const core = new SenderCore('video', host(), []);
  secure(core.host.path, profile, cryptos);
  core.negotiate('0', rtp);
  core.setTrack(track);
  return core;
}

function drain(path: RtpPath): number {
  let bytes = 0;
  const at = now();
  for (let length = path.transmit(OUT, 0, OUT.length, at); length > 0; ) {
    bytes = length;
    length = path.transmit(OUT, 0, OUT.length, at);
  }
  return bytes;
}

for (const profile of ['aead-aes-128-gcm', 'aes128-cm-hmac-sha1-80'] as const) {
  for (const [name, cryptos] of [
    ['native', loadNative()?.srtp],
    ['portable', srtpCryptos],
  ] as const) {
    if (!cryptos) continue;
    const camera = new MediaStreamTrack({ kind: 'video' });
    const from = sender(camera, profile, cryptos);
    const forwarder = host();
    secure(forwarder.path, profile, cryptos);
    const receiver = new ReceiverCore('video', forwarder);
    receiver.negotiate('0', rtp, rtp);
    const ids = new ExtensionMap(rtp.extensions.map(({ id, uri }) => [id, uri] as const));
    forwarder.path.setSections([receiver.section!], ids);
    const to = Array.from({ length: RECEIVERS }, () => sender(receiver.track, profile, cryptos));
    const packet = new Uint8Array(PACKET_BYTES);
    let index = 0;
    const turn = (): void => {
      index++;
      writeRtpHeader(packet, 0, PACKET_BYTES, true, 96, index & 0xffff, index * 3000, 1);
      camera.writeRtp(packet);
      const length = drain(from.host.path);
      const started = performance.now();
      forwarder.path.receive(OUT, 0, length, now());
      for (let i = 0; i < to.length; i++) drain(to[i]!.host.path);
      spent += performance.now() - started;
    };
    let spent = 0;
    for (let i = 0; i < 20_000; i++) turn();
    globalThis.gc?.();
    const before = allocated();
    spent = 0;
    for (let i = 0; i < PACKETS; i++) turn();
    const perPacket = (allocated() - before) / PACKETS;
    console.log(
      `${profile.padEnd(24)} ${name.padEnd(9)} ${RECEIVERS} receivers: ${((spent / PACKETS) * 1000).toFixed(2)} us a packet in all,` +
        ` ${perPacket.toFixed(1)} B of heap (the measurement's own and the camera's included)`,
    );
  }
}

function allocated(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}
