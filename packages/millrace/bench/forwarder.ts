// `node --conditions=@millrace/source forwarder.ts [--receivers N] [--bitrate BITS] [--seconds S] [--portable]`: a
// process of its own forwards one stream to N connections over loopback. Told: how long packets are on their way from
// the sender through the forwarder, and what share of a core the forwarder takes.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeRtpHeader } from '@millrace/rtp';
import { MediaStreamTrack, type RTCConfiguration, RTCPeerConnection } from 'millrace';

const { values } = parseArgs({
  options: {
    receivers: { type: 'string', default: '20' },
    bitrate: { type: 'string', default: '2000000' },
    seconds: { type: 'string', default: '10' },
    portable: { type: 'boolean', default: false },
  },
});
const CONFIGURATION: RTCConfiguration = {
  millrace: { loopback: true, addressFilter: (address) => address === '127.0.0.1', native: !values.portable },
};
const PACKET_BYTES = 1200;

type Message = {
  readonly send?: string;
  readonly watch?: string;
  readonly answer?: string;
  readonly cpu?: number;
};

if (process.send) forward();
else await measure();

async function answerTo(pc: RTCPeerConnection, sdp: string): Promise<string> {
  await pc.setRemoteDescription({ type: 'offer', sdp });
  await pc.setLocalDescription();
  return gathered(pc);
}

async function gathered(pc: RTCPeerConnection): Promise<string> {
  while (pc.iceGatheringState !== 'complete') await once(pc, 'icegatheringstatechange');
  return pc.localDescription?.sdp ?? '';
}

function forward(): void {
  const source = new RTCPeerConnection(CONFIGURATION);
  const all = [source];
  process.once('disconnect', () => process.exit()); // whoever measures has gone
  process.on('message', async ({ send, watch }: Message) => {
    if (send) process.send!({ answer: await answerTo(source, send) });
    else if (watch) {
      const pc = new RTCPeerConnection(CONFIGURATION);
      all.push(pc);
      pc.addTrack(source.getReceivers()[0]!.track);
      process.send!({ answer: await answerTo(pc, watch) });
    } else {
      const { user, system } = process.cpuUsage();
      process.send!({ cpu: user + system });
    }
  });
}

async function ask(child: ChildProcess, question: Message): Promise<Message> {
  child.send(question);
  const [answer] = (await once(child, 'message')) as [Message];
  return answer;
}

async function measure(): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2));
  const track = new MediaStreamTrack({ kind: 'video' });
  const sender = new RTCPeerConnection(CONFIGURATION);
  sender.addTransceiver(track, { direction: 'sendonly' });
  await sender.setLocalDescription();
  const { answer = '' } = await ask(child, { send: await gathered(sender) });
  await sender.setRemoteDescription({ type: 'answer', sdp: answer });
  const delays: number[] = [];
  const watchers: RTCPeerConnection[] = [];
  for (let i = 0; i < Number(values.receivers); i++) {
    const pc = new RTCPeerConnection(CONFIGURATION);
    watchers.push(pc);
    const { receiver } = pc.addTransceiver('video', { direction: 'recvonly' });
    receiver.track.onrtp = ({ bytes, headerEnd }) =>
      void delays.push(
        performance.now() - Buffer.from(bytes.buffer, bytes.byteOffset).readDoubleLE(headerEnd),
      );
    await pc.setLocalDescription();
    const reply = await ask(child, { watch: await gathered(pc) });
    await pc.setRemoteDescription({ type: 'answer', sdp: reply.answer ?? '' });
  }
  for (const pc of [sender, ...watchers])
    while (pc.connectionState !== 'connected') await once(pc, 'connectionstatechange');
  const packet = Buffer.alloc(PACKET_BYTES);
  const interval = (PACKET_BYTES * 8 * 1000) / Number(values.bitrate);
  const { payloadType } = sender.getSenders()[0]!.getParameters().codecs[0]!;
  let index = 0;
  const run = async (seconds: number): Promise<void> => {
    const start = performance.now();
    for (let sent = 0; sent < (seconds * 1000) / interval; sent++) {
      writeRtpHeader(packet, 0, PACKET_BYTES, true, payloadType, index & 0xffff, index * 90, 1);
      index++;
      packet.writeDoubleLE(performance.now(), 12);
      track.writeRtp(packet);
      const wait = start + (sent + 1) * interval - performance.now();
      if (wait > 0) await sleep(wait);
    }
  };
  await run(2);
  delays.length = 0;
  const from = [performance.now(), (await ask(child, {})).cpu ?? 0] as const;
  await run(Number(values.seconds));
  await sleep(100);
  const { cpu = 0 } = await ask(child, {});
  const share = (cpu - from[1]) / 1000 / (performance.now() - from[0]);
  delays.sort((a, b) => a - b);
  const at = (part: number): string => delays[Math.floor(delays.length * part)]!.toFixed(2);
  console.log(
    `${values.receivers} receivers of ${Number(values.bitrate) / 1e6} Mbit/s, ${values.portable ? 'portable' : 'native'}:` +
      ` ${delays.length} packets, delay ${at(0.5)} ms p50, ${at(0.99)} ms p99; ${(share * 100).toFixed(0)} % of a core`,
  );
  for (const pc of [sender, ...watchers]) pc.close();
  child.kill();
}
