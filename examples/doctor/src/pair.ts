// Two connections of this process that are told of each other in memory: what becomes of them shows which paths work.
import { once } from 'node:events';
import { connectionTrouble, type RTCConfiguration, type RTCIceCandidate, RTCPeerConnection } from 'millrace';
import type { ConnectionFinding } from './findings.ts';

export interface PairPlan {
  readonly name: ConnectionFinding['name'];
  readonly url?: string;
  readonly configuration: RTCConfiguration;
  /** Which candidates the two may tell each other; all of them by default. */
  readonly passes?: (candidate: string) => boolean;
}

const MESSAGE = 'are you there?';
/** Milliseconds that an open connection may take to choose its pair. */
const CHOOSING = 5_000;

/** `patience` in milliseconds; `gathered` hears of every candidate of the first connection. */
export async function tryPair(
  { name, url, configuration, passes = () => true }: PairPlan,
  patience: number,
  gathered: (candidate: RTCIceCandidate) => void = () => {},
): Promise<ConnectionFinding> {
  const [near, far] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
  const who = { name, ...(url === undefined ? {} : { url }) };
  const { promise: late, resolve: giveUp } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => giveUp('late'), patience);
  near.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate?.candidate) gathered(candidate);
  });
  tell(near, far, passes);
  tell(far, near, passes);
  try {
    const channel = near.createDataChannel('doctor');
    far.ondatachannel = ({ channel: other }) => {
      other.onmessage = ({ data }) => other.send(data as string);
    };
    const returned = once(channel, 'message');
    returned.catch(() => {});
    await near.setLocalDescription();
    await far.setRemoteDescription(told(near, passes));
    await far.setLocalDescription();
    await near.setRemoteDescription(told(far, passes));
    const opened = channel.ready.then(
      () => 'open' as const,
      () => 'late' as const,
    );
    if ((await Promise.race([opened, late])) === 'open') {
      channel.send(MESSAGE);
      if ((await Promise.race([returned, late])) !== 'late')
        return { ...who, works: true, ...(await described(near)) };
    }
    return { ...who, works: false, trouble: await troubleOf(near) };
  } finally {
    clearTimeout(timer);
    near.close();
    far.close();
  }
}

/** Of a connection that is open: how long it took, and which pair won. */
export async function described(
  pc: RTCPeerConnection,
): Promise<Pick<ConnectionFinding, 'milliseconds' | 'phases' | 'local' | 'remote'>> {
  const ice = pc.sctp?.transport.iceTransport;
  // The other side's messages may be here before our own checks are answered.
  if (ice && !ice.getSelectedCandidatePair())
    await once(ice, 'selectedcandidatepairchange', { signal: AbortSignal.timeout(CHOOSING) }).catch(() => {});
  const { created, gatheringStarted, iceConnected, dtlsConnected, sctpConnected, firstChannelOpen } =
    pc.timings;
  const marks = [created, gatheringStarted, iceConnected, dtlsConnected, firstChannelOpen ?? sctpConnected];
  const lasted = marks.slice(1).map((mark, i) => Math.max(0, (mark ?? 0) - (marks[i] ?? 0)));
  const [candidates = 0, path = 0, encryption = 0, channel = 0] = lasted;
  const pair = ice?.getSelectedCandidatePair();
  return {
    milliseconds: (marks.at(-1) ?? created) - created,
    phases: { candidates, path, encryption, channel },
    ...(pair ? { local: placeOf(pair.local), remote: placeOf(pair.remote) } : {}),
  };
}

export async function troubleOf(pc: RTCPeerConnection): Promise<{ code: string; message: string }> {
  const unknown = {
    code: 'UNKNOWN',
    message: 'the time was not enough, and nothing shows what it was spent on',
  };
  return connectionTrouble(await pc.getStats()) ?? unknown;
}

function placeOf({ type, address, port }: RTCIceCandidate): string {
  return `${type} ${address?.includes(':') ? `[${address}]` : address}:${port}`;
}

function tell(from: RTCPeerConnection, to: RTCPeerConnection, passes: (candidate: string) => boolean): void {
  from.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate && !passes(candidate.candidate)) return;
    // One that cannot be used is no loss: there are others.
    to.addIceCandidate(candidate?.toJSON()).catch(() => {});
  });
}

/** The description with those of its candidates that may pass. */
function told(
  { localDescription }: RTCPeerConnection,
  passes: (candidate: string) => boolean,
): { type: 'offer' | 'answer'; sdp: string } {
  const { type, sdp } = localDescription!;
  const lines = sdp.split('\r\n').filter((line) => !line.startsWith('a=candidate:') || passes(line.slice(2)));
  return { type: type as 'offer' | 'answer', sdp: lines.join('\r\n') };
}
