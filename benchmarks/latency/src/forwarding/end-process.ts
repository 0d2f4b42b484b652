// The process of the sender, or that of all receivers. Both are millrace with its native parts whatever forwards, so
// that runs differ by the forwarder alone. The sender has a second connection, straight to the receivers' process: a
// packet's arrival there is what its arrival through the forwarder is compared with.
import { type RTCPeerConnection as Connection, MediaStreamTrack, RTCPeerConnection } from 'millrace';
import { Arrivals } from './arrivals.ts';
import { described, whenConnected } from './description.ts';
import type { EndArguments, FromEnd, ToEnd } from './messages.ts';
import { sendFrames } from './send-frames.ts';

const { role, settings } = JSON.parse(process.argv[2]!) as EndArguments;
const receivers = settings.receivers!;
const direct = receivers + 1;
const connections = new Map<number, Connection>();
const say = (message: FromEnd): void => void process.send?.(message);

process.on('SIGINT', () => {}); // the parent decides what follows
process.on('disconnect', () => process.exit(0));

const handle = role === 'sender' ? sender() : receiving();
process.on('message', (message: ToEnd) => {
  if (message.type === 'exit') {
    for (const pc of connections.values()) pc.close();
    process.disconnect?.();
    return;
  }
  handle(message).catch((error: unknown) => {
    say({ type: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  });
});

function connect(connection: number): Connection {
  const pc = new RTCPeerConnection({ millrace: { loopback: true } });
  connections.set(connection, pc);
  void whenConnected(pc).then(() => say({ type: 'connected', connection }));
  return pc;
}

function sender(): (message: ToEnd) => Promise<void> {
  const track = new MediaStreamTrack({ kind: 'video' });
  const offer = async (connection: number): Promise<void> => {
    const pc = connect(connection);
    pc.addTransceiver(track, { direction: 'sendonly' });
    await pc.setLocalDescription();
    say({ type: 'signal', connection, description: await described(pc) });
  };
  const offered = Promise.all([offer(0), offer(direct)]);
  return async (message) => {
    await offered;
    if (message.type === 'signal')
      await connections.get(message.connection)!.setRemoteDescription(message.description);
    if (message.type !== 'go') return;
    const [codec] = connections.get(0)!.getSenders()[0]!.getParameters().codecs;
    await sendFrames(track, codec!.payloadType, settings, () => say({ type: 'measuring' }));
    say({ type: 'sent', packets: settings.packets! });
  };
}

function receiving(): (message: ToEnd) => Promise<void> {
  const arrivals = new Arrivals(settings);
  return async (message) => {
    if (message.type === 'report') say({ type: 'report', report: arrivals.report() });
    if (message.type !== 'signal') return;
    const { connection, description } = message;
    const pc = connect(connection);
    const lane = connection === direct ? 0 : connection;
    pc.ontrack = ({ track }) => {
      track.onrtp = (packet) => arrivals.note(lane, packet.bytes, packet.headerEnd);
    };
    await pc.setRemoteDescription(description);
    await pc.setLocalDescription();
    say({ type: 'signal', connection, description: await described(pc) });
  };
}
