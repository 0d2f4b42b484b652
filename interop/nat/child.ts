// One peer in its namespace: opens a connection as it is told, over signaling that its parent carries, and reports
// by which pair. The offerer sends some messages once its channel is open, and the answerer returns them.

import { setDefaultCACertificates } from 'node:tls';
import { type RTCConfiguration, type RTCIceCandidateInit, RTCPeerConnection } from 'millrace';

export interface Signal {
  readonly description?: { type: 'offer' | 'answer'; sdp: string };
  /** `null`: there are no more. */
  readonly candidate?: RTCIceCandidateInit | null;
}

export type ToPeer =
  | { readonly do: 'open'; isOfferer: boolean; configuration: RTCConfiguration; authority: string }
  | { readonly do: 'hear'; signal: Signal }
  | { readonly do: 'report' };

export type FromPeer =
  | { readonly tell: 'ready' }
  | { readonly tell: 'signal'; signal: Signal }
  | { readonly tell: 'open'; milliseconds: number }
  | { readonly tell: 'returned' }
  | { readonly tell: 'report'; report: PeerReport };

export interface PeerReport {
  /** Types of the selected pair's candidates, as this peer sees them: `relay/tcp` is its own relay, reached by TCP. */
  readonly local: string;
  readonly remote: string;
  readonly remoteAddress: string;
  /** How this peer reaches each of its relayed addresses. */
  readonly relays: Readonly<Record<string, string>>;
  /** For the reader of a failure. */
  readonly states: string;
  readonly candidates: readonly string[];
  readonly errors: readonly string[];
  readonly pairs: readonly string[];
}

const MESSAGES = 32;
const MESSAGE_BYTES = 4_096;

let pc: RTCPeerConnection;
let startedAt = 0;
const relays: Record<string, string> = {};
const candidates: string[] = [];
const errors: string[] = [];

function tell(message: FromPeer): void {
  process.send!(message);
}

process.on('disconnect', () => process.exit());
process.on('message', async (message: ToPeer) => {
  if (message.do === 'open') await open(message);
  else if (message.do === 'hear') await hear(message.signal);
  else tell({ tell: 'report', report: await report() });
});
tell({ tell: 'ready' });

async function open({ isOfferer, configuration, authority }: ToPeer & { do: 'open' }): Promise<void> {
  setDefaultCACertificates([authority]);
  startedAt = performance.now();
  pc = new RTCPeerConnection(configuration);
  pc.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate) {
      const { address, port, relayProtocol, type } = candidate;
      if (type === 'relay') relays[`${address} ${port}`] = `relay/${relayProtocol}`;
      candidates.push(candidate.candidate);
    }
    tell({ tell: 'signal', signal: { candidate: candidate ? candidate.toJSON() : null } });
  });
  pc.addEventListener('icecandidateerror', ({ url, errorCode, errorText }) => {
    errors.push(`${url} ${errorCode} ${errorText}`);
  });
  pc.addEventListener('datachannel', ({ channel }) => {
    channel.onmessage = ({ data }) => channel.send(data as ArrayBuffer);
    onOpen();
  });
  if (!isOfferer) return;
  const channel = pc.createDataChannel('first');
  channel.binaryType = 'arraybuffer';
  channel.onopen = () => {
    onOpen();
    for (let i = 0; i < MESSAGES; i++) channel.send(new Uint8Array(MESSAGE_BYTES).fill(i));
  };
  let returned = 0;
  channel.onmessage = ({ data }) => {
    const bytes = new Uint8Array(data as ArrayBuffer);
    if (bytes.length !== MESSAGE_BYTES || bytes.some((byte) => byte !== returned)) return;
    if (++returned === MESSAGES) tell({ tell: 'returned' });
  };
  await pc.setLocalDescription();
  tellDescription();
}

function onOpen(): void {
  tell({ tell: 'open', milliseconds: performance.now() - startedAt });
}

async function hear({ description, candidate }: Signal): Promise<void> {
  if (!description) return void (await pc.addIceCandidate(candidate ?? undefined));
  await pc.setRemoteDescription(description);
  if (description.type === 'answer') return;
  await pc.setLocalDescription();
  tellDescription();
}

function tellDescription(): void {
  const { type, sdp } = pc.localDescription!;
  tell({ tell: 'signal', signal: { description: { type: type as 'offer' | 'answer', sdp } } });
}

async function report(): Promise<PeerReport> {
  const stats = await pc.getStats();
  const all = [...stats.values()];
  const placeOf = (id: unknown): string => {
    const { address, port } = stats.get(id as string)!;
    return `${address} ${port}`;
  };
  const nameOf = (id: unknown): string => {
    const { candidateType, protocol } = stats.get(id as string)!;
    return relays[placeOf(id)] ?? `${candidateType}${protocol === 'tcp' ? '/tcp' : ''}`;
  };
  const transport = all.find(({ type }) => type === 'transport');
  const pair = stats.get(transport?.selectedCandidatePairId as string);
  return {
    local: pair ? nameOf(pair.localCandidateId) : 'none',
    remote: pair ? nameOf(pair.remoteCandidateId) : 'none',
    remoteAddress: pair ? placeOf(pair.remoteCandidateId) : 'none',
    relays,
    states: `${pc.connectionState}, ice ${pc.iceConnectionState}, gathering ${pc.iceGatheringState}`,
    candidates,
    errors,
    pairs: all
      .filter(({ type }) => type === 'candidate-pair')
      .map((each) => {
        const ends = [each.localCandidateId, each.remoteCandidateId];
        const [near, far] = ends.map((id) => `${nameOf(id)} ${placeOf(id)}`);
        return `${near} -> ${far}: ${each.state}${each.nominated ? ', nominated' : ''}`;
      }),
  };
}
